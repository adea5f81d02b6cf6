"""Decoding files on all cores, in worker processes that may crash or hang without harm."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

from imsearch.embedding.reading import (
    PIXELS,
    Decoded,
    Failed,
    Known,
    NotAPicture,
    Outcome,
    Task,
    Vanished,
    process,
)
from imsearch.types.preprocessing import Preprocessing
from imsearch.workers.pool import LostTaskError, PassingError, Pool
from imsearch.workers.work import Tell, Work

SECONDS_PER_FILE = 60.0
"""A file that takes longer fails; ordinary files take milliseconds."""

TRIES = 2
"""How often a file that crashes its process is read: if it crashes a new process too, the file is to blame."""


@dataclass(frozen=True, slots=True)
class DecodeSettings:
    """How decoded pictures are prepared: by the model's ``preprocessing`` and, if set, for ``regions`` too."""

    preprocessing: Preprocessing
    regions: bool


def _read(settings: DecodeSettings, task: Task, tell: Tell) -> Outcome:
    return process(task, settings.preprocessing, settings.regions)


READ_FILES = Work(
    name="imsearch.embedding.decoding:READ_FILES",
    do=_read,
    settings=DecodeSettings,
    tasks=(Task,),
    results=(Decoded, Known, NotAPicture, Failed, Vanished),
)


class DecodePool:
    """Worker processes that read and decode files, in order and ahead of the caller. A context manager."""

    def __init__(
        self,
        preprocessing: Preprocessing,
        workers: int | None = None,
        seconds_per_file: float = SECONDS_PER_FILE,
        *,
        regions: bool = False,
    ) -> None:
        height, width = preprocessing.output_size
        self._pool = Pool(
            READ_FILES,
            DecodeSettings(preprocessing, regions),
            seconds=seconds_per_file,
            count=workers,
            memory=3 * (height * width + (PIXELS if regions else 0)),
            tries=TRIES,
        )
        self._threads = ThreadPoolExecutor(self._pool.count, thread_name_prefix="imsearch-decode")

    def __enter__(self) -> "DecodePool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.stop()
        self._threads.shutdown()
        self._pool.close()

    def map(self, tasks: Iterable[Task], ahead: int) -> Iterator[Outcome]:
        """The outcome of each task, in the order of the tasks; at most ``ahead`` tasks are running or waiting.

        Raises `WorkerError` for a bug of ours in a worker process; the file is then not to blame.
        """
        waiting: deque[Future[Outcome]] = deque()
        for task in tasks:
            waiting.append(self._threads.submit(self._run, task))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _run(self, task: Task) -> Outcome:
        try:
            return self._pool.run(task)
        except LostTaskError as exc:
            return Failed(str(exc), passing=isinstance(exc, PassingError))
