"""Rows of the catalog as values. Paths are bytes, as the file system has them, and sizes of files are in bytes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.types.hits import Region

if TYPE_CHECKING:
    from imsearch.types.libraries import FileState


@dataclass(frozen=True, slots=True)
class SpaceRecord:
    """The row of a vector space: which model its vectors are of; with ``regions`` it holds those of regions too."""

    id: int
    model: str
    fingerprint: str
    dimensions: int
    precision: str
    regions: bool = False


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as it was when it was last read.

    A file that is not ``complete`` must be read again even if it has not changed: its vectors are missing, or its last
    failure was a passing one.
    """

    path: bytes
    size: int
    mtime_ns: int
    state: "FileState"
    digest: bytes | None
    complete: bool


@dataclass(frozen=True, slots=True)
class NewContent:
    """A content to be stored with its vectors, float32 (dimensions,), in a vector space that lacks them.

    ``hash`` is its perceptual hash (`imsearch.images.hashes`), None where it was not computed.
    """

    digest: bytes
    size: int
    width: int
    height: int
    format: str
    taken: str | None
    vector: NDArray[np.float32]
    regions: tuple[tuple[Region, NDArray[np.float32]], ...] = ()
    hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class NewFile:
    """A row of a file to be written: a picture has a ``digest``, an unreadable file a ``reason``, another file neither.

    With ``retry`` the next run reads the file again even if it has not changed.
    """

    path: bytes
    size: int
    mtime_ns: int
    digest: bytes | None = None
    reason: str | None = None
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A file that holds the content of an embedding; ``region`` is the part that was embedded, None for the whole."""

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
    """A file of a picture, with the facts about its content."""

    path: bytes
    size: int
    mtime_ns: int
    content_id: int
    digest: bytes
    width: int
    height: int
    format: str
    taken: str | None
