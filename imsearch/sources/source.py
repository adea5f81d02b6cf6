"""What every source of pictures does: list its files in order, and read one together with its stamp."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells whether a file has changed: its size in bytes, and when it was last changed."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there."""

    path: bytes
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A path that is there but cannot be looked at; what is known at it stays.

    That of a folder ends with a separator, and what is known below it stays too.
    """

    path: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class StampedBytes:
    """Bytes of a file, and the stamp that it had when it held them."""

    stamp: Stamp
    data: bytes


class SourceError(Exception):
    """A file cannot be read; the message is the reason, and ``stamp`` is that of the file, if it was opened.

    ``passing`` failures have nothing to do with what is in the file: it may be readable another time.
    """

    passing: ClassVar[bool] = False

    def __init__(self, reason: str, stamp: Stamp | None = None) -> None:
        super().__init__(reason)
        self.stamp = stamp


class VanishedError(SourceError):
    """The file is not there any more."""


class TooLargeError(SourceError):
    """The file has more bytes than are to be read."""


class UnavailableError(SourceError):
    """The file is there, but it may not be read, or reading it failed."""

    passing = True


class ChangingError(SourceError):
    """The file changed each time that it was read."""

    passing = True


class Source(Protocol):
    """The files at or below ``root``. Every implementation has to pass ``tests/test_sources.py``.

    Paths are bytes and complete: the same path means the same file in every run, whatever the root is. Names are
    divided by `paths.SEPARATOR`, also in stores that know no folders.
    """

    @property
    def root(self) -> bytes:
        """Where the files are: a folder, or a single file."""

    def listing(self) -> Iterator[Found | Unreachable]:
        """Every file once, in the order of path bytes, at a cost in memory that does not grow with the number of files.

        What is there but cannot be looked at is `Unreachable`, at its place in that order and instead of all below it;
        what is not there any more is left out. The catalog is compared with it in one pass, so a file in the wrong
        place would seem new, or gone.
        """

    def head(self, path: bytes, count: int) -> StampedBytes:
        """The first ``count`` bytes of a file, or all if there are fewer. Raises `SourceError`."""

    def read(self, path: bytes, most_bytes: int) -> StampedBytes:
        """All bytes of a file, with the stamp that `listing` gives a file that holds exactly these bytes.

        Never takes up much more than ``most_bytes``. Raises `VanishedError`, `TooLargeError`, `UnavailableError`, or,
        if no attempt gives bytes and stamp that belong together, `ChangingError`.
        """
