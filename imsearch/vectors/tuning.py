"""Building a snapshot, with a plan that is chosen by the number of vectors and by measurements on them.

Up to `EXACT_BYTES` of float16 vectors are searched exhaustively. More vectors are reduced by PCA, coded in one byte per
component, and distributed among inverted lists. The numbers of components, candidates and probed lists are chosen by
measuring recall against exact search, with vectors of the library itself as probes. (With a million vectors drawn
around real embeddings and at most 264 bytes each, PCA with bytes found more of the true ten among the first 100 than
PCA with 4 bits, RaBitQ, or OPQ with product quantization; docs/performance.md has the table.)
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imsearch.vectors.codes import Codes
from imsearch.vectors.index import VectorSource
from imsearch.vectors.layers import MEASURED_HITS
from imsearch.vectors.snapshot import Plan, Snapshot, SnapshotStamp

EXACT_BYTES = 40 << 20
"""The most bytes of float16 vectors for exact search, which then takes some 5 ms: 16,384 vectors of 1280 dimensions."""

COMPONENTS = (64, 96, 128, 192, 256)
"""Numbers of principal components to choose from; 256 make 264 bytes a vector with its id."""

DEPTH = 100
"""Candidates for ten hits; doubled while no number of components finds the true ten among them."""

MOST_DEPTH = 1600

TARGET = 0.997
"""The recall to aim for. Other held-out probes check it; it must be at least 0.99."""

CODE_TARGET = 0.998
"""The recall that the codes must reach if all lists are searched; searching only some lists then loses a little."""

PROBES = 512
"""Vectors that are held out for measuring: half of them to choose the plan, half to report its recall."""

SAMPLE_PER_LIST = 40
"""Vectors per list that k-means is trained on; FAISS asks for 39 or more."""

MOST_SAMPLE = 100_000
"""The most vectors to train on: more take memory, and improve the lists by less than can be measured."""

PCA_SAMPLE = 30_000

PAGE = 8192
"""Vectors of the sample that are compared with the probes at once."""


def wants_exact(count: int, dimensions: int) -> bool:
    """Whether ``count`` vectors are few enough for exact search."""
    return count * dimensions * 2 <= EXACT_BYTES


def build(source: VectorSource) -> Snapshot:
    """A snapshot of all vectors of ``source``, with a plan that is chosen for them."""
    departure, _ = source.departures_after(0)  # read first, so that the snapshot's readers learn of later departures
    ids = source.ids()
    if wants_exact(len(ids), source.dimensions):
        codes, plan = Codes.exact(source.dimensions), Plan(source.dimensions, 1, 1, 0, len(ids))
        return Snapshot(codes, plan, _stamp(source, _fill(codes, source), departure))
    lists = lists_for(len(ids))
    chosen = np.random.default_rng(len(ids)).permutation(np.sort(ids))
    chosen = chosen[: PROBES + min(SAMPLE_PER_LIST * lists, MOST_SAMPLE)]
    choose, report = (_Examples.of(source, part) for part in np.split(chosen[:PROBES], 2))
    for ids_, vectors in source.pages():
        choose.look_at(ids_, vectors)
        report.look_at(ids_, vectors)
    sample = _in_order(source, chosen[PROBES:])
    components, depth = _choose_codes(choose.probes, _in_order(source, choose.nearest.ravel()), sample, len(ids))
    codes = Codes.trained(sample, components, lists)
    highest = _fill(codes, source)
    plan = _choose_search(codes, Plan(components, lists, lists, depth, len(ids)), choose)
    plan = replace(plan, recall=report.recall(codes, plan), measured_with=len(report.ids))
    return Snapshot(codes, plan, _stamp(source, highest, departure))


def _stamp(source: VectorSource, highest: int, departure: int) -> SnapshotStamp:
    return SnapshotStamp(source.fingerprint, source.dimensions, highest, departure)


def _in_order(source: VectorSource, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """The vectors (n, dimensions) of these ids, in the order of ``ids``; zeros for vectors that have just left."""
    wanted, places = np.unique(ids, return_inverse=True)
    matrix = np.zeros((len(wanted), source.dimensions), np.float32)
    for found, vectors in source.vectors(wanted):
        matrix[np.searchsorted(wanted, found)] = vectors
    return matrix[places]


def lists_for(count: int) -> int:
    """The number of lists for ``count`` vectors: the power of two nearest to four times the square root of ``count``,
    as FAISS's guidelines advise."""
    return int(2 ** round(math.log2(4 * math.sqrt(count))))


def _fill(codes: Codes, source: VectorSource) -> int:
    """Add all vectors of ``source`` to ``codes``. Returns the highest id, 0 for none."""
    highest = 0
    for ids, vectors in source.pages():
        codes.add(ids, vectors)
        highest = int(ids[-1])
    return highest


