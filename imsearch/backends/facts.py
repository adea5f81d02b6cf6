"""Collecting the facts about a library."""

import os

from imsearch.backends.backend import Backend
from imsearch.catalog.space import BYTES_PER_NUMBER
from imsearch.types.libraries import LibraryInfo


def library_info(backend: Backend, model: str) -> LibraryInfo:
    """Facts about a library and its vectors of ``model``, and sizes on disk. Raises `LibraryNotFoundError`."""
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
