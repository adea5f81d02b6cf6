"""Child processes that do tasks, each of which may crash, hang or run out of memory without harm to the others."""

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
"""How often it is looked whether a child has been at one task for too long."""

SECONDS_TO_EXIT = 5.0
"""What a child that has closed its pipe is given to exit, so that its exit code says why."""

_CRASHES = frozenset(
    -getattr(signal, name)
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS")
    if hasattr(signal, name)
)

_WINDOWS_EXCEPTIONS = 0xC0000000
"""Exit codes from here on are exceptions of Windows, such as access violations."""


class LostTaskError(Exception):
    """A task without an answer, through no bug of ours; the message is the reason."""


class CrashError(LostTaskError):
    """A task that crashed its process: its own fault."""


class PassingError(LostTaskError):
    """A task that took too long or too much memory, or whose process was killed: another time it may do."""


class Pool(Generic[SettingsT, TaskT, ResultT]):
    """``count`` child processes that do ``work``, one for each core where it is None. Each is started with its first
    task, and again after it was lost. Any number of threads may use the pool.

    A thread waits on the pipe of the child that does its task, so a crash shows as the end of the pipe and costs the
    one task that was being done. (`concurrent.futures.ProcessPoolExecutor` loses every task in flight, and needs the
    main guard.)

    Pixels of results come through ``memory`` bytes that are shared with each child, as far as they fit; ``seconds`` is
    what a task may take, ``spare`` the memory that a child may take besides what it starts with, in bytes, on Linux,
    None for any. A task that crashes its process is done anew, ``tries`` times in all, as an earlier task may have
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
        """The result of a task, once a child is idle.

        Raises the `ImsearchError` that the child raised, `CrashError`, `PassingError`, and `WorkerError` for a bug.
        """
        worker = self._idle.get()
        try:
            for _ in range(self._tries - 1):
                try:
                    return worker.run(task)
                except CrashError:
                    pass  # the next one is in a new process
            return worker.run(task)
        finally:
            self._idle.put(worker)

    def stop(self) -> None:
        """End the processes: tasks that are being done are lost. The last step is `close`."""
        self._closing.set()
        for worker in self._workers:
            worker.stop()

    def close(self) -> None:
        """Give back all that is held, when no thread is in `run` any more."""
        self.stop()
        self._watch.join()
        for worker in self._workers:
            worker.close()

    def _end_late_workers(self) -> None:
        while not self._closing.wait(SECONDS_BETWEEN_LOOKS):
            for worker in self._workers:
                worker.end_if_late()


class _Worker(Generic[SettingsT, TaskT, ResultT]):
    """The place of one child process of a pool, whichever process that is at the time."""

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
                self._end(process)  # it was killed when it had just answered; the next task must not pay for that

    def end_if_late(self) -> None:
        """Kill the process if it has been at one task for too long."""
        with self._lock:
            if self._process is not None and time.monotonic() > self._deadline:
                self._late = True
                self._process.kill()

    def stop(self) -> None:
        """End the process, for good."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """Give back all that is held."""
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
        """What it means that a process ended in the middle of a task."""
        code = self._end(process, SECONDS_TO_EXIT)
        if self._late:
            return PassingError(f"reading it took longer than {self._seconds:g} s")
        if code in _CRASHES or code >= _WINDOWS_EXCEPTIONS:
            return CrashError(f"the decoder crashed on it ({name_of_end(code)})")
        if code < 0:
            return PassingError(f"the process that read it was killed ({name_of_end(code)})")
        return WorkerError(f"a child process ended without an answer ({name_of_end(code)}):\n{process.last_words}")
