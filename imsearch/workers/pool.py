"""A pool of child processes. A task may crash, hang or run out of memory without harm to other tasks."""

import math
import os
import signal
import threading
import time
from queue import SimpleQueue
from typing import Generic, cast

from imsearch.workers.memory import SharedMemory
from imsearch.workers.process import Process, name_of_end
from imsearch.workers.work import OutOfMemoryError, ResultT, SettingsT, TaskT, Work, WorkerError

SECONDS_BETWEEN_LOOKS = 0.5
"""How often the pool checks whether a child has taken too long for its task."""

SECONDS_TO_EXIT = 5.0
"""How long to wait for the exit code of a child that has closed its pipe: the code says why it ended."""

_CRASHES = frozenset(
    -getattr(signal, name)
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS")
    if hasattr(signal, name)
)

_WINDOWS_EXCEPTIONS = 0xC0000000
"""Exit codes from here on are exceptions of Windows, such as access violations."""


class LostTaskError(Exception):
    """A task was lost, but not by a bug of ours; the message is the reason."""


class CrashError(LostTaskError):
    """A task crashed its process: the task is to blame."""


class PassingError(LostTaskError):
    """A task took too long or too much memory, or its process was killed: it may succeed another time."""


class Pool(Generic[SettingsT, TaskT, ResultT]):
    """Runs tasks of ``work`` in ``count`` child processes; None means one for each core.

    Any number of threads may use the pool. A process is started for its first task, and a lost one is replaced for the
    next task. A thread waits on the pipe of the child that does its task, so a crash ends that pipe and costs that one
    task only. (`concurrent.futures.ProcessPoolExecutor` would lose all running tasks, and needs the main guard.)

    A task may take ``seconds``; a child may take ``spare`` bytes of memory more than it starts with (only on Linux;
    None for no limit). Pixels of results come through ``memory`` bytes that are shared with each child, as far as they
    fit. A task that crashes its process is run again in a new one, ``tries`` times in all, as an earlier task may have
    damaged the process.
    """

    def __init__(
        self,
        work: Work[SettingsT, TaskT, ResultT],
        settings: SettingsT,
        *,
        seconds: float,
        count: int | None = None,
        memory: int = 0,
        spare: int | None = None,
        tries: int = 1,
    ) -> None:
        self.count = count or os.cpu_count() or 1
        self._tries = tries
        self._workers = [_Worker(work, settings, seconds, memory, spare) for _ in range(self.count)]
        self._idle: SimpleQueue[_Worker[SettingsT, TaskT, ResultT]] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._end_late_workers, name="imsearch-watch", daemon=True)
        self._watch.start()

    def run(self, task: TaskT) -> ResultT:
        """Do a task in the next idle child. Returns its result.

        Raises the `ImsearchError` that the child raised, `CrashError`, `PassingError`, and `WorkerError` for a bug of
        ours in the child.
        """
        worker = self._idle.get()
        try:
            for _ in range(self._tries - 1):
                try:
                    return worker.run(task)
                except CrashError:
                    pass  # the next try is in a new process
            return worker.run(task)
        finally:
            self._idle.put(worker)

    def stop(self) -> None:
        """End the processes; running tasks are lost. The pool must still be closed by `close`."""
        self._closing.set()
        for worker in self._workers:
            worker.stop()

    def close(self) -> None:
        """End the processes and release their memory. No thread may be in `run` any more."""
        self.stop()
        self._watch.join()
        for worker in self._workers:
            worker.close()

    def _end_late_workers(self) -> None:
        while not self._closing.wait(SECONDS_BETWEEN_LOOKS):
            for worker in self._workers:
                worker.end_if_late()


class _Worker(Generic[SettingsT, TaskT, ResultT]):
    """One of the places of a pool: it has one child process at a time, which is replaced when it is lost."""

    def __init__(
        self,
        work: Work[SettingsT, TaskT, ResultT],
        settings: SettingsT,
        seconds: float,
        memory: int,
        spare: int | None,
    ) -> None:
        self._work = work
        self._settings = settings
        self._seconds = seconds
        self._spare = spare
        self._memory = SharedMemory(memory) if memory else None
        self._process: Process[SettingsT, TaskT, ResultT] | None = None
        self._deadline = math.inf
        self._late = False
        self._stopped = False
        self._lock = threading.Lock()

    def run(self, task: TaskT) -> ResultT:
        process = self._started()
        with self._lock:
            self._deadline, self._late = time.monotonic() + self._seconds, False
        try:
            process.send(task)
            return cast(ResultT, process.receive())
        except OutOfMemoryError as exc:
            raise PassingError("not enough memory to decode it") from exc
        except WorkerError:
            self._end(process)
            raise
        except EOFError as exc:
            raise self._loss(process) from exc
        finally:
            with self._lock:
                self._deadline = math.inf
            if self._late and self._process is process:
                self._end(process)  # killed just after its answer: the next task must get a new process

    def end_if_late(self) -> None:
        """Kill the process if it has taken too long for its task."""
        with self._lock:
            if self._process is not None and time.monotonic() > self._deadline:
                self._late = True
                self._process.kill()

    def stop(self) -> None:
        """End the process and start no other."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """End the process and release the shared memory."""
        if self._process is not None:
            self._end(self._process)
        if self._memory is not None:
            self._memory.close()

    def _started(self) -> Process[SettingsT, TaskT, ResultT]:
        with self._lock:
            if self._stopped:
                raise RuntimeError("the processes are closed")
            if self._process is None:
                self._process = Process(self._work, self._settings, memory=self._memory, spare=self._spare)
            return self._process

    def _end(self, process: Process[SettingsT, TaskT, ResultT], patience: float = 0.0) -> int:
        with self._lock:
            self._process = None
        return process.stop(patience)

    def _loss(self, process: Process[SettingsT, TaskT, ResultT]) -> Exception:
        """The error to raise for a process that ended in the middle of a task."""
        code = self._end(process, SECONDS_TO_EXIT)
        if self._late:
            return PassingError(f"reading it took longer than {self._seconds:g} s")
        if code in _CRASHES or code >= _WINDOWS_EXCEPTIONS:
            return CrashError(f"the decoder crashed on it ({name_of_end(code)})")
        if code < 0:
            return PassingError(f"the process that read it was killed ({name_of_end(code)})")
        return WorkerError(f"a child process ended without an answer ({name_of_end(code)}):\n{process.last_words}")
