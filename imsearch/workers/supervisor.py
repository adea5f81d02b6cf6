"""Work on pictures in processes of their own, which may crash, hang or run out of memory without harm."""

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
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from imsearch.workers.child import LENGTH

SECONDS_BETWEEN_LOOKS = 0.5
"""How often it is looked whether a worker has been at one task for too long."""

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class LostError(Exception):
    """A task that cost its process; the message says how."""


class Processes(Generic[TaskT, ResultT]):
    """Worker processes that run ``answer``, a picklable function, on a task each. Any number of threads may use it.

    A thread per task waits on the pipe of its worker, so a crash shows as the end of the pipe and costs the one task
    that was being done. (`concurrent.futures.ProcessPoolExecutor` loses every task in flight, and needs the main
    guard.)

    Arrays of results come through ``memory`` bytes that are shared with each worker, where they fit; ``seconds`` is
    what a task may take; ``room`` is the memory that a worker may take besides what it starts with, in bytes, on
    Linux, None for any.
    """

    def __init__(
        self,
        answer: Callable[[TaskT], ResultT],
        *,
        memory: int,
        seconds: float,
        count: int | None = None,
        room: int | None = None,
    ) -> None:
        self.count = count or os.cpu_count() or 1
        self.workers = [_Worker(answer, memory, seconds, room) for _ in range(self.count)]
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self.workers:
            self._idle.put(worker)
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._end_late_workers, name="imsearch-watch", daemon=True)
        self._watch.start()

    def run(self, task: TaskT) -> ResultT:
        """What ``answer`` gives for a task, once a worker is idle. Raises `LostError`."""
        worker = self._idle.get()
        try:
            result: ResultT = worker.run(task)
            return result
        finally:
            self._idle.put(worker)

    def stop(self) -> None:
        """End the processes: tasks that are being done are lost. The last step is `close`."""
        self._closing.set()
        for worker in self.workers:
            worker.close()

    def close(self) -> None:
        """Give back all that is held, when no thread is in `run` any more."""
        self.stop()
        self._watch.join()
        for worker in self.workers:
            worker.memory.close()

    def _end_late_workers(self) -> None:
        while not self._closing.wait(SECONDS_BETWEEN_LOOKS):
            for worker in self.workers:
                worker.end_if_late()


class _Worker:
    """One process, started with its first task and started again after a crash.

    It puts arrays into memory that is shared with it, because a picture's 200 kB through a pipe cost more than all
    else that is done here per picture.
    """

    def __init__(self, answer: Callable[[Any], Any], memory: int, seconds: float, room: int | None) -> None:
        self._answer = answer
        self._seconds = seconds
        self._room = room
        self._deadline = math.inf
        self.process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()
        self.memory = _SharedMemory(memory)

    @property
    def busy(self) -> bool:
        """Whether it is at a task."""
        return self._deadline < math.inf

    def run(self, task: Any) -> Any:
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        self._deadline = time.monotonic() + self._seconds
        try:
            pickle.dump(task, process.stdin, protocol=5)
            process.stdin.flush()
            return pickle.load(process.stdout, buffers=self.memory.copies())  # noqa: S301  our own worker
        except (EOFError, OSError, pickle.UnpicklingError) as exc:
            late = time.monotonic() > self._deadline
            code = self._stop()
            if late:
                raise LostError(f"reading it took longer than {self._seconds:g} s") from exc
            raise LostError(f"the decoder crashed on it (exit {code})") from exc
        finally:
            self._deadline = math.inf

    def end_if_late(self) -> None:
        """Kill the process if it has been at one task for too long."""
        with self._lock:
            if self.process is not None and time.monotonic() > self._deadline:
                self.process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise RuntimeError("the processes are closed")
            if self.process is None:
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "imsearch.workers.child", self.memory.name, str(self.memory.size)]
                    + ([] if self._room is None else [str(self._room)]),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                    pass_fds=self.memory.descriptors,
                )
                assert self.process.stdin is not None
                pickle.dump(self._answer, self.process.stdin, protocol=5)
            return self.process

    def _stop(self) -> int | None:
        with self._lock:
            process, self.process = self.process, None
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
