"""All cores for comparing pictures: one thread for each, which neither OpenCV nor BLAS splits further.

How many threads those libraries may have is a setting of the whole process, so it is changed only while pictures are
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
    """Keeps OpenCV to one thread while anybody is in it; several threads may be in it at once."""

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
    """A thread for each core. Safe to use from several threads."""

    def __init__(self) -> None:
        self.count = os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(self.count, thread_name_prefix="imsearch-verify")
        self._blas = ThreadpoolController().select(user_api="blas")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(cancel_futures=True)

    def read(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """The results of a function that reads a picture, for each item in turn."""
        with _single_threaded_vision:
            return list(self._threads.map(function, items))

    def compare(self, function: Callable[..., Result], *items: Iterable[object]) -> list[Result]:
        """The results of a function that compares pictures, for the items of each iterable in turn, as `map`."""
        with self.comparing():
            return list(self._threads.map(function, *items))

    @contextlib.contextmanager
    def comparing(self) -> Iterator[None]:
        """The block has all cores to itself: BLAS and OpenCV do not start threads of their own in it.

        One block runs at a time in the whole process; others wait.
        """
        with _comparing, _single_threaded_vision, self._blas.limit(limits=1):
            yield
