"""Decoding on all cores, in worker processes that may crash or hang without harm."""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType

from imsearch.images.reading import Failed, Outcome, Task

SECONDS_PER_FILE = 60.0
"""A file that takes longer is given up; ordinary ones take milliseconds."""


class DecodePool:
    """Worker processes that answer tasks in order, some way ahead of who asks.

    A thread per worker waits on its pipe, so a crash shows as the end of the pipe and costs the one file that was
    being read. (`concurrent.futures.ProcessPoolExecutor` loses every task in flight, and needs the main guard.)
    """

    def __init__(self, workers: int | None = None, seconds_per_file: float = SECONDS_PER_FILE) -> None:
        self._count = workers or os.cpu_count() or 1
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._workers = [_Worker(seconds_per_file) for _ in range(self._count)]
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="imsearch-decode")

    def __enter__(self) -> "DecodePool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.close()
        self._threads.shutdown()

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
        worker = self._idle.get()
        try:
            return worker.run(task)
        finally:
            self._idle.put(worker)


class _Worker:
    """One process, started with its first task and started again after a crash."""

    def __init__(self, seconds_per_file: float) -> None:
        self._seconds = seconds_per_file
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def run(self, task: Task) -> Outcome:
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        timer = threading.Timer(self._seconds, process.kill)
        timer.daemon = True
        timer.start()
        try:
            pickle.dump(task, process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            outcome: Outcome = pickle.load(process.stdout)  # noqa: S301  our own worker writes it
            return outcome
        except (EOFError, OSError, pickle.UnpicklingError):
            timed_out = not timer.is_alive()
            code = self._stop()
            if timed_out:
                return Failed(f"reading it took longer than {self._seconds:g} s")
            return Failed(f"the decoder crashed on it (exit {code})")
        finally:
            timer.cancel()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool is closed")
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "imsearch.images.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                )
            return self._process

    def _stop(self) -> int | None:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        with (
            contextlib.suppress(OSError),
            process,
        ):  # closes the pipes, which may hold an unsent task, and waits
            pass
        return process.returncode

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._stop()
