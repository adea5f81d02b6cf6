"""Which stored vectors may be nearest to a probe. It knows ids and matrices and nothing else.

Most vectors are in a base, a file that is a cache: codes of all that there was when it was made, and the plan by which
they are searched. What came since is in a tail in memory, exact; what left since is passed over.
"""

import math
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.vectors.codes import Codes, Only, Selection, Without

FORMAT = 2

MEASURED_HITS = 10
"""The ``k`` for which a plan is measured: probed lists and depth grow in proportion for more hits."""

TIES = 8
"""Candidates on top of ``k`` from exact codes: float16 rounds lengths, which the exact score does not see."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How vectors are coded and searched, and what that reached when it was measured.

    ``components`` of a vector are kept; codes are spread over ``lists``, of which ``probed`` are looked into for
    ten hits, and ``depth`` candidates taken. ``trained_on`` vectors were there. ``recall`` is that of the ten nearest
    by exact search, over ``measured_with`` held-out vectors; None where everything is looked through exactly.
    """

    components: int
    lists: int
    probed: int
    depth: int
    trained_on: int
    recall: float | None = None
    measured_with: int = 0

    @property
    def exact(self) -> bool:
        """Whether every vector is looked at in float16."""
        return self.lists == 1


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a base was made of: the highest id in it, and the last departure that it knows of."""

    fingerprint: str
    dimensions: int
    highest: int
    departure: int


@dataclass(frozen=True, slots=True)
class Base:
    """Codes in a file, how to search them, and what they are of."""

    codes: Codes
    plan: Plan
    stamp: Stamp

    def save(self, path: Path) -> None:
        """Write it to ``path`` in one move."""
        self.codes.save(path, {"format": FORMAT, "plan": asdict(self.plan), "stamp": asdict(self.stamp)})

    @classmethod
    def open(cls, path: Path, fingerprint: str, dimensions: int, *, mapped: bool = True) -> "Base | None":
        """Read one back; None where there is none for this model, or it is damaged."""
        opened = Codes.open(path, mapped=mapped)
        if opened is None:
            return None
        codes, facts = opened
        try:
            if facts["format"] != FORMAT:
                return None
            base = cls(codes, Plan(**facts["plan"]), Stamp(**facts["stamp"]))
        except (KeyError, TypeError):
            return None
        return base if (base.stamp.fingerprint, base.stamp.dimensions) == (fingerprint, dimensions) else None


class Candidates:
    """Vectors under their ids, to be searched.

    Any number of threads may search while one adds and removes. One search is made at a time: where it takes long it
    takes all cores.
    """

    def __init__(self, dimensions: int, base: Base | None = None) -> None:
        self._lock = threading.Lock()  # of the base and the tail, as FAISS has them
        self._base = base
        self._tail = Codes.exact(dimensions)
        self._departed = np.empty(0, np.int64)
        self.highest = base.stamp.highest if base else 0
        self.departure = base.stamp.departure if base else 0

    def __len__(self) -> int:
        return len(self._tail) + (len(self._base.codes) if self._base else 0) - len(self._departed)

    @property
    def based(self) -> bool:
        """Whether there is a base."""
        return self._base is not None

    @property
    def pending(self) -> int:
        """How many vectors came or left since the base was made."""
        return len(self._tail) + len(self._departed)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add vectors (n, dimensions) under ids that ascend and are all higher than those already there."""
        with self._lock:
            self._tail.add(ids, vectors)
        self.highest = int(ids[-1])

    def remove(self, departure: int, ids: NDArray[np.int64]) -> None:
        """Pass over these ids from now on; ``departure`` is the number under which the last of them left."""
        self._departed = np.concatenate([self._departed, ids[ids <= self.highest]])
        self.departure = departure

    def search(
        self, probes: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None = None
    ) -> list[NDArray[np.int64]]:
        """For each probe (n, dimensions) the ids among which its ``k`` nearest are to be found, in no order. With
        ``allowed``, only of those ids. There are at least ``k``, or all that there are.
        """
        selection: Selection = None
        if allowed is not None:
            if len(allowed) == 0:
                return [np.empty(0, np.int64) for _ in probes]
            selection = Only(allowed)
        elif len(departed := self._departed):
            selection = Without(departed)
        parts = []
        with self._lock:
            if self._base is not None and len(self._base.codes):
                parts.append(self._search_base(self._base, probes, k, selection))
            if len(self._tail):
                parts.append(self._tail.search(probes, min(k + TIES, len(self._tail)), 1, selection))
        return [np.concatenate(found) if found else np.empty(0, np.int64) for found in _by_probe(parts, len(probes))]

    def _search_base(
        self, base: Base, probes: NDArray[np.float32], k: int, selection: Selection
    ) -> list[NDArray[np.int64]]:
        plan, share = base.plan, max(1.0, k / MEASURED_HITS)
        depth = k + TIES if plan.exact else math.ceil(plan.depth * share)
        # What a filter leaves may lie in few lists that are far from the probe: then all are looked into.
        lists = plan.lists if isinstance(selection, Only) else math.ceil(plan.probed * share)
        return base.codes.search(probes, min(depth, len(base.codes)), lists, selection)


def _by_probe(parts: list[list[Any]], probes: int) -> list[tuple[Any, ...]]:
    return list(zip(*parts, strict=True)) if parts else [()] * probes
