"""Collecting facts about a library and its files. Queries do without, so the types are imported where they are made."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from imsearch.backends.backend import Backend
from imsearch.catalog.space import BYTES_PER_NUMBER

if TYPE_CHECKING:
    from imsearch.types.libraries import FileRecord, LibraryInfo


def library_info(backend: Backend, model: str) -> "LibraryInfo":
    """Facts about a library and its vectors of ``model``, and sizes on disk. Raises `LibraryNotFoundError`."""
    from imsearch.types.libraries import LibraryInfo

    catalog = backend.catalog()
    counts, space = catalog.counts(), catalog.space(model)
    dimensions = space.dimensions if space else 0
    regions = space.region_count() if space is not None and space.regions else 0
    catalog_bytes, cache_bytes = backend.sizes()
    return LibraryInfo(
        path=backend.address,
        model=model,
        dimensions=dimensions,
        precision=space.precision if space else "",
        spaces=tuple(each.model for each in catalog.spaces()),
        roots=tuple(os.fsdecode(root) for root in catalog.roots()),
        files=counts.get("ok", 0),
        pictures=counts["pictures"],
        unreadable=counts.get("unreadable", 0),
        regions=regions,
        region_bytes=regions * BYTES_PER_NUMBER * dimensions,
        catalog_bytes=catalog_bytes,
        cache_bytes=cache_bytes,
        vector_index=backend.vector_index(space).info() if space else None,
    )


def file_records(backend: Backend, *, failed: bool) -> "Iterator[FileRecord]":
    """The files of indexed pictures, sorted by path; with ``failed``, the files that could not be read. Raises
    `LibraryNotFoundError`."""
    from imsearch.types.libraries import FileRecord

    for path, size, state, reason in backend.catalog().file_list(failed=failed):
        yield FileRecord(os.fsdecode(path), size, state, reason)
