"""Routes of queries: with an upload, a URL, or an indexed picture."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, Path, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from imsearch.server.gate import Gate
from imsearch.server.parameters import QueryParameters
from imsearch.server.problems import refusals
from imsearch.server.schemas.answers import QueryAnswer
from imsearch.server.schemas.files import EXAMPLE_ID
from imsearch.types.probes import Indexed, Url

router = APIRouter(prefix="/v1", tags=["queries"])


class Address(BaseModel):
    """The web address of a probe."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"url": "https://example.org/pier.jpg"}]})

    url: Annotated[str, Field(max_length=2048, pattern="^[Hh][Tt][Tt][Pp][Ss]?://")]


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


GateDep = Annotated[Gate, Depends(_gate)]

ParametersDep = Annotated[QueryParameters, Query()]


@router.post("/query", summary="Ask with an upload", responses=refusals(400, 408, 409, 413, 422, 503))
async def query_upload(
    gate: GateDep,
    parameters: ParametersDep,
    picture: Annotated[UploadFile, File(description="A picture in any format that can be indexed.")],
) -> QueryAnswer:
    """The pictures of the library that are most like the one uploaded, best first."""
    return await gate.answer(picture, parameters)


@router.post("/query/url", summary="Ask with a picture on the web", responses=refusals(400, 408, 409, 413, 422, 503))
async def query_url(gate: GateDep, parameters: ParametersDep, address: Address) -> QueryAnswer:
    """The pictures of the library that are most like the one at a public http(s) address, best first."""
    return await gate.answer(Url(address.url), parameters)


@router.get(
    "/pictures/{id}/similar",
    summary="Ask with an indexed picture",
    responses=refusals(404, 409, 410, 422, 503),
)
async def query_indexed(
    gate: GateDep, parameters: ParametersDep, id: Annotated[str, Path(examples=[EXAMPLE_ID])]
) -> QueryAnswer:
    """The pictures of the library that are most like one of them, best first."""
    return await gate.answer(Indexed(id), parameters)
