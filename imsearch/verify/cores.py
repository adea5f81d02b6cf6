"""Comparing pictures on all cores: with one thread per core, and with OpenCV and BLAS limited to one thread each.

The number of threads of those libraries is a setting of the whole process, so it is changed only while pictures are
read or compared, and restored afterwards.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import ThreadpoolController

from imsearch.verify import vision

Item = TypeVar("Item")
Result = TypeVar("Result")


class _SingleThreadedVision:
    """A context manager that limits OpenCV to one thread. Several threads may be in it at once; the last one out
    restores the setting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._threads_before = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._threads_before = vision.threads()
                vision.set_threads(1)
            self._inside += 1

    def __exit__(self, *exc_info: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                vision.set_threads(self._threads_before)


_single_threaded_vision = _SingleThreadedVision()
_comparing = threading.Lock()


class Cores:
    """A pool with a thread for each core. Safe to use from several threads."""

    def __init__(self) -> None:
        self.count = os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(self.count, thread_name_prefix="imsearch-verify")
        self._blas = ThreadpoolController().select(user_api="blas")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(cancel_futures=True)

    def read(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """The results of a function that reads a picture, for each item, in order."""
        with _single_threaded_vision:
            return list(self._threads.map(function, items))

    def compare(self, function: Callable[..., Result], *items: Iterable[object]) -> list[Result]:
        """The results of a function that compares pictures; it gets an item of each iterable, as with `map`."""
        with self.comparing():
            return list(self._threads.map(function, *items))

    @contextlib.contextmanager
    def comparing(self) -> Iterator[None]:
        """A context in which BLAS and OpenCV start no threads of their own, so that the block can use all cores.

        Only one such block runs at a time in the whole process; others wait.
        """
        with _comparing, _single_threaded_vision, self._blas.limit(limits=1):
            yield
