"""Routes for facts about the library, its pictures, and their thumbnails."""

import os
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Response

from imsearch import verify as verifying
from imsearch.errors import LibraryNotFoundError
from imsearch.formatting.wording import printable
from imsearch.images import formats
from imsearch.server.problems import refusals
from imsearch.server.schemas.files import EXAMPLE_ID, StoredPicture
from imsearch.server.schemas.libraries import LibraryFacts, Root
from imsearch.server.served import ServedDep

router = APIRouter(prefix="/v1", tags=["pictures"])

Id = Annotated[str, Path(description="SHA-256 of the picture's bytes, in hex.", examples=[EXAMPLE_ID])]

_FOREVER = "private, max-age=31536000, immutable"
"""Cache-Control of thumbnails: the bytes behind an id never change, and so neither does its thumbnail."""


@router.get("/library", summary="Facts about the library")
def library_facts(served: ServedDep) -> LibraryFacts:
    """What is indexed, and what can be asked for. A library that does not exist yet is described as empty."""
    library, settings = served.library, served.settings
    try:
        info = library.info()
    except LibraryNotFoundError:
        info = None
    roots = info.roots if info else ()
    return LibraryFacts(
        path=printable(str(library.path)),
        name=printable(library.path.name),
        exists=info is not None,
        model=library.model,
        dimensions=info.dimensions if info else 0,
        files=info.files if info else 0,
        pictures=info.pictures if info else 0,
        unreadable=info.unreadable if info else 0,
        regions=info.regions if info else 0,
        disk_bytes=info.catalog_bytes + info.cache_bytes if info else 0,
        roots=[Root(path=printable(root), reachable=os.path.exists(root)) for root in roots],
        folders=[printable(folder) for folder in settings.indexable(roots)],
        formats=list(formats.FORMATS),
        can_verify=verifying.available(),
    )


@router.get("/pictures/{id}", summary="A picture and its files", responses=refusals(404, 409))
def picture_facts(served: ServedDep, id: Id) -> StoredPicture:
    """The facts about a picture, and all files that hold it."""
    return StoredPicture.of(served.library.picture(id))


@router.get(
    "/pictures/{id}/thumbnail",
    summary="A thumbnail",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "Not Modified"},
        **refusals(404, 409, 410, 422),
    },
)
def thumbnail(
    served: ServedDep,
    id: Id,
    size: Annotated[Literal["320", "1280"], Query(description="The side of the square that it fits.")] = "320",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A JPEG of a picture, upright and never enlarged; caches may keep it for good."""
    tag = f'"{id}-{size}"'
    headers = {"ETag": tag, "Cache-Control": _FOREVER}
    if if_none_match is not None and tag in (part.strip().removeprefix("W/") for part in if_none_match.split(",")):
        served.library.picture(id)  # raises if the picture has left the library: then not even a cache may show it
        return Response(status_code=304, headers=headers)
    return Response(served.library.thumbnail(id, int(size)), media_type="image/jpeg", headers=headers)
