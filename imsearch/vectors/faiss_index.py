"""The vector index of a library in a directory: a FAISS snapshot in a file, and what changed since in memory.

Whatever is not in the snapshot is read from the catalog, so that a snapshot that is late, damaged or deleted costs
time and never a hit. Queries read the catalog and may replace the snapshot, which is a cache; they never wait for
whoever writes the catalog.
"""

import contextlib
import errno
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DiskFullError, LibraryError
from imsearch.types.libraries import VectorIndexInfo
from imsearch.vectors.index import Selection, VectorSource
from imsearch.vectors.layers import Layers
from imsearch.vectors.snapshot import Snapshot

logger = logging.getLogger(__name__)

PENDING = 1024
"""Changes beyond which a writer brings the snapshot up to date: reading so many costs a new query some milliseconds."""

PENDING_SHARE = 0.01
"""While an index run goes on, more may be pending on a large snapshot, which takes long to write."""

LATE = 20_000
"""Vectors by which the snapshot may be behind before a query brings it up to date itself; with none, `PENDING`."""

GROWTH = 2.0
"""A snapshot is made anew, with a plan measured anew, when there are so many times more or fewer vectors than then."""


class FaissIndex:
    """The `VectorIndex` of one vector space, with its snapshot at ``path``. Safe to use from several threads."""

    def __init__(self, space: VectorSource, path: Path) -> None:
        self._space = space
        self._path = path
        self._layers: Layers | None = None
        self._identity: tuple[int, ...] | None = None
        self._syncing = threading.Lock()

    def sync(self) -> None:
        """Take in what the catalog has now. Where that is much, the snapshot is brought up to date for all others
        too, unless somebody else is at it."""
        with self._syncing:
            layers = self._current()
            most = PENDING if layers.snapshot is None else LATE
            if self._space.latest() - layers.highest > most:
                self.save()
                layers = self._current()
            layers.catch_up(self._space)

    def search(self, vectors: NDArray[np.float32], k: int, within: Selection | None = None) -> list[NDArray[np.int64]]:
        """For each vector (n, dimensions) the ids among which its ``k`` nearest are to be found, as of the last
        `sync`; at least ``k``, or all that there are, and with ``within`` only of that selection."""
        if self._layers is None:
            self.sync()
        assert self._layers is not None
        return self._layers.search(vectors, k, within)

    def info(self) -> VectorIndexInfo | None:
        """How candidates are found, and what that was measured to reach; None where there is no snapshot."""
        snapshot = self._snapshot()
        if snapshot is None:
            return None
        layers = Layers(self._space.dimensions, snapshot)
        layers.catch_up(self._space)
        plan = snapshot.plan
        return VectorIndexInfo(
            kind="exact" if plan.exact else "approximate",
            vectors=len(snapshot.codes),
            pending=layers.pending,
            bytes_per_vector=snapshot.codes.bytes_per_vector,
            components=plan.components,
            lists=plan.lists,
            probed=plan.probed,
            depth=plan.depth,
            recall=plan.recall,
            measured_with=plan.measured_with,
            measured_at=plan.trained_on,
        )

    def save(self, *, busy: bool = False) -> int | None:
        """Bring the snapshot up to date where that is worth it, as `VectorIndex.save` says."""
        try:
            with self._replacing(wait=False) as free:
                snapshot = self._updated(busy=busy) if free else self._snapshot()
        except OSError:
            logger.info("the snapshot %s cannot be written", self._path, exc_info=True)
            return None
        return snapshot.stamp.departure if snapshot is not None else None

    def optimize(self) -> VectorIndexInfo:
        """Make the snapshot anew, with a plan for the vectors there are. Raises `DiskFullError` or `LibraryError` where
        it cannot be written."""
        try:
            with self._replacing(wait=True):
                self._built()
        except OSError as exc:
            kind = DiskFullError if exc.errno == errno.ENOSPC else LibraryError
            folder = str(self._path.parent)
            raise kind(f"the vector index cannot be kept in {folder}: {exc.strerror or exc}", library=folder) from exc
        info = self.info()
        assert info is not None
        return info

    def _current(self) -> Layers:
        """The layers on the snapshot that there is now: opened anew where its file has been replaced."""
        identity = _identity(self._path)
        if self._layers is None or identity != self._identity:
            self._layers = Layers(self._space.dimensions, self._snapshot())
            self._identity = identity
        return self._layers

    def _snapshot(self, *, mapped: bool = True) -> Snapshot | None:
        return Snapshot.open(self._path, self._space.fingerprint, self._space.dimensions, mapped=mapped)

    @contextlib.contextmanager
    def _replacing(self, *, wait: bool) -> Iterator[bool]:
        """Be the only one who replaces the snapshot; gives False where somebody else is, unless told to ``wait``."""
        import filelock  # queries do without, unless the snapshot is late

        lock = filelock.FileLock(self._path.with_name(f".{self._path.name}.lock"), timeout=-1 if wait else 0)
        try:
            lock.acquire()
        except filelock.Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _updated(self, *, busy: bool) -> Snapshot | None:
        """The snapshot, made or added to where that is worth it."""
        count = self._space.count()
        if count == 0:
            return None
        snapshot = self._snapshot()
        if snapshot is None or _outgrown(snapshot, count):
            return self._built()
        departure, departed = self._space.departures_after(snapshot.stamp.departure)
        came = count - (len(snapshot.codes) - len(departed))
        most = max(PENDING, int(PENDING_SHARE * len(snapshot.codes))) if busy else PENDING
        if len(departed) + came <= most:
            return snapshot
        return self._extended(departure, departed)

    def _built(self) -> Snapshot:
        from imsearch.vectors.tuning import build  # queries do without

        snapshot = build(self._space)
        snapshot.save(self._path)
        return snapshot

    def _extended(self, departure: int, departed: NDArray[np.int64]) -> Snapshot | None:
        """The snapshot without what left and with what came, under the plan that it has."""
        snapshot = self._snapshot(mapped=False)
        if snapshot is None:
            return None
        snapshot.codes.remove(departed)
        highest = snapshot.stamp.highest
        for ids, vectors in self._space.pages(highest):
            snapshot.codes.add(ids, vectors)
            highest = int(ids[-1])
        extended = replace(snapshot, stamp=replace(snapshot.stamp, highest=highest, departure=departure))
        extended.save(self._path)
        return extended


def _outgrown(snapshot: Snapshot, count: int) -> bool:
    """Whether so many vectors want another kind of snapshot, or a plan that is measured anew."""
    from imsearch.vectors.tuning import wants_exact

    exact = wants_exact(count, snapshot.stamp.dimensions)
    if snapshot.plan.exact or exact:
        return snapshot.plan.exact != exact
    return not snapshot.plan.trained_on / GROWTH < count < snapshot.plan.trained_on * GROWTH


def _identity(path: Path) -> tuple[int, ...] | None:
    """What tells a file from the one that was in its place before; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
