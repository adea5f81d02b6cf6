"""Files of tests that do not stay as they are."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from processes import PATIENCE


@contextlib.contextmanager
def kept_changing(path: Path) -> Iterator[None]:
    """A context in which the time of change of a file changes again and again."""
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
