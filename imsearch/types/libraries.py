"""Facts about a library, its files and its models."""

import datetime
from dataclasses import dataclass
from typing import Literal

FileState = Literal["ok", "unreadable", "other"]
"""``ok``: an indexed picture; ``unreadable``: a file that failed; ``other``: neither a picture nor named like one."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Facts about a model, without its weights.

    ``library`` is the package that the model comes from. ``input_size`` is height and width in pixels; ``parameters``
    counts those of the embedding network; ``available`` says whether the weights are on this machine.
    """

    name: str
    kind: Literal["CNN", "ViT"]
    library: Literal["package", "torchvision", "transformers"]
    dimensions: int
    input_size: tuple[int, int]
    parameters: int
    available: bool


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as the library knows it; ``size`` is in bytes. ``reason`` says why an unreadable file is unreadable."""

    path: str
    size: int
    state: FileState
    reason: str | None


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file that holds a picture, with its size in bytes and its time of modification as they were when indexed."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class IndexedPicture:
    """A picture of the library, with all ``files`` that hold it, sorted by path.

    ``digest`` is the SHA-256 of its bytes, in hex; ``width`` and ``height`` are pixels of the upright picture;
    ``taken`` is local time from EXIF or XMP.
    """

    digest: str
    width: int
    height: int
    format: str
    taken: datetime.datetime | None
    files: tuple[PictureFile, ...]


@dataclass(frozen=True, slots=True)
class VectorIndexInfo:
    """How the vector index finds candidates for hits, and its measured recall.

    An ``exact`` index searches all ``vectors``, in float16. An ``approximate`` one searches the ``probed`` nearest of
    its ``lists`` lists, whose codes have one byte for each of ``components`` principal components, and gives ``depth``
    candidates for ten hits, which are then scored exactly. ``recall`` is the share of the true ten nearest vectors
    among the candidates, measured with ``measured_with`` held-out vectors when there were ``measured_at``; it is None
    for an exact index. ``pending`` vectors were added or removed since the snapshot; they are always taken into
    account exactly.
    """

    kind: Literal["exact", "approximate"]
    vectors: int
    pending: int
    bytes_per_vector: int
    components: int
    lists: int
    probed: int
    depth: int
    recall: float | None
    measured_with: int
    measured_at: int


@dataclass(frozen=True, slots=True)
class LibraryInfo:
    """Facts about a library; sizes are in bytes.

    ``path`` is its address. ``spaces`` names the models that it has vectors of; ``model``, ``dimensions`` and
    ``precision`` are those of the vector space in use. ``files`` counts files of indexed pictures, ``pictures``
    different pictures, ``unreadable`` files that failed. ``regions`` counts the vectors of regions of pictures, which
    take ``region_bytes`` of the catalog. ``vector_index`` is None until something is indexed.
    """

    path: str
    model: str
    dimensions: int
    precision: str
    spaces: tuple[str, ...]
    roots: tuple[str, ...]
    files: int
    pictures: int
    unreadable: int
    regions: int
    region_bytes: int
    catalog_bytes: int
    cache_bytes: int
    vector_index: VectorIndexInfo | None
