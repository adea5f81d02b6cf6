"""Finding pairs of pictures that are near each other, with exact scores.

The few nearest pictures are found for every picture, and a pair is proposed if either of its pictures is among the
nearest of the other. If the vectors are few enough for exact search (40 MB of float16), they are multiplied in blocks.
Otherwise the vector index proposes candidates and the stored vectors give the scores, as for a query, so that no more
than a page of vectors and the pairs are in memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.space import VectorSpace
from imsearch.duplicates.groups import Pair
from imsearch.types.events import Compared
from imsearch.types.listeners import Listener
from imsearch.vectors.index import Selection, VectorIndex
from imsearch.vectors.tuning import unit, wants_exact

BLOCK = 512
"""Vectors that are multiplied with all others at once."""

PROBES = 128
"""Vectors that the index is searched with at once: the candidates for all of them are in memory together."""


@dataclass(frozen=True, slots=True)
class NearPairs:
    """Pairs of vectors, or of contents: their ids, int64 (n,), the lower of each pair in ``first``, and their scores,
    float32 (n,), which are the cosine similarities of vectors."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)

    def chosen(self, which: NDArray[np.bool_]) -> "NearPairs":
        """The pairs for which ``which``, bool (n,), is true."""
        return NearPairs(self.first[which], self.second[which], self.scores[which])

    def renamed(self, old: NDArray[np.int64], new: NDArray[np.int64]) -> "NearPairs":
        """The pairs with ``new`` names, int64 (m,), for the ``old`` ones, without those of which an end has none."""
        order = np.argsort(old)
        names, known = old[order], new[order]
        ends = np.stack([self.first, self.second], axis=1)
        places = np.minimum(np.searchsorted(names, ends), max(len(names) - 1, 0))
        there = (names[places] == ends).all(axis=1) if len(names) else np.zeros(len(ends), np.bool_)
        renamed = np.sort(known[places[there]], axis=1) if len(names) else ends[there]
        return NearPairs(renamed[:, 0], renamed[:, 1], self.scores[there])

    def pairs(self, *, closely: bool = False) -> list[Pair]:
        """These as pairs of contents, which they must be; ``closely`` is that of `Pair`."""
        ends = zip(self.first.tolist(), self.second.tolist(), self.scores.tolist(), strict=True)
        return [Pair(first, second, score, closely) for first, second, score in ends]

    def contents(self, space: VectorSpace) -> list[Pair]:
        """The pairs as pairs of contents, without those of which the library no longer has both."""
        content_of = dict(space.contents_of(np.unique(np.concatenate([self.first, self.second]))))
        pairs = []
        for first, second, score in zip(self.first.tolist(), self.second.tolist(), self.scores.tolist(), strict=True):
            if first in content_of and second in content_of:
                one, other = sorted((content_of[first], content_of[second]))
                pairs.append(Pair(one, other, score))
        return pairs


def near_pairs(
    space: VectorSpace, index: VectorIndex, listener: Listener, *, k: int, least: float, after: int = 0
) -> NearPairs:
    """Pairs of whole pictures with a cosine of ``least`` or more, one of which is among the ``k`` nearest of the other.

    With ``after``, only the nearest of the vectors with higher ids are searched for. The listener gets `Compared`
    events.
    """
    whole = space.whole_pictures() if space.regions else None
    count = space.count() if whole is None else len(whole.ids())
    exact = wants_exact(count, space.dimensions)
    pages = _multiplied(space, k, least, after) if exact else _searched(space, index, whole, k, least, after)
    parts: list[NearPairs] = []
    done = 0
    for asked, part in pages:
        parts.append(part)
        done += asked
        listener(Compared(done, count))
    return united(parts)


def _multiplied(space: VectorSpace, k: int, least: float, after: int) -> Iterator[tuple[int, NearPairs]]:
    if after >= space.latest():
        return
    pages = list(space.pages(whole=space.regions))
    if not pages:
        return
    ids = np.concatenate([page for page, _ in pages])
    vectors = np.concatenate([unit(vectors) for _, vectors in pages])
    del pages
    for begin in range(int(np.searchsorted(ids, after, side="right")), len(ids), BLOCK):
        block = vectors[begin : begin + BLOCK]
        scores = np.minimum(block @ vectors.T, np.float32(1))
        scores[np.arange(len(block)), np.arange(begin, begin + len(block))] = -2  # a picture is not its own neighbor
        rows, columns = _best(scores, k, least)
        yield len(block), NearPairs(ids[begin + rows], ids[columns], scores[rows, columns])


def _searched(
    space: VectorSpace, index: VectorIndex, within: Selection | None, k: int, least: float, after: int
) -> Iterator[tuple[int, NearPairs]]:
    index.sync()
    for page_ids, page in space.pages(after, whole=space.regions):
        for begin in range(0, len(page_ids), PROBES):
            ids, probes = page_ids[begin : begin + PROBES], page[begin : begin + PROBES]
            found = index.search(probes, k + 1, within)  # one more, as each probe finds itself
            yield len(ids), _scored(space, ids, unit(probes), found, k, least)


def _scored(
    space: VectorSpace,
    ids: NDArray[np.int64],
    probes: NDArray[np.float32],
    found: list[NDArray[np.int64]],
    k: int,
    least: float,
) -> NearPairs:
    """Pairs of these probes with the candidates found for each, scored by their stored vectors."""
    there = np.unique(np.concatenate(found))
    scores = np.full((len(ids), len(there)), -2, np.float32)
    for part, vectors in space.vectors(there):
        scores[:, np.searchsorted(there, part)] = np.minimum(probes @ unit(vectors).T, np.float32(1))
    scores[ids[:, None] == there[None]] = -2
    rows, columns = _best(scores, k, least)
    return NearPairs(ids[rows], there[columns], scores[rows, columns])


def _best(scores: NDArray[np.float32], k: int, least: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the ``k`` highest scores of each row, without scores below ``least``."""
    if scores.shape[1] > k:
        columns = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    else:
        columns = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    rows = np.broadcast_to(np.arange(len(scores))[:, None], columns.shape)
    near = np.take_along_axis(scores, columns, axis=1) >= least
    return rows[near], columns[near]


def united(parts: Sequence[NearPairs]) -> NearPairs:
    """Every pair once, the lower id first, in ascending order."""
    if not parts:
        return NearPairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    one = np.concatenate([part.first for part in parts])
    other = np.concatenate([part.second for part in parts])
    scores = np.concatenate([part.scores for part in parts])
    ends = np.stack([np.minimum(one, other), np.maximum(one, other)], axis=1)
    pairs, places = np.unique(ends, axis=0, return_index=True)
    return NearPairs(pairs[:, 0], pairs[:, 1], scores[places])
