"""Runs: the child process of a job, its state so far, and those who watch it."""

import asyncio
import contextlib
import datetime
import logging
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel, ConfigDict

from imsearch.duplicates.marks import ReviewState
from imsearch.errors import ImsearchError
from imsearch.formatting.wording import printable
from imsearch.server.jobs.job import DO_JOB, Begun, FoundGroups, Job, JobKind, LibraryAddress, Message
from imsearch.server.problems import ProblemDocument, ProblemError, problem_of
from imsearch.types.duplicates import DuplicateGroup
from imsearch.types.events import Compared, Described, Hashed, Judged, PreparingModel, Progress, Scanned, Skip
from imsearch.types.reports import IndexReport
from imsearch.workers.process import Process, name_of_end
from imsearch.workers.work import OutOfMemoryError, WorkerError

SECONDS_TO_END = 5.0
"""How long a cancelled run may take to end by itself before it is killed; a batch of pictures takes less. Killing does
the library no harm."""

SECONDS_BETWEEN_SNAPSHOTS = 0.2
"""The least time between two snapshots for a watcher."""

MOST_SKIPS = 100
"""How many of the last skipped files a snapshot lists."""

_log = logging.getLogger(__name__)

State = Literal["running", "done", "failed", "cancelled"]


class SkippedFile(BaseModel):
    """A file or folder that was skipped, and why."""

    path: str
    reason: str

    @classmethod
    def of(cls, skip: Skip) -> "SkippedFile":
        """The skip with a path and a reason that can be shown."""
        return cls(path=printable(skip.path), reason=printable(skip.reason))


