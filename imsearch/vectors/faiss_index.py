"""The vector index of a library in a directory: a FAISS snapshot in a file, and later changes in memory.

Vectors that are not in the snapshot are read from the catalog, so a snapshot that is late, damaged or deleted costs
time but no hits. Queries read the catalog and may replace the snapshot, which is a cache; they never wait for a process
that writes the catalog.
"""

import contextlib
import errno
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DiskFullError, LibraryError
from imsearch.vectors.index import Selection, VectorSource
from imsearch.vectors.layers import Layers
from imsearch.vectors.snapshot import Snapshot

if TYPE_CHECKING:
    from imsearch.types.libraries import VectorIndexInfo

logger = logging.getLogger(__name__)

PENDING = 1024
"""Changes after which a writer updates the snapshot: reading that many costs a new query some milliseconds."""

PENDING_SHARE = 0.01
"""During an index run this share of a large snapshot may be pending, as it takes long to write."""

LATE = 20_000
"""Vectors that may be missing in the snapshot before a query updates it; `PENDING` if there is no snapshot."""

GROWTH = 2.0
"""A snapshot is rebuilt, and its plan measured again, once there are this many times more or fewer vectors."""


class FaissIndex:
    """The `VectorIndex` of one vector space, with its snapshot at ``path``. Safe to use from several threads."""

    def __init__(self, space: VectorSource, path: Path) -> None:
        self._space = space
        self._path = path
        self._layers: Layers | None = None
        self._identity: tuple[int, ...] | None = None
        self._syncing = threading.Lock()

    def sync(self) -> None:
        """Take in the vectors that the catalog has now. If many are new, the snapshot is updated for all processes,
        unless another thread or process is updating it."""
        with self._syncing:
            layers = self._current()
            most = PENDING if layers.snapshot is None else LATE
            latest = self._space.latest()
            if latest - layers.highest > most:
                self.save()
                layers = self._current()
            layers.catch_up(self._space, latest)

    def search(self, vectors: NDArray[np.float32], k: int, within: Selection | None = None) -> list[NDArray[np.int64]]:
        """Candidates, as `VectorIndex.search` gives them, as of the last `sync`."""
        if self._layers is None:
            self.sync()
        assert self._layers is not None
        return self._layers.search(vectors, k, within)

    def info(self) -> "VectorIndexInfo | None":
        """Facts about the vector index and its measured recall; None where there is no snapshot."""
        from imsearch.types.libraries import VectorIndexInfo  # imported here, as queries do not need it

        snapshot = self._snapshot()
        if snapshot is None:
            return None
        layers = Layers(self._space.dimensions, snapshot)
        layers.catch_up(self._space, self._space.latest())
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
        """Update the snapshot if that is worth it, as `VectorIndex.save` describes."""
        try:
            with self._replacing(wait=False) as free:
                snapshot = self._updated(busy=busy) if free else self._snapshot()
        except OSError:
            logger.info("the snapshot %s cannot be written", self._path, exc_info=True)
            return None
        return snapshot.stamp.departure if snapshot is not None else None

    def optimize(self) -> "VectorIndexInfo":
        """Rebuild the snapshot, with a plan for the current vectors. Raises `DiskFullError` or `LibraryError` where it
        cannot be written."""
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
        """The layers over the current snapshot, which is opened again if its file was replaced."""
        identity = _identity(self._path)
        if self._layers is None or identity != self._identity:
            self._layers = Layers(self._space.dimensions, self._snapshot())
            self._identity = identity
        return self._layers

    def _snapshot(self, *, mapped: bool = True) -> Snapshot | None:
        return Snapshot.open(self._path, self._space.fingerprint, self._space.dimensions, mapped=mapped)

    @contextlib.contextmanager
    def _replacing(self, *, wait: bool) -> Iterator[bool]:
        """Hold the lock for replacing the snapshot. Yields False where another has it, unless told to ``wait``."""
        import filelock  # imported here, as queries only need it if the snapshot is late

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
        """The snapshot, built or extended first if that is worth it; None where there are no vectors."""
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
        from imsearch.vectors.tuning import build  # imported here, as queries seldom need it

        snapshot = build(self._space)
        snapshot.save(self._path)
        return snapshot

    def _extended(self, departure: int, departed: NDArray[np.int64]) -> Snapshot | None:
        """The snapshot without departed vectors and with new ones, under its old plan; None if it was deleted."""
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
    """Whether ``count`` vectors need another kind of snapshot, or a plan that is measured again."""
    from imsearch.vectors.tuning import wants_exact

    exact = wants_exact(count, snapshot.stamp.dimensions)
    if snapshot.plan.exact or exact:
        return snapshot.plan.exact != exact
    return not snapshot.plan.trained_on / GROWTH < count < snapshot.plan.trained_on * GROWTH


def _identity(path: Path) -> tuple[int, ...] | None:
    """Facts by which a file differs from one that it replaced; None where there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
