"""The program of child processes: ``python -m imsearch.workers.child MODULE:ATTRIBUTE``.

`imsearch.workers.process` starts it, and the argument names a `Work`. Standard input brings frames: a `Setup`, the
settings of the work, then its tasks. Events, results, failures and log records leave as frames through standard output.
Nothing else is written there: what libraries print is redirected to standard error.
"""

import _thread
import faulthandler
import importlib
import logging
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from imsearch.errors import ImsearchError
from imsearch.workers.frames import FrameReader, FrameWriter
from imsearch.workers.memory import SharedMemory
from imsearch.workers.work import Bug, LogLine, OutOfMemory, Refusal, Setup, Work

NICENESS = 10

INTERRUPTED = 130
"""The exit code after an interruption, as that of the command line."""

MOST_CHARACTERS = 20_000
"""The most characters of a log record that are sent to the parent; the rest is cut off."""


def main(name: str) -> int:
    """Do the work that ``name`` names until standard input ends. Returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C, and then closes the pipe
    faulthandler.enable()
    results, tasks = _own_stdout(), sys.stdin.buffer
    work = _work_named(name)
    reader = FrameReader(tasks, work.sent)
    setup: Setup = reader.read()
    memory = SharedMemory.attached(setup.name, setup.size) if setup.size else None
    writer = FrameWriter(results, work.received, memory)
    _log_to(writer, setup.log_level)
    settings = reader.read()
    if setup.spare is not None:
        limit_memory(setup.spare)
    try:
        if work.background:
            _do_in_background(work, settings, reader, writer)
        else:
            while True:
                _answer(work, settings, reader.read(), writer, memory)
    except EOFError:
        pass
    except (KeyboardInterrupt, BrokenPipeError):
        return INTERRUPTED
    return 0


def _do_in_background(work: Work[Any, Any, Any], settings: object, reader: FrameReader, writer: FrameWriter) -> None:
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    task = reader.read()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_interrupt_at_end_of_input, daemon=True).start()
    _answer(work, settings, task, writer, None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the task is done, so a late interruption must not end the process


def _answer(
    work: Work[Any, Any, Any], settings: object, task: object, writer: FrameWriter, memory: SharedMemory | None
) -> None:
    """Do a task, and write its result or its failure."""
    try:
        result = work.do(settings, task, writer.write)
        if memory is not None:
            memory.clear()
        writer.write(result)
    except ImsearchError as exc:
        writer.write(Refusal.of(exc))
    except MemoryError:
        writer.write(OutOfMemory())
    except Exception:
        writer.write(Bug(traceback.format_exc()))


def limit_memory(spare: int) -> None:
    """Limit the address space of this process to ``spare`` bytes more than it uses now. Only Linux has such a limit."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + spare
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _work_named(name: str) -> Work[Any, Any, Any]:
    module, _, attribute = name.partition(":")
    work: Work[Any, Any, Any] = getattr(importlib.import_module(module), attribute)
    return work


def _own_stdout() -> BinaryIO:
    """Standard output for this module alone: from now on, what libraries print goes to standard error."""
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "wb")


def _interrupt_at_end_of_input() -> None:
    while os.read(0, 1):  # not through sys.stdin, whose lock this thread would hold when the process ends
        pass
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:  # this also ends what the main thread waits on
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


class _FrameHandler(logging.Handler):
    """Sends log records to the parent."""

    def __init__(self, writer: FrameWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._writer.write(LogLine(record.levelno, record.name, self.format(record)[:MOST_CHARACTERS]))
        except OSError:  # the parent is gone; writing the next result fails too and ends this process
            pass
        except Exception:
            self.handleError(record)


def _log_to(writer: FrameWriter, level: int) -> None:
    logging.basicConfig(level=level, format="%(message)s", handlers=[_FrameHandler(writer)])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
