"""One child process as its parent sees it: frames to it and from it, its log, and its end."""

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
"""Of the last lines that a child wrote to its standard error, which are kept to explain its end."""

MOST_BYTES_OF_A_LINE = 2000

SECONDS_FOR_THE_LOG = 2.0
"""What the last lines of a child that has ended are waited for: a process that it left behind may hold the pipe."""

_log = logging.getLogger("imsearch.workers")

if sys.platform == "win32":
    _BACKGROUND_FLAGS = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _BACKGROUND_FLAGS = 0


class Process(Generic[SettingsT, TaskT, ResultT]):
    """A child process that does some work. One thread may send while another receives; `stop` it in the end.

    Its log, and what libraries write to its standard error, goes to the log of this process, under
    ``imsearch.workers``. It shares ``memory``, and may take ``spare`` bytes of memory besides what it starts with (on
    Linux; None for any).
    """

    def __init__(
        self,
        work: Work[SettingsT, TaskT, ResultT],
        settings: SettingsT,
        *,
        memory: SharedMemory | None = None,
        spare: int | None = None,
    ) -> None:
        """Start it."""
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
        """The number of the process."""
        return self._process.pid

    def send(self, task: TaskT) -> None:
        """Give it a task. Whether it takes it shows when its answer is received."""
        self._send(task)

    def receive(self) -> Any:
        """The next event or result.

        Raises the `ImsearchError` that the child raised, `OutOfMemoryError`, `WorkerError` for a bug, and `EOFError`
        where the process has ended or is about to.
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
        """Let it know that nothing more comes."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # closing sends what is left to send, and the other end may be closed
            self._process.stdin.close()

    def kill(self) -> None:
        """Have it end at once; `stop` waits for that."""
        self._process.kill()

    def stop(self, patience: float = 0.0) -> int:
        """End it, unless it ends by itself within ``patience`` seconds, and give back what is held. Returns the exit
        code, which is negative for a signal."""
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
        """The last lines that it wrote to its standard error."""
        return "\n".join(self._last_lines)

    def _send(self, value: object) -> None:
        with contextlib.suppress(OSError):  # the reader finds out that it has ended, and why
            self._writer.write(value)

    def _follow_log(self, stream: IO[bytes]) -> None:
        """Take all that the child writes to its standard error, so that it never has to wait."""
        with stream:
            while line := stream.readline(MOST_BYTES_OF_A_LINE):
                text = line.decode(errors="backslashreplace").rstrip()
                self._last_lines.append(text)
                _log.info("%s", text)


def name_of_end(code: int) -> str:
    """What people call the end that an exit code stands for: the name of a signal where it is negative."""
    if code >= 0:
        return f"exit {code}" if code < 256 else f"exit {code:#x}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
