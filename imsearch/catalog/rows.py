"""The rows that go into the catalog and come out of it. Paths are bytes, as the file system has them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.types.hits import Region
from imsearch.types.libraries import FileState


@dataclass(frozen=True, slots=True)
class SpaceRecord:
    """A vector space as its row has it: the vectors of one model; with ``regions``, of parts of pictures too."""

    id: int
    model: str
    fingerprint: str
    dimensions: int
    precision: str
    regions: bool = False


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as it was when it was last read; ``complete`` unless it must be read again whatever its stamp says: its
    vectors are missing, or it failed for a reason that was not its own."""

    path: bytes
    size: int
    mtime_ns: int
    state: FileState
    digest: bytes | None
    complete: bool


@dataclass(frozen=True, slots=True)
class NewContent:
    """What is to be stored of a picture that has no vector in a vector space yet."""

    digest: bytes
    size: int
    width: int
    height: int
    format: str
    taken: str | None
    vector: NDArray[np.float32]
    regions: tuple[tuple[Region, NDArray[np.float32]], ...] = ()


@dataclass(frozen=True, slots=True)
class NewFile:
    """A row to be written for a file: with the digest of its content, or a reason, or neither (no picture).

    With ``retry`` the next run reads it again.
    """

    path: bytes
    size: int
    mtime_ns: int
    digest: bytes | None = None
    reason: str | None = None
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A file that holds the content of an embedding, which is of the whole picture or of a ``region``."""

    embedding_id: int
    path: bytes
    digest: bytes
    width: int
    height: int
    format: str
    taken: str | None
    region: Region | None = None


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file with the content that it holds, as the catalog has both."""

    path: bytes
    size: int
    mtime_ns: int
    content_id: int
    digest: bytes
    width: int
    height: int
    format: str
    taken: str | None