@dataclass(slots=True)
class _Examples:
    """Held-out vectors as probes, and the ids of the ten vectors nearest to each, without itself."""

    ids: NDArray[np.int64]
    probes: NDArray[np.float32]
    nearest: NDArray[np.int64]
    _scores: NDArray[np.float32]

    @classmethod
    def of(cls, source: VectorSource, ids: NDArray[np.int64]) -> "_Examples":
        shape = (len(ids), MEASURED_HITS)
        return cls(ids, unit(_in_order(source, ids)), np.zeros(shape, np.int64), np.full(shape, -np.inf, np.float32))

    def look_at(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Take more vectors into account in the search for the nearest ones."""
        scores = self.probes @ unit(vectors).T
        scores[self.ids[:, None] == ids] = -np.inf
        for row in np.flatnonzero(scores.max(axis=1) > self._scores[:, -1]):
            better = np.flatnonzero(scores[row] > self._scores[row, -1])
            values = np.concatenate([self._scores[row], scores[row, better]])
            order = np.argsort(-values)[:MEASURED_HITS]
            self._scores[row] = values[order]
            self.nearest[row] = np.concatenate([self.nearest[row], ids[better]])[order]

    def recall(self, codes: Codes, plan: Plan) -> float:
        """The share of the nearest vectors that are among the candidates under a plan."""
        found = codes.search(self.probes, plan.depth + 1, plan.probed)
        hits = sum(len(np.intersect1d(*pair)) for pair in zip(found, self.nearest, strict=True))
        return hits / self.nearest.size


def _choose_codes(
    probes: NDArray[np.float32], neighbours: NDArray[np.float32], sample: NDArray[np.float32], count: int
) -> tuple[int, int]:
    """The number of components to keep and of candidates to take, assuming that all lists are searched.

    ``neighbours`` (10 n, dimensions) are the true nearest vectors of each probe. For each number of components, their
    ranks among all ``count`` vectors are estimated from how many vectors of the sample are nearer to the probe. The
    fewest candidates are preferred, then the fewest components.
    """
    axes = _principal_axes(sample[:PCA_SAMPLE])
    options = [number for number in COMPONENTS if number < sample.shape[1]]
    if sample.shape[1] <= COMPONENTS[-1]:
        options.append(sample.shape[1])
    ranks = {number: _ranks(probes, neighbours, sample, axes[:, :number], count) for number in options}
    depth = DEPTH
    while depth < MOST_DEPTH:
        for number in options:
            if np.mean(ranks[number] <= depth) >= CODE_TARGET:
                return number, depth
        depth *= 2
    return options[-1], depth


def _principal_axes(sample: NDArray[np.float32]) -> NDArray[np.float32]:
    """The principal axes as orthonormal columns (dimensions, dimensions), by falling variance."""
    _, axes = np.linalg.eigh(np.cov(sample, rowvar=False))
    return np.ascontiguousarray(axes[:, ::-1], np.float32)


def _ranks(
    probes: NDArray[np.float32],
    neighbours: NDArray[np.float32],
    sample: NDArray[np.float32],
    axes: NDArray[np.float32],
    count: int,
) -> NDArray[np.float64]:
    """Estimated ranks (n, 10), from 1, of the neighbours of each probe by distance in the space of ``axes``."""
    asked = probes @ axes
    theirs = np.square((neighbours @ axes).reshape(len(probes), -1, axes.shape[1]) - asked[:, None]).sum(axis=2)
    before = np.zeros(theirs.shape)
    for at in range(0, len(sample), PAGE):
        page = sample[at : at + PAGE] @ axes
        distances = np.square(asked).sum(axis=1)[:, None] + np.square(page).sum(axis=1) - 2 * asked @ page.T
        for place in range(theirs.shape[1]):
            before[:, place] += np.count_nonzero(distances < theirs[:, place, None], axis=1)
    return 1 + before * (count / len(sample))


def _choose_search(codes: Codes, plan: Plan, examples: _Examples) -> Plan:
    """The plan with the fewest probed lists that reaches `TARGET`; if none does, with more candidates."""
    while True:
        for probed in _ascending(plan.lists):
            plan = replace(plan, probed=probed)
            if examples.recall(codes, plan) >= TARGET:
                return plan
        if plan.depth >= MOST_DEPTH:
            return plan
        plan = replace(plan, depth=2 * plan.depth)


def _ascending(most: int) -> Iterator[int]:
    """Numbers to try, ascending: 1, 2, 3, 4, 6, 8, 12, ... ``most``."""
    number = 1
    while number < most:
        yield number
        if number > 1 and number * 3 // 2 < most:
            yield number * 3 // 2
        number *= 2
    yield most


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows (n, dimensions) scaled to length one: stored in float16, their lengths are a little off."""
    scaled: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled
