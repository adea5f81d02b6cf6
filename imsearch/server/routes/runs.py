"""Routes of runs: long work that is started from the web, one of each kind at a time, and its progress."""

import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field

from imsearch.duplicates.keep import RULES, rules_named
from imsearch.errors import LibraryNotFoundError, UsageError
from imsearch.formatting.wording import printable
from imsearch.library import Library
from imsearch.server.jobs.job import DuplicatesJob, IndexJob, Job, LibraryAddress
from imsearch.server.jobs.running import Run, Running
from imsearch.server.problems import ProblemError, refusals
from imsearch.server.served import ServedDep
from imsearch.server.settings import Settings
from imsearch.sources.paths import is_below

router = APIRouter(prefix="/v1/runs", tags=["runs"])

MOST_KEPT = 20
"""The most runs that are remembered; older ones are forgotten."""


class Runs:
    """The runs of a server. Safe to use from several threads. It must be closed."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._runs: deque[Running] = deque(maxlen=MOST_KEPT)
        self._stopped = False
        self._lock = threading.Lock()

    def start(self, job: Job) -> Running:
        """Start a run. Raises `ProblemError` while a run of the same kind is going on, or the server is stopping."""
        address = LibraryAddress(str(self._library.path), self._library.model, self._library.device)
        with self._lock:
            if self._stopped:
                raise ProblemError("busy", HTTPStatus.SERVICE_UNAVAILABLE, "the server is being stopped")
            for other in self._runs:
                if other.kind == job.kind and other.snapshot().state == "running":
                    raise ProblemError(
                        "running",
                        HTTPStatus.CONFLICT,
                        f"a run of this kind ({job.kind}) is still going on",
                        hint="Wait for it, or cancel it.",
                        run=other.id,
                    )
            run = Running(address, job)
            self._forget_one()
            self._runs.appendleft(run)
            return run

    def _forget_one(self) -> None:
        """Forget the oldest run that has ended, if there is no room for another."""
        if len(self._runs) == MOST_KEPT:
            self._runs.remove(next(run for run in reversed(self._runs) if run.snapshot().state != "running"))

    def all(self) -> list[Running]:
        """The runs that are remembered, the newest first."""
        with self._lock:
            return list(self._runs)

    def find(self, id_: str) -> Running:
        """The run with this id. Raises `ProblemError` where there is none."""
        for run in self.all():
            if run.id == id_:
                return run
        raise ProblemError("no-such-run", HTTPStatus.NOT_FOUND, f"there is no run '{id_}'")

    def stop(self) -> None:
        """Start no more runs, cancel the running ones, and end all streams of events, without waiting."""
        with self._lock:
            self._stopped = True
        for run in self.all():
            run.cancel()
            run.leave()

    def close(self) -> None:
        """Stop, and wait until all runs have ended, which takes some seconds at most. Closing twice is harmless."""
        self.stop()
        for run in self.all():
            run.join()


def _runs(request: Request) -> Runs:
    runs: Runs = request.app.state.runs
    return runs


RunsDep = Annotated[Runs, Depends(_runs)]


def _run(runs: RunsDep, id: Annotated[str, Path(description="The id of a run.")]) -> Running:
    return runs.find(id)


RunDep = Annotated[Running, Depends(_run)]
"""The run whose id is in the path of a route."""


class IndexOrder(BaseModel):
    """Which folders to index: absolute paths, as the library names its folders; none means all that may be indexed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"folders": ["/photos/2019"]}]})

    folders: list[str] = []
    retry_failed: Annotated[bool, Field(description="Also try unchanged files again that could not be read.")] = False


class DuplicatesOrder(BaseModel):
    """Which duplicates to look for, and how to choose the file to keep."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"keep": ["oldest"]}]})

    under: Annotated[str | None, Field(description="Only groups with a file at or below this path.")] = None
    series: Annotated[bool, Field(description="Also pictures taken one after the other that are no copies.")] = False
    keep: Annotated[
        list[str], Field(description=f"Rules that go before the others: {', '.join(RULES)}.", examples=[["oldest"]])
    ] = []
    prefer: Annotated[list[str], Field(description="Files below these folders are kept before all others.")] = []


class RunList(BaseModel):
    """Runs, the newest first."""

    runs: list[Run]


@router.post("/index", status_code=202, summary="Index folders", responses=refusals(400, 403, 409, 422, 503))
def start_index(served: ServedDep, runs: RunsDep, order: IndexOrder, response: Response) -> Run:
    """Start a run that brings the library up to date with folders, as `imsearch index` does."""
    allowed = allowed_folders(served.library, served.settings)
    folders = [_allowed(folder, allowed) for folder in order.folders] or allowed
    if not folders:
        raise ProblemError(
            "invalid",
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "there is no folder to index yet",
            hint="Start the server with those that may be indexed: imsearch serve FOLDER",
        )
    return _started(runs.start(IndexJob(tuple(folders), order.retry_failed)), response)


@router.post("/duplicates", status_code=202, summary="Look for duplicates", responses=refusals(400, 409, 422, 503))
def start_duplicates(runs: RunsDep, order: DuplicatesOrder, response: Response) -> Run:
    """Start a run that looks for exact and edited copies, as `imsearch duplicates` does. Nothing is changed."""
    rules_named(order.keep, [])
    job = DuplicatesJob(order.under, order.series, tuple(order.keep), tuple(order.prefer))
    return _started(runs.start(job), response)


def _started(run: Running, response: Response) -> Run:
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return run.snapshot()


@router.get("", summary="All runs")
def list_runs(runs: RunsDep) -> RunList:
    """The last runs since the server was started."""
    return RunList(runs=[run.snapshot() for run in runs.all()])


@router.get("/{id}", summary="A run", responses=refusals(404))
def run_state(run: RunDep) -> Run:
    """The current state of a run."""
    return run.snapshot()


@router.delete("/{id}", status_code=202, summary="Cancel a run", responses=refusals(404))
def cancel_run(run: RunDep) -> Run:
    """Make a run end soon; what it has stored is kept. A run that has ended stays as it is."""
    run.cancel()
    return run.snapshot()


@router.get("/{id}/events", summary="Watch a run", response_class=EventSourceResponse, responses=refusals(404))
async def run_events(run: RunDep) -> AsyncIterator[ServerSentEvent]:
    """Events named `run`, whose data is the state of the run: one at once, then one after each change, but at most five
    per second. The last one says how the run ended."""
    async for snapshot in run.snapshots():
        yield ServerSentEvent(event="run", data=snapshot)


def allowed_folders(library: Library, settings: Settings) -> list[str]:
    """The folders that may be indexed: the roots of the library and those named when the server was started."""
    try:
        roots = library.info().roots
    except LibraryNotFoundError:
        roots = ()
    return settings.indexable(roots)


def _allowed(folder: str, allowed: Sequence[str]) -> str:
    """The absolute path of a folder to index. Raises `ProblemError` unless it is at or below an allowed one, also after
    links are resolved."""
    shown = {printable(each): each for each in allowed}
    folder = shown.get(folder, folder)  # clients name a folder as it is shown to them, with escapes
    if not os.path.isabs(folder) or "\0" in folder:
        raise UsageError(f"'{folder}' is not an absolute path")
    path = os.path.abspath(folder)
    real = os.path.realpath(os.fsencode(path))
    if not any(is_below(real, os.path.realpath(os.fsencode(each))) for each in allowed):
        raise ProblemError(
            "forbidden",
            HTTPStatus.FORBIDDEN,
            f"{folder} is in no folder that may be indexed from here",
            hint=f"Start the server with it: imsearch serve {printable(folder)}",
        )
    return path
