"""Facts about a library, its files and its models."""

import datetime
from dataclasses import dataclass
from typing import Literal

FileState = Literal["ok", "unreadable", "other"]
"""``other`` is a file that is no picture and does not claim to be one."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as it stands in a list: no weights, only facts.

    ``parameters`` counts those of the embedding network; ``available`` says whether the weights are here.
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
    """A file as the library knows it. ``reason`` says why an unreadable one is so."""

    path: str
    size: int
    state: FileState
    reason: str | None


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file that holds a picture: its size in bytes and its time of change, as they were when it was indexed."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class IndexedPicture:
    """A picture of the library, whatever files hold it, in the order of their paths.

    ``digest`` is SHA-256 of its bytes, in hex; sizes are those of the upright picture; ``taken`` is from EXIF.
    """

    digest: str
    width: int
    height: int
    format: str
    taken: datetime.datetime | None
    files: tuple[PictureFile, ...]


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an index run did, counted in files.

    ``unchanged`` counts files that cost one stat; ``embedded`` counts pictures that went through the model
    (copies and moved files do not); ``kept`` counts rows that stay because their folder is out of reach.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    moved: int = 0
    removed: int = 0
    skipped: int = 0
    kept: int = 0
    embedded: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class VectorIndexInfo:
    """How candidates for hits are found, and what that was measured to reach.

    ``exact`` looks through ``vectors`` float16 vectors; ``approximate`` looks into the ``probed`` nearest of
    ``lists`` lists of codes with one byte for each of ``components`` principal components, and takes ``depth``
    candidates for ten hits, which are then scored exactly. ``recall`` is the share of the true ten among them, over
    ``measured_with`` held-out pictures when there were ``measured_at`` vectors; None where it is exact.
    ``pending`` vectors came or left since; they are looked through exactly.
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
    """A library at a glance; sizes are in bytes.

    ``regions`` counts the vectors of parts of pictures, which take ``region_bytes`` of the catalog.
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
