"""The rows that go into the catalogue and come out of it. Paths are bytes, as the file system has them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.types.hits import Region
from imsearch.types.libraries import FileState


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of one model in this library; with ``regions``, of parts of its pictures too."""

    id: int
    model: str
    fingerprint: str
    dimensions: int
    precision: str
    regions: bool = False


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as it was when it was last read; ``complete`` unless vectors of it are wanting."""

    path: bytes
    size: int
    mtime_ns: int
    state: FileState
    digest: bytes | None
    complete: bool


@dataclass(frozen=True, slots=True)
class NewContent:
    """What is to be stored of a picture that has no vector in a space yet."""

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
    """A row to be written for a file: with the digest of its content, or a reason, or neither (no picture)."""

    path: bytes
    size: int
    mtime_ns: int
    digest: bytes | None = None
    reason: str | None = None


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
    """A file with the content that it holds, as the catalogue has both."""

    path: bytes
    size: int
    mtime_ns: int
    content_id: int
    digest: bytes
    width: int
    height: int
    format: str
    taken: str | None
