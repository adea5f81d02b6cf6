"""A child process as seen by its parent: frames to and from it, its log, and its end."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from typing import IO, Any, Generic

from imsearch.workers.frames import FrameError, FrameReader, FrameWriter
from imsearch.workers.memory import SharedMemory
from imsearch.workers.work import (
    Bug,
    LogLine,
    OutOfMemory,
    OutOfMemoryError,
    Refusal,
    ResultT,
    SettingsT,
    Setup,
    TaskT,
    Work,
    WorkerError,
)

MOST_LINES = 40
"""How many of the last lines of a child's standard error are kept, to explain its end."""

MOST_BYTES_OF_A_LINE = 2000

SECONDS_FOR_THE_LOG = 2.0
"""How long to wait for the last lines of a child that has ended: a process that it left behind may hold the pipe."""

_log = logging.getLogger("imsearch.workers")

if sys.platform == "win32":
    _BACKGROUND_FLAGS = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _BACKGROUND_FLAGS = 0


class Process(Generic[SettingsT, TaskT, ResultT]):
    """A child process that does ``work``. One thread may send while another receives; `stop` must be called in the end.

    The child's log records and its standard error go to the log of this process, under ``imsearch.workers``. The child
    maps the shared ``memory``, and may take ``spare`` bytes of memory more than it starts with (only on Linux; None
    for no limit).
    """

    def __init__(
        self,
        work: Work[SettingsT, TaskT, ResultT],
        settings: SettingsT,
        *,
        memory: SharedMemory | None = None,
        spare: int | None = None,
    ) -> None:
        """Start the process. Raises `OSError` where that fails."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "imsearch.workers.child", work.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            pass_fds=() if memory is None else memory.descriptors,
            start_new_session=work.background,
            creationflags=_BACKGROUND_FLAGS if work.background else 0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._writer = FrameWriter(self._process.stdin, work.sent)
        self._reader = FrameReader(self._process.stdout, work.received, memory)
        self._last_lines: deque[str] = deque(maxlen=MOST_LINES)
        self._log_thread = threading.Thread(
            target=self._follow_log, args=(self._process.stderr,), name="imsearch-worker-log", daemon=True
        )
        self._log_thread.start()
        name, size = ("", 0) if memory is None else (memory.name, memory.size)
        self._send(Setup(name, size, spare, _log.getEffectiveLevel()))
        self._send(settings)

    @property
    def pid(self) -> int:
        """The id of the process in the operating system."""
        return self._process.pid

    def send(self, task: TaskT) -> None:
        """Send a task. If the process has ended, no error is raised here, but by the next `receive`."""
        self._send(task)

    def receive(self) -> Any:
        """Wait for the next event or result.

        Raises the `ImsearchError` that the child raised, `OutOfMemoryError`, `WorkerError` for a bug of ours in the
        child, and `EOFError` where the process has ended or is about to end.
        """
        while True:
            try:
                frame = self._reader.read()
            except OSError as exc:
                raise EOFError from exc
            except FrameError as exc:
                raise WorkerError(f"a child process sent {exc}") from exc
            match frame:
                case LogLine():
                    _log.log(frame.level, "%s: %s", frame.logger, frame.message)
                case Refusal():
                    raise frame.error()
                case OutOfMemory():
                    raise OutOfMemoryError
                case Bug():
                    raise WorkerError(f"an error in a child process:\n{frame.traceback.rstrip()}")
                case _:
                    return frame

    def close_input(self) -> None:
        """Close the child's standard input, so that it ends after its current task."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # closing flushes, which fails where the child has closed its end
            self._process.stdin.close()

    def kill(self) -> None:
        """Kill the process without waiting for its end; `stop` waits."""
        self._process.kill()

    def stop(self, patience: float = 0.0) -> int:
        """Close the child's input, kill the process if it does not end within ``patience`` seconds, and release it.

        Returns the exit code, which is negative for a signal.
        """
        if not patience:
            self.kill()
        self.close_input()
        try:
            code = self._process.wait(patience or None)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._process.wait()
        self._log_thread.join(SECONDS_FOR_THE_LOG)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    @property
    def last_words(self) -> str:
        """The last lines that the child wrote to its standard error."""
        return "\n".join(self._last_lines)

    def _send(self, value: object) -> None:
        with contextlib.suppress(OSError):  # the child has ended; `receive` raises
            self._writer.write(value)

    def _follow_log(self, stream: IO[bytes]) -> None:
        """Read the child's standard error as it comes, so that the child is never blocked by a full pipe."""
        with stream:
            while line := stream.readline(MOST_BYTES_OF_A_LINE):
                text = line.decode(errors="backslashreplace").rstrip()
                self._last_lines.append(text)
                _log.info("%s", text)


def name_of_end(code: int) -> str:
    """An exit code in words: ``exit 1`` or, where it is negative, the name of a signal (``SIGKILL``)."""
    if code >= 0:
        return f"exit {code}" if code < 256 else f"exit {code:#x}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
