"""A snapshot with later changes: a delta of vectors that were added, and tombstones of removed ones."""

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.vectors.codes import Codes, Only, Subset, Without
from imsearch.vectors.index import Selection, VectorSource
from imsearch.vectors.snapshot import Snapshot

MEASURED_HITS = 10
"""The ``k`` for which a plan is measured; for more hits, probed lists and depth grow in proportion."""

TIES = 8
"""Candidates besides ``k`` from exact codes: float16 changes the lengths of vectors, which may swap near ties."""


class Layers:
    """The vectors of a snapshot, if any, and of the delta, to be searched together.

    Any number of threads may search while one catches up. Searches run one at a time, as a long one uses all cores.
    """

    def __init__(self, dimensions: int, snapshot: Snapshot | None = None) -> None:
        self.snapshot = snapshot
        self.highest = snapshot.stamp.highest if snapshot else 0
        """The highest id that has been taken in."""
        self._departure = snapshot.stamp.departure if snapshot else 0
        self._delta = Codes.exact(dimensions)
        self._tombstones = np.empty(0, np.int64)
        self._lock = threading.Lock()  # for the codes, as FAISS's indexes are not thread-safe

    def __len__(self) -> int:
        return len(self._delta) + (len(self.snapshot.codes) if self.snapshot else 0) - len(self._tombstones)

    @property
    def pending(self) -> int:
        """How many vectors were added or removed since the snapshot was made."""
        return len(self._delta) + len(self._tombstones)

    def catch_up(self, source: VectorSource, latest: int) -> None:
        """Take in the vectors that were added or removed since the last call; ``latest`` is the highest id there is."""
        departure, departed = source.departures_after(self._departure)
        self._tombstones = np.concatenate([self._tombstones, departed[departed <= self.highest]])
        self._departure = departure
        if latest <= self.highest:
            return  # none was added
        for ids, vectors in source.pages(self.highest):
            with self._lock:
                self._delta.add(ids, vectors)
            self.highest = int(ids[-1])

    def search(self, vectors: NDArray[np.float32], k: int, within: Selection | None = None) -> list[NDArray[np.int64]]:
        """Candidates, as `VectorIndex.search` gives them."""
        subset: Subset = None
        if within is not None:
            ids = within.ids()
            if len(ids) <= k:  # all of them are candidates, so no search is needed
                return [ids for _ in vectors]
            subset = Only(ids)
        elif len(tombstones := self._tombstones):
            subset = Without(tombstones)
        parts = []
        with self._lock:
            if self.snapshot is not None and len(self.snapshot.codes):
                parts.append(_search(self.snapshot, vectors, k, subset))
            if len(self._delta):
                parts.append(self._delta.search(vectors, min(k + TIES, len(self._delta)), 1, subset))
        return [np.concatenate(found) if found else np.empty(0, np.int64) for found in _by_vector(parts, len(vectors))]


def _search(snapshot: Snapshot, vectors: NDArray[np.float32], k: int, subset: Subset) -> list[NDArray[np.int64]]:
    plan, codes, share = snapshot.plan, snapshot.codes, max(1.0, k / MEASURED_HITS)
    depth = k + TIES if plan.exact else math.ceil(plan.depth * share)
    lists = math.ceil(plan.probed * share)
    if isinstance(subset, Only):
        lists = plan.lists  # vectors that pass a filter may be in few lists, far from the probe
    elif subset is not None:
        staying = max(1, len(codes) - len(subset.ids))
        lists = math.ceil(lists * len(codes) / staying)  # lists hold fewer vectors than when the plan was measured
    return codes.search(vectors, min(depth, len(codes)), min(lists, plan.lists), subset)


def _by_vector(parts: list[list[Any]], count: int) -> list[tuple[Any, ...]]:
    return list(zip(*parts, strict=True)) if parts else [()] * count