class Run(BaseModel):
    """The state of a run. ``done`` and ``total`` count files, pictures or pairs, depending on the stage; ``skips``
    lists the last of the ``skipped`` files; ``report`` is what an index run did, and ``groups`` the number of groups
    that a search for duplicates found."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "5f1c0a9be2d84370",
                    "kind": "index",
                    "state": "running",
                    "started": "2026-03-01T09:30:00Z",
                    "seconds": 12.4,
                    "stage": "reading",
                    "done": 512,
                    "total": 20480,
                    "embedded": 498,
                    "skipped": 1,
                    "skips": [{"path": "/photos/2019/torn.jpg", "reason": "truncated jpeg"}],
                    "report": None,
                    "groups": None,
                    "problem": None,
                }
            ]
        }
    )

    id: str
    kind: JobKind
    state: State = "running"
    started: datetime.datetime
    seconds: float = 0.0
    stage: Literal["starting", "preparing", "scanning", "reading", "comparing", "judging", "finished"] = "starting"
    done: int = 0
    total: int = 0
    embedded: int = 0
    skipped: int = 0
    skips: list[SkippedFile] = []
    report: IndexReport | None = None
    groups: int | None = None
    problem: ProblemDocument | None = None


class Running:
    """A run: a child process and its state so far. Safe to use from several threads.

    ``groups`` holds the groups that a search for duplicates has found, empty until it has ended, and ``review`` what a
    person has marked in them.
    """

    def __init__(self, address: LibraryAddress, job: Job) -> None:
        """Start the process."""
        self.id = secrets.token_hex(8)
        self.kind: JobKind = job.kind
        self.groups: list[DuplicateGroup] = []
        self.review = ReviewState()
        self._run = Run(id=self.id, kind=job.kind, started=datetime.datetime.now(datetime.UTC))
        self._since = time.monotonic()
        self._lock = threading.Lock()
        self._watchers: set[Callable[[], None]] = set()
        self._cancelled = False
        self._left = False
        self._process = Process(DO_JOB, address)
        self._process.send(job)
        self._killer = threading.Timer(SECONDS_TO_END, self._process.kill)
        self._killer.daemon = True
        self._reader = threading.Thread(target=self._follow, name="imsearch-run", daemon=True)
        self._reader.start()

    def snapshot(self) -> Run:
        """The current state of the run."""
        with self._lock:
            return self._run.model_copy(update={"seconds": self._seconds()})

    async def snapshots(self) -> AsyncIterator[Run]:
        """The current state of the run, and again after each change, but not too often. The last one is its end."""
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()

        def wake() -> None:
            if not changed.is_set():
                with contextlib.suppress(RuntimeError):  # the loop was closed and nobody waits any more
                    loop.call_soon_threadsafe(changed.set)

        with self._watched(wake):
            while True:
                changed.clear()
                snapshot = self.snapshot()
                yield snapshot
                if snapshot.state != "running" or self._left:
                    return
                await asyncio.sleep(SECONDS_BETWEEN_SNAPSHOTS)
                await changed.wait()

    @property
    def watchers(self) -> int:
        """How many iterations over `snapshots` are going on."""
        with self._lock:
            return len(self._watchers)

    def cancel(self) -> None:
        """Make the run end soon; what it has stored is kept. It has ended when `join` returns."""
        with self._lock:
            if self._cancelled or self._run.state != "running":
                return
            self._cancelled = True
            self._killer.start()
        self._process.close_input()

    def leave(self) -> None:
        """End all `snapshots`, whether or not the run has ended."""
        self._left = True
        self._wake()

    def join(self) -> None:
        """Wait until the run has ended."""
        self._reader.join()

    @contextlib.contextmanager
    def _watched(self, watcher: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._watchers.add(watcher)
        try:
            yield
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    def _wake(self) -> None:
        with self._lock:
            for watcher in self._watchers:
                watcher()

    def _seconds(self) -> float:
        return self._run.seconds or round(time.monotonic() - self._since, 3)

    def _follow(self) -> None:
        """Take in the messages of the process until it ends."""
        problem: ProblemError | None = None
        try:
            while self._run.state == "running":
                message: Message = self._process.receive()
                with self._lock:
                    self._take(message)
                self._wake()
        except EOFError:
            pass
        except ImsearchError as exc:
            problem = problem_of(exc)
        except OutOfMemoryError:
            problem = _failure("there was not enough memory for it")
        except WorkerError as exc:
            _log.error("a run failed", exc_info=exc)
            problem = problem_of(exc)
        code = self._process.stop(SECONDS_TO_END)
        self._killer.cancel()
        with self._lock:
            if self._run.state == "running":
                self._end_without_outcome(problem, code)
        self._wake()

    def _take(self, message: Message) -> None:
        run = self._run
        match message:
            case Begun():
                run.stage = "scanning" if self.kind == "index" else "comparing"
            case PreparingModel():
                run.stage = "preparing"
            case Scanned():
                run.stage, run.total = "reading", message.total
            case Progress():
                run.stage, run.done, run.embedded = "reading", message.done, message.embedded
            case Skip():
                run.skipped += 1
                run.skips = [*run.skips, SkippedFile.of(message)][-MOST_SKIPS:]
            case Hashed() | Described():
                run.stage, run.done, run.total = "reading", message.done, message.total
            case Compared():
                run.stage, run.done, run.total = "comparing", message.done, message.total
            case Judged():
                run.stage, run.done, run.total = "judging", message.done, message.total
            case IndexReport():
                run.report = message
                self._end("done")
            case FoundGroups():
                self.groups, run.groups = message.groups, len(message.groups)
                self._end("done")

    def _end_without_outcome(self, problem: ProblemError | None, code: int) -> None:
        if problem is None and self._cancelled:
            self._end("cancelled")
            return
        if problem is None:
            how = name_of_end(code)
            _log.error("the process of a run ended unexpectedly (%s):\n%s", how, self._process.last_words)
            problem = _failure(f"the process that did it ended unexpectedly ({how}); the server's log may say why")
        self._run.problem = _document(problem)
        self._end("failed")

    def _end(self, state: State) -> None:
        self._run.seconds = self._seconds()
        self._run.state, self._run.stage = state, "finished"


def _failure(detail: str) -> ProblemError:
    return ProblemError("failed", HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def _document(problem: ProblemError) -> ProblemDocument:
    return ProblemDocument.model_validate(problem.document())
