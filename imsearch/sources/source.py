"""The protocol of sources of pictures: listing files in order, and reading a file together with its stamp."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

LOWEST, HIGHEST = -(2**63), 2**63 - 1
"""What a catalog can store. File systems give dates after the year 2262, and numbers of files of 2^63 and more."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Facts that show whether a file has changed: its size in bytes, and its time of modification in nanoseconds since
    1970, from 1677 to 2262; times beyond count as the first or the last of these."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        """The stamp of a file of the file system."""
        return cls(min(status.st_size, HIGHEST), min(max(status.st_mtime_ns, LOWEST), HIGHEST))


def inode_of(status: os.stat_result) -> int:
    """The number of a file or folder in its file system, as a signed number of 64 bits."""
    return (status.st_ino - LOWEST) % 2**64 + LOWEST


@dataclass(frozen=True, slots=True)
class Found:
    """A file in a listing, with its stamp."""

    path: bytes
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A path in a listing that exists but cannot be examined. The library keeps what it knows at that path.

    The path of a folder ends with a separator; the library keeps everything below it.
    """

    path: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A folder in a listing that is not looked into, as its pictures are not for people. Its path ends with a
    separator, and ``why`` is the name that says so: its own, or that of a file in it."""

    path: bytes
    why: str


Listed = Found | Unreachable | LeftOut
"""What a listing has."""


@dataclass(frozen=True, slots=True)
class StampedBytes:
    """Bytes of a file, with the stamp that it had when it held them."""

    stamp: Stamp
    data: bytes


class SourceError(Exception):
    """A file cannot be read. The message is the reason; ``stamp`` is the file's stamp if it could be opened.

    A ``passing`` failure is not due to what the file holds: the file may be readable another time.
    """

    passing: ClassVar[bool] = False

    def __init__(self, reason: str, stamp: Stamp | None = None) -> None:
        super().__init__(reason)
        self.stamp = stamp


class VanishedError(SourceError):
    """The file no longer exists."""


class TooLargeError(SourceError):
    """The file has more bytes than may be read."""


class UnavailableError(SourceError):
    """The file exists, but there is no permission to read it, or reading it failed."""

    passing = True


class ChangingError(SourceError):
    """The file changed during every attempt to read it."""

    passing = True


class Source(Protocol):
    """The files at or below ``root``. Implementations have to pass ``tests/test_sources.py``.

    Paths are bytes and complete: a path names the same file in every run, whatever the root is. Names in a path are
    separated by `paths.SEPARATOR`, even in stores without folders.
    """

    @property
    def root(self) -> bytes:
        """The path of the folder that is listed, or of a single file."""

    def listing(self) -> Iterator[Listed]:
        """Every file once, in the order of path bytes, in memory that does not grow with the number of files.

        A path that exists but cannot be examined is `Unreachable`, and a folder that is not looked into is `LeftOut`;
        they have their place in that order, and nothing below them is listed. Files that no longer exist are not
        listed. The catalog is compared with the listing in one pass, so a file at the wrong place would seem new, or
        gone.
        """

    def head(self, path: bytes, count: int) -> StampedBytes:
        """The first ``count`` bytes of a file, or all of them if there are fewer. Raises `SourceError`."""

    def read(self, path: bytes, most_bytes: int) -> StampedBytes:
        """All bytes of a file, with the stamp that `listing` gives for a file that holds exactly these bytes.

        It never needs much more memory than ``most_bytes``. Raises `VanishedError`, `TooLargeError`, `UnavailableError`
        or, if no attempt gives bytes and a stamp that belong together, `ChangingError`.
        """
