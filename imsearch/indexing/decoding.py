"""Decoding on all cores, in worker processes that may crash or hang without harm."""

import functools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from imsearch.indexing.reading import PIXELS, Failed, Outcome, Task, process
from imsearch.types.preprocessing import Preprocessing
from imsearch.workers.child import LENGTH
from imsearch.workers.supervisor import LostError, Processes

SECONDS_PER_FILE = 60.0
"""A file that takes longer is given up; ordinary ones take milliseconds."""


class DecodePool:
    """Worker processes that answer tasks in order, some way ahead of who asks."""

    def __init__(
        self,
        preprocessing: Preprocessing,
        workers: int | None = None,
        seconds_per_file: float = SECONDS_PER_FILE,
        *,
        regions: bool = False,
    ) -> None:
        height, width = preprocessing.output_size
        sizes = [height * width * 3, *([PIXELS * 3] if regions else [])]
        self._processes: Processes[Task, Outcome] = Processes(
            functools.partial(process, preprocessing=preprocessing, regions=regions),
            memory=sum(LENGTH + size for size in sizes),
            seconds=seconds_per_file,
            count=workers,
        )
        self._threads = ThreadPoolExecutor(self._processes.count, thread_name_prefix="imsearch-decode")

    def __enter__(self) -> "DecodePool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._processes.stop()
        self._threads.shutdown()
        self._processes.close()

    def map(self, tasks: Iterable[Task], ahead: int) -> Iterator[Outcome]:
        """The outcome of each task, in their order; at most ``ahead`` of them are begun or waiting."""
        waiting: deque[Future[Outcome]] = deque()
        for task in tasks:
            waiting.append(self._threads.submit(self._run, task))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _run(self, task: Task) -> Outcome:
        try:
            return self._processes.run(task)
        except LostError as exc:
            return Failed(str(exc))
