"""Keeping a vector index up to date during an index run, in a thread of its own."""

import logging
import threading
from types import TracebackType
from typing import Protocol

from imsearch.types.events import Event, Progress

logger = logging.getLogger(__name__)

STEP = 1024
"""Embedded pictures after which the vector index is asked to save again."""


class Saved(Protocol):
    """What a follower needs of a vector index."""

    def save(self, *, busy: bool = False) -> int | None:
        """Save the index, as `imsearch.vectors.index.VectorIndex.save` describes."""


class Follower:
    """Saves a vector index during a run: a context manager around the run, which calls it with every event.

    If the run succeeds, leaving the context waits for a save in progress; if the run fails, it does not. Whatever is
    not saved is left to the next run or query.
    """

    def __init__(self, index: Saved) -> None:
        self._index = index
        self._embedded = 0
        self._ended = False
        self.saved = threading.Event()
        """Set once the index has been saved."""
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="imsearch-follow", daemon=True)

    def __enter__(self) -> "Follower":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended = True
        self._woken.set()
        if kind is None:
            self._thread.join()

    def __call__(self, event: Event) -> None:
        """Take in one event of the run."""
        if isinstance(event, Progress):
            self._embedded = event.embedded
            self._woken.set()

    def _run(self) -> None:
        followed = 0
        while True:
            self._woken.wait()
            self._woken.clear()
            if self._ended:
                return
            embedded = self._embedded
            if embedded - followed < STEP:
                continue
            try:
                self._index.save(busy=True)
            except Exception:  # a late index costs queries time, and the run goes on
                if not self._ended:  # otherwise the run has closed the catalog, which explains the error
                    logger.warning("the vector index could not be brought up to date", exc_info=True)
                return
            self.saved.set()
            followed = embedded
