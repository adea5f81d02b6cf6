"""A run: the child process that does it, what it has told so far, and who watches."""

import asyncio
import contextlib
import datetime
import os
import pickle
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel, ConfigDict

from imsearch.duplicates.review import Decision
from imsearch.errors import ImsearchError
from imsearch.formatting.wording import printable
from imsearch.server.jobs.job import Begun, Job, Kind, Message, Place
from imsearch.server.problems import ProblemDocument, ProblemError, problem_of
from imsearch.types.duplicates import DuplicateGroup
from imsearch.types.events import Compared, Judged, PreparingModel, Progress, Scanned, Skip
from imsearch.types.libraries import IndexReport

SECONDS_TO_END = 5.0
"""What a cancelled run is given to end by itself; a batch of pictures takes less. A library survives being killed."""

SECONDS_BETWEEN_SNAPSHOTS = 0.2

MOST_SKIPS = 100
"""Of the last skipped files, which a snapshot has."""

if sys.platform == "win32":
    _FLAGS = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _FLAGS = 0


State = Literal["running", "done", "failed", "cancelled"]


class SkippedFile(BaseModel):
    """A file or folder that was passed over, and why."""

    path: str
    reason: str

    @classmethod
    def of(cls, skip: Skip) -> "SkippedFile":
        """A skip as people see it."""
        return cls(path=printable(skip.path), reason=printable(skip.reason))


class Run(BaseModel):
    """A run as it stands. ``done`` of ``total`` are files, pictures or pairs, as the stage has it; ``skips`` are the
    last of all that were ``skipped``; ``report`` is what an index run did, ``groups`` the number of groups found."""

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
    kind: Kind
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
    """A child process and what it has told. Safe to use from several threads.

    ``groups`` are what a search for duplicates has found, empty before; a person's decisions change them.
    """

    def __init__(self, place: Place, job: Job) -> None:
        """Start it."""
        self.id = secrets.token_hex(8)
        self.kind: Kind = job.kind
        self.groups: list[DuplicateGroup] = []
        self.decisions: dict[int, Decision] = {}
        self._run = Run(id=self.id, kind=job.kind, started=datetime.datetime.now(datetime.UTC))
        self._since = time.monotonic()
        self._lock = threading.Lock()
        self._watchers: set[Callable[[], None]] = set()
        self._cancelled = False
        self._left = False
        self._process = _start(place, job)
        self._killer = threading.Timer(SECONDS_TO_END, self._process.kill)
        self._killer.daemon = True
        self._reader = threading.Thread(target=self._follow, name="imsearch-run", daemon=True)
        self._reader.start()

    def snapshot(self) -> Run:
        """The run as it stands."""
        with self._lock:
            return self._run.model_copy(update={"seconds": self._seconds()})

    async def snapshots(self) -> AsyncIterator[Run]:
        """The run as it stands, again whenever it has changed, but not too often; the last when it has ended."""
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

    def cancel(self) -> None:
        """Have it end soon; what was done is kept. It has ended when `join` returns."""
        with self._lock:
            if self._cancelled or self._run.state != "running":
                return
            self._cancelled = True
            self._killer.start()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def leave(self) -> None:
        """End all `snapshots`, whether or not the run has ended."""
        self._left = True
        self._wake()

    def join(self) -> None:
        """Wait until it has ended."""
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
        """Take what the process tells until it ends."""
        assert self._process.stdout is not None
        with self._process, contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                message: Message = pickle.load(self._process.stdout)  # noqa: S301  our own child
                with self._lock:
                    self._take(message)
                self._wake()
        self._killer.cancel()
        with self._lock:
            if self._run.state == "running":
                self._end_without_outcome()
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
            case Compared():
                run.stage, run.done, run.total = "comparing", message.done, message.total
            case Judged():
                run.stage, run.done, run.total = "judging", message.done, message.total
            case IndexReport():
                run.report = message
                self._end("done")
            case list():
                self.groups, run.groups = message, len(message)
                self._end("done")
            case ImsearchError():
                run.problem = _document(problem_of(message))
                self._end("failed")

    def _end_without_outcome(self) -> None:
        if self._cancelled:
            self._end("cancelled")
            return
        code = self._process.returncode
        detail = f"the process that did it ended unexpectedly (exit {code}); the server's log may say why"
        self._run.problem = _document(ProblemError("failed", HTTPStatus.INTERNAL_SERVER_ERROR, detail))
        self._end("failed")

    def _end(self, state: State) -> None:
        self._run.seconds = self._seconds()
        self._run.state, self._run.stage = state, "finished"


def _start(place: Place, job: Job) -> subprocess.Popen[bytes]:
    """A process that does a job; Ctrl-C is for the server alone, which then ends it."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "imsearch.server.jobs.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        start_new_session=True,
        creationflags=_FLAGS,
    )
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # then it has ended already, which its reader finds out
        pickle.dump((place, job), process.stdin, protocol=5)
        process.stdin.flush()
    return process


def _document(problem: ProblemError) -> ProblemDocument:
    return ProblemDocument.model_validate(problem.document())
