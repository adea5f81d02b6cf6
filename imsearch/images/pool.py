"""Decoding on all cores, in worker processes that may crash or hang without harm."""

import contextlib
import math
import mmap
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType

from imsearch.images.reading import PIXELS, Failed, Outcome, Task
from imsearch.images.worker import LENGTH
from imsearch.records import Preprocessing

SECONDS_PER_FILE = 60.0
"""A file that takes longer is given up; ordinary ones take milliseconds."""

SECONDS_BETWEEN_LOOKS = 0.5
"""How often it is looked whether a worker has come to that."""


class DecodePool:
    """Worker processes that answer tasks in order, some way ahead of who asks.

    A thread per worker waits on its pipe, so a crash shows as the end of the pipe and costs the one file that was
    being read. (`concurrent.futures.ProcessPoolExecutor` loses every task in flight, and needs the main guard.)
    """

    def __init__(
        self,
        preprocessing: Preprocessing,
        workers: int | None = None,
        seconds_per_file: float = SECONDS_PER_FILE,
        *,
        regions: bool = False,
    ) -> None:
        self._count = workers or os.cpu_count() or 1
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._workers = [_Worker(preprocessing, seconds_per_file, regions) for _ in range(self._count)]
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="imsearch-decode")
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._end_late_workers, name="imsearch-watch", daemon=True)
        self._watch.start()

    def __enter__(self) -> "DecodePool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.close()
        self._threads.shutdown()
        self._watch.join()
        for worker in self._workers:
            worker.memory.close()

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

    def _end_late_workers(self) -> None:
        while not self._closing.wait(SECONDS_BETWEEN_LOOKS):
            for worker in self._workers:
                worker.end_if_late()


class _Worker:
    """One process, started with its first task and started again after a crash.

    It puts pixels into memory that is shared with it, because a picture's 200 kB through a pipe cost more than all
    else that is done here per picture.
    """

    def __init__(self, preprocessing: Preprocessing, seconds_per_file: float, regions: bool) -> None:
        self._settings = (preprocessing, regions)
        self._seconds = seconds_per_file
        self._deadline = math.inf
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()
        height, width = preprocessing.output_size
        sizes = [height * width * 3, *([PIXELS * 3] if regions else [])]
        self.memory = _SharedMemory(sum(LENGTH + size for size in sizes))

    def run(self, task: Task) -> Outcome:
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        self._deadline = time.monotonic() + self._seconds
        try:
            pickle.dump(task, process.stdin, protocol=5)
            process.stdin.flush()
            outcome: Outcome = pickle.load(process.stdout, buffers=self.memory.copies())  # noqa: S301  our own worker
            return outcome
        except (EOFError, OSError, pickle.UnpicklingError):
            late = time.monotonic() > self._deadline
            code = self._stop()
            if late:
                return Failed(f"reading it took longer than {self._seconds:g} s")
            return Failed(f"the decoder crashed on it (exit {code})")
        finally:
            self._deadline = math.inf

    def end_if_late(self) -> None:
        """Kill the process if it has been at one file for too long."""
        with self._lock:
            if self._process is not None and time.monotonic() > self._deadline:
                self._process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool is closed")
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "imsearch.images.worker", self.memory.name, str(self.memory.size)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                    pass_fds=self.memory.descriptors,
                )
                assert self._process.stdin is not None
                pickle.dump(self._settings, self._process.stdin, protocol=5)
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


class _SharedMemory:
    """Memory that a child process maps by ``name``, and that goes with the last process that has it, however it ends:
    a file that is in no folder or, on Windows, a section of the paging file."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._file = None
        self.descriptors: tuple[int, ...] = ()
        if sys.platform == "win32":
            self.name = f"imsearch-{uuid.uuid4()}"
            self._mapped = mmap.mmap(-1, size, tagname=self.name)
        else:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the memory is
            self._file.write(bytes(size))  # where the disk is full it fails here, and not with a signal later
            self._file.flush()
            self.name = str(self._file.fileno())
            self.descriptors = (self._file.fileno(),)
            self._mapped = mmap.mmap(self._file.fileno(), size)

    def copies(self) -> Iterator[bytearray]:
        """What is in it when the iterator is asked: a buffer after the other, each after its length."""
        at = 0
        while True:
            end = at + LENGTH + int.from_bytes(self._mapped[at : at + LENGTH], "little")
            yield bytearray(memoryview(self._mapped)[at + LENGTH : end])
            at = end

    def close(self) -> None:
        """Let go of it."""
        self._mapped.close()
        if self._file is not None:
            self._file.close()
