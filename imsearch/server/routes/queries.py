"""Asking with a picture: an upload, a URL, or one that is indexed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, File, Path, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from imsearch.images.formats import FORMATS
from imsearch.search.fetch import fetch
from imsearch.server.problems import ProblemError, answers
from imsearch.server.schemas import ID, Found
from imsearch.server.served import Served, ServedDep
from imsearch.types.options import Filters
from imsearch.types.probes import Indexed

if TYPE_CHECKING:
    from imsearch.types.probes import ProbeLike

router = APIRouter(prefix="/v1", tags=["queries"])

MOST_HITS = 200

THREADS = 32
"""Queries that are worked on at a time: as many as the model may embed together."""


PREVIEW_SIDE = 640

Format = Annotated[str, Field(json_schema_extra={"enum": list(FORMATS)})]


class Parameters(BaseModel):
    """What a query asks for besides the probe."""

    model_config = ConfigDict(extra="forbid")

    k: Annotated[int, Field(ge=1, le=MOST_HITS, description="How many hits.")] = 20
    crop: Annotated[
        str | None,
        Field(
            description="Ask with this part of the probe: `X,Y,W,H` in pixels or per cent.",
            examples=["10%,10%,50%,50%"],
        ),
    ] = None
    min_score: Annotated[float, Field(ge=-1, le=1, description="Leave out lesser scores.")] = -1.0
    verify: Annotated[
        bool, Field(description="Show which hits are the same picture or a copy of it, and put those first.")
    ] = False
    under: Annotated[str | None, Field(description="Only pictures at or below this path.")] = None
    taken_after: Annotated[str | None, Field(description="Only taken then or later (EXIF).", examples=["2019-07"])] = (
        None
    )
    taken_before: Annotated[str | None, Field(description="Only taken before then (EXIF).", examples=["2020"])] = None
    format: Annotated[list[Format], Field(description="Only these formats.", examples=[["jpeg"]])] = []
    min_width: Annotated[int | None, Field(ge=0, le=1 << 31, description="Only at least as wide, in pixels.")] = None
    min_height: Annotated[int | None, Field(ge=0, le=1 << 31, description="Only at least as high, in pixels.")] = None

    preview: Annotated[
        bool, Field(description="Also give the probe back as a small JPEG, for who cannot show it otherwise.")
    ] = False

    def filters(self) -> Filters:
        """Those of the library."""
        return Filters(
            under=self.under,
            taken_after=self.taken_after,
            taken_before=self.taken_before,
            formats=tuple(self.format),
            min_width=self.min_width,
            min_height=self.min_height,
        )


Asked = Annotated[Parameters, Query()]


class Address(BaseModel):
    """Where on the web a probe is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"url": "https://example.org/pier.jpg"}]})

    url: Annotated[str, Field(max_length=2048, pattern="^[Hh][Tt][Tt][Pp][Ss]?://")]


class Gate:
    """Lets queries through: plain ones side by side, verified ones one after the other, since each takes all cores.

    Raises `ProblemError` when more wait than are ever answered in time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside = 0
        self._plain = CapacityLimiter(THREADS)
        self._verified = CapacityLimiter(1)

    async def answer(self, served: Served, source: "Callable[[], ProbeLike]", asked: Parameters) -> Found:
        """The answer of the library to a probe, which is had in the thread that asks."""
        if self._inside >= self._most:
            raise ProblemError(
                "busy", 503, "too many queries at a time: ask again in a moment", headers={"Retry-After": "1"}
            )
        self._inside += 1
        try:
            limiter = self._verified if asked.verify else self._plain
            return await to_thread.run_sync(_ask, served, source, asked, limiter=limiter)
        finally:
            self._inside -= 1


def _ask(served: Served, source: "Callable[[], ProbeLike]", asked: Parameters) -> Found:
    library = served.library
    probe = source()
    (answer,) = library.query_many(
        [probe],
        asked.k,
        crop=asked.crop,
        min_score=asked.min_score,
        filters=asked.filters(),
        verify=asked.verify,
    )
    if answer.error is not None:
        raise answer.error
    preview = library.preview(probe, PREVIEW_SIDE) if asked.preview and isinstance(probe, bytes) else None
    return Found.of(answer, library.model, preview)


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


@router.post("/query", summary="Ask with an upload", responses=answers(400, 408, 409, 413, 422, 503))
async def query_upload(
    request: Request,
    served: ServedDep,
    asked: Asked,
    picture: Annotated[UploadFile, File(description="A picture in any format that can be indexed.")],
) -> Found:
    """The pictures of the library that are most like the one uploaded, best first."""
    return await _gate(request).answer(served, picture.file.read, asked)


@router.post("/query/url", summary="Ask with a picture on the web", responses=answers(400, 408, 409, 413, 422, 503))
async def query_url(request: Request, served: ServedDep, asked: Asked, address: Address) -> Found:
    """The same for a picture behind an http(s) address, which must be public."""
    most = served.settings.max_bytes
    return await _gate(request).answer(served, lambda: fetch(address.url, public_only=True, most=most), asked)


@router.get("/pictures/{id}/similar", summary="Ask with an indexed picture", responses=answers(404, 409, 410, 422, 503))
async def query_indexed(
    request: Request, served: ServedDep, asked: Asked, id: Annotated[str, Path(examples=[ID])]
) -> Found:
    """The same for a picture of the library."""
    return await _gate(request).answer(served, lambda: Indexed(id), asked)
