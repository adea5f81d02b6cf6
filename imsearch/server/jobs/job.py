"""What a child process is told to do, and what it tells besides events: values that go through pipes."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from imsearch.errors import ImsearchError
from imsearch.library import Library
from imsearch.types.duplicates import DuplicateGroup
from imsearch.types.events import Event, Listener
from imsearch.types.libraries import IndexReport

Kind = Literal["index", "duplicates"]


@dataclass(frozen=True, slots=True)
class Place:
    """A library as the server has opened it."""

    path: str
    model: str
    device: str | None


@dataclass(frozen=True, slots=True)
class IndexJob:
    """To bring the library up to date with folders."""

    kind: ClassVar[Kind] = "index"

    folders: tuple[str, ...]
    retry_failed: bool

    def run(self, library: Library, listener: Listener) -> IndexReport:
        """Do it."""
        return library.index(*self.folders, retry_failed=self.retry_failed, listener=listener)


@dataclass(frozen=True, slots=True)
class DuplicatesJob:
    """To find groups of duplicates, as `Library.duplicates` is told."""

    kind: ClassVar[Kind] = "duplicates"

    under: str | None
    series: bool
    keep: tuple[str, ...]
    prefer: tuple[str, ...]

    def run(self, library: Library, listener: Listener) -> list[DuplicateGroup]:
        """Do it."""
        return library.duplicates(self.under, series=self.series, keep=self.keep, prefer=self.prefer, listener=listener)


Job = IndexJob | DuplicatesJob


@dataclass(frozen=True, slots=True)
class Begun:
    """The library is open and the work begins."""


Message = Begun | Event | IndexReport | list[DuplicateGroup] | ImsearchError
"""What comes from a child process; the last one is the outcome."""
