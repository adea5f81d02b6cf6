"""Files of tests that do not stay as they are."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from processes import PATIENCE

SLOW_TO_READ = 300 << 20
"""Bytes that take so long to read that a thread of a busy machine runs meanwhile."""


@contextlib.contextmanager
def kept_changing(path: Path) -> Iterator[None]:
    """A context in which the time of change of a file changes again and again, while it is `SLOW_TO_READ`."""
    os.truncate(path, SLOW_TO_READ)
    begun, stop = threading.Event(), threading.Event()

    def change() -> None:
        mtime = 0
        while not stop.is_set():
            mtime += 1
            os.utime(path, ns=(mtime, mtime))
            begun.set()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        assert begun.wait(PATIENCE)
        yield
    finally:
        stop.set()
        thread.join()
