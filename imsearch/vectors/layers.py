"""A snapshot with what changed since: a delta of vectors that came, and tombstones of those that left."""

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.vectors.codes import Codes, Only, Subset, Without
from imsearch.vectors.index import Selection, VectorSource
from imsearch.vectors.snapshot import Snapshot

MEASURED_HITS = 10
"""The ``k`` for which a plan is measured: probed lists and depth grow in proportion for more hits."""

TIES = 8
"""Candidates on top of ``k`` from exact codes: float16 rounds lengths, which the exact score does not see."""


class Layers:
    """Vectors under their ids, to be searched: those of the snapshot, if any, and the exact ones of the delta.

    Any number of threads may search while one catches up. One search is made at a time: where it takes long it takes
    all cores.
    """

    def __init__(self, dimensions: int, snapshot: Snapshot | None = None) -> None:
        self.snapshot = snapshot
        self.highest = snapshot.stamp.highest if snapshot else 0
        """No id above this one is known yet."""
        self._departure = snapshot.stamp.departure if snapshot else 0
        self._delta = Codes.exact(dimensions)
        self._tombstones = np.empty(0, np.int64)
        self._lock = threading.Lock()  # of the codes, as FAISS has them

    def __len__(self) -> int:
        return len(self._delta) + (len(self.snapshot.codes) if self.snapshot else 0) - len(self._tombstones)

    @property
    def pending(self) -> int:
        """How many vectors came or left since the snapshot was made."""
        return len(self._delta) + len(self._tombstones)

    def catch_up(self, source: VectorSource) -> None:
        """Take in what came and left since the last time."""
        departure, departed = source.departures_after(self._departure)
        self._tombstones = np.concatenate([self._tombstones, departed[departed <= self.highest]])
        self._departure = departure
        for ids, vectors in source.pages(self.highest):
            with self._lock:
                self._delta.add(ids, vectors)
            self.highest = int(ids[-1])

    def search(self, vectors: NDArray[np.float32], k: int, within: Selection | None = None) -> list[NDArray[np.int64]]:
        """As `VectorIndex.search`."""
        subset: Subset = None
        if within is not None:
            ids = within.ids()
            if len(ids) <= k:  # all of them are candidates: nothing is gained by looking for the nearest
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
        lists = plan.lists  # what a filter leaves may lie in few lists that are far from the probe
    elif subset is not None:
        staying = max(1, len(codes) - len(subset.ids))
        lists = math.ceil(lists * len(codes) / staying)  # each list holds that much less than it was measured with
    return codes.search(vectors, min(depth, len(codes)), min(lists, plan.lists), subset)


def _by_vector(parts: list[list[Any]], count: int) -> list[tuple[Any, ...]]:
    return list(zip(*parts, strict=True)) if parts else [()] * count
