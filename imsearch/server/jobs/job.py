"""Jobs for child processes, and the messages that they send: values that go through pipes."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from imsearch.library import Library
from imsearch.types.duplicates import DuplicateGroup
from imsearch.types.events import Compared, Described, Event, Hashed, Judged, PreparingModel, Progress, Scanned, Skip
from imsearch.types.listeners import Listener
from imsearch.types.reports import IndexReport
from imsearch.workers.work import Tell, Work

JobKind = Literal["index", "duplicates"]


@dataclass(frozen=True, slots=True)
class LibraryAddress:
    """The address of a library, and the model and device that the server has opened it with."""

    path: str
    model: str
    device: str | None


@dataclass(frozen=True, slots=True)
class IndexJob:
    """A job: bring the library up to date with folders."""

    kind: ClassVar[JobKind] = "index"

    folders: tuple[str, ...]
    retry_failed: bool

    def run(self, library: Library, listener: Listener) -> IndexReport:
        """Do the job. Raises what `Library.index` raises."""
        return library.index(*self.folders, retry_failed=self.retry_failed, listener=listener)


@dataclass(frozen=True, slots=True)
class FoundGroups:
    """The result of a search for duplicates."""

    groups: list[DuplicateGroup]


@dataclass(frozen=True, slots=True)
class DuplicatesJob:
    """A job: find groups of duplicates, with the options of `Library.duplicates`."""

    kind: ClassVar[JobKind] = "duplicates"

    under: str | None
    series: bool
    keep: tuple[str, ...]
    prefer: tuple[str, ...]

    def run(self, library: Library, listener: Listener) -> FoundGroups:
        """Do the job. Raises what `Library.duplicates` raises."""
        return FoundGroups(
            library.duplicates(self.under, series=self.series, keep=self.keep, prefer=self.prefer, listener=listener)
        )


Job = IndexJob | DuplicatesJob


@dataclass(frozen=True, slots=True)
class Begun:
    """Message: the library is open and the work begins."""


JobResult = IndexReport | FoundGroups

Message = Begun | Event | JobResult
"""The messages from a child process; the last one is a `JobResult`."""


def _do(address: LibraryAddress, job: Job, tell: Tell) -> JobResult:
    with Library(address.path, model=address.model, device=address.device) as library:
        tell(Begun())
        return job.run(library, tell)


DO_JOB = Work(
    name="imsearch.server.jobs.job:DO_JOB",
    do=_do,
    settings=LibraryAddress,
    tasks=(IndexJob, DuplicatesJob),
    events=(Begun, PreparingModel, Scanned, Progress, Skip, Hashed, Described, Compared, Judged),
    results=(IndexReport, FoundGroups),
    background=True,
)
"""Runs a job in a process of its own and of low priority, so that the server's queries need not wait for Python's lock,
for memory, or for a core. An interrupted job keeps what it has stored."""
