"""When the base of candidate search is made, added to, or made anew, and doing so beside an index run.

The catalogue stays the truth: whatever is not in the base yet is read from there by each query, so that a base that
is late costs time and never a hit.
"""

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.reader import Reader
from imsearch.catalog.rows import Space
from imsearch.types.events import Event, Progress
from imsearch.vectors.candidates import Base, Candidates, Stamp

logger = logging.getLogger(__name__)

PENDING = 1024
"""Vectors that came or left since the base was made are taken in once there are more: reading so many costs a new
query some milliseconds."""

PENDING_SHARE = 0.01
"""While an index run goes on, more may be pending on a large base, which takes long to write."""

GROWTH = 2.0
"""A base is made anew, with a plan measured anew, when there are so many times more or fewer vectors than then."""


class _CatalogueSource:
    """The vectors of a space, for `imsearch.vectors.building`."""

    def __init__(self, reader: Reader, space: Space) -> None:
        self._reader = reader
        self._space = space

    def ids(self) -> NDArray[np.int64]:
        return self._reader.vector_ids(self._space)

    def vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        wanted, places = np.unique(ids, return_inverse=True)
        matrix = np.zeros((len(wanted), self._space.dimensions), np.float32)
        for found, vectors in self._reader.vectors(wanted, self._space):
            matrix[np.searchsorted(wanted, found)] = vectors
        return matrix[places]

    def pages(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        return self._reader.vectors_after(0, self._space)


def base_path(folder: Path, space: Space) -> Path:
    """Where the base of a space is kept in the folder of a library."""
    return folder / f"candidates-{space.id}.faiss"


def open_base(folder: Path, space: Space, *, mapped: bool = True) -> Base | None:
    """The base of a space; None where there is none of its model, or it is damaged."""
    return Base.open(base_path(folder, space), space.fingerprint, space.dimensions, mapped=mapped)


def refresh(candidates: Candidates, reader: Reader, space: Space) -> None:
    """Take in what came and left since the last refresh."""
    candidates.remove(*reader.departures_after(candidates.departure, space))
    for ids, vectors in reader.vectors_after(candidates.highest, space):
        candidates.add(ids, vectors)


def keep(
    reader: Reader, space: Space, folder: Path, *, afresh: bool = False, most_pending: int | None = None
) -> Base | None:
    """Make the base, or add to it, where that is worth it; with ``afresh`` make it anew in any case.

    Gives the base as it is now, None for a space without vectors. One at a time: the caller holds the write lock.
    Raises `OSError` where it cannot be written.
    """
    from imsearch.vectors.building import build  # queries do without

    _, count = reader.vector_state(space)
    if count == 0:
        return None
    base = open_base(folder, space)
    if afresh or base is None or _outgrown(base, count):
        departure, _ = reader.departures_after(0, space)
        base = build(_CatalogueSource(reader, space), Stamp(space.fingerprint, space.dimensions, 0, departure))
        base.save(base_path(folder, space))
        return base
    departure, departed = reader.departures_after(base.stamp.departure, space)
    staying = len(base.codes) - len(departed)
    if len(departed) + count - staying <= (PENDING if most_pending is None else most_pending):
        return base
    return _extended(base, departure, departed, reader, space, folder)


def _outgrown(base: Base, count: int) -> bool:
    from imsearch.vectors.building import wants_exact

    if base.plan.exact or wants_exact(count, base.stamp.dimensions):
        return base.plan.exact != wants_exact(count, base.stamp.dimensions)
    return not base.plan.trained_on / GROWTH < count < base.plan.trained_on * GROWTH


def _extended(
    base: Base, departure: int, departed: NDArray[np.int64], reader: Reader, space: Space, folder: Path
) -> Base | None:
    """The base without what left and with what came, under the plan that it has."""
    writable = open_base(folder, space, mapped=False)
    if writable is None:
        return None
    writable.codes.remove(departed)
    highest = base.stamp.highest
    for ids, vectors in reader.vectors_after(highest, space):
        writable.codes.add(ids, vectors)
        highest = int(ids[-1])
    extended = replace(writable, stamp=replace(base.stamp, highest=highest, departure=departure))
    extended.save(base_path(folder, space))
    return extended


class Keeper:
    """Keeps the base up to date beside an index run, in a thread of its own.

    It is a context manager around the run, which tells it of every event. At a good end it waits for work in
    progress; when the run fails it does not. Where it cannot write it leaves the base as it was.
    """

    def __init__(self, store: Reader, model: str, folder: Path) -> None:
        self._store = store
        self._model = model
        self._folder = folder
        self._embedded = 0
        self._ended = False
        self.made = threading.Event()
        """Set once the base has been brought up to date."""
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="imsearch-upkeep", daemon=True)

    def __enter__(self) -> "Keeper":
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
        taken_in, most_pending = 0, PENDING
        while True:
            self._woken.wait()
            self._woken.clear()
            if self._ended:
                return
            embedded = self._embedded
            if embedded - taken_in < most_pending:
                continue
            try:
                space = self._store.space_of(self._model)
                base = keep(self._store, space, self._folder, most_pending=most_pending) if space else None
            except Exception:  # a late base costs queries time, the run goes on
                if not self._ended:  # else the catalogue was closed under it
                    logger.warning("candidates could not be brought up to date", exc_info=True)
                return
            self.made.set()
            taken_in = embedded
            most_pending = max(PENDING, int(PENDING_SHARE * len(base.codes)) if base else 0)
