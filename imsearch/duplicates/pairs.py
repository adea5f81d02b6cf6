"""Pictures near each other: the pairs that are worth a closer look, with exact scores.

Of every picture the few nearest are taken, if they are near enough: a pair is proposed if either of its pictures has
the other among its nearest. Memory is that of a page and of the pairs: few enough vectors that search looks through
them all (40 MB of float16) are multiplied in blocks; of more, the candidate index proposes and the stored vectors give
the scores, as for a query.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.reader import Reader
from imsearch.catalog.rows import Space
from imsearch.vectors.building import unit, wants_exact
from imsearch.vectors.candidates import Candidates

BLOCK = 512
"""Vectors that are multiplied with all others at once."""

PROBES = 128
"""Vectors that the candidate index is asked with at once: their candidates' vectors are in memory together."""

Scores = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
"""Ids of pairs, the lower first, and their cosine similarities."""


def near_pairs(
    reader: Reader,
    space: Space,
    candidates: Callable[[], Candidates],
    *,
    k: int,
    least: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scores:
    """Pairs of whole pictures with a cosine of ``least`` or more, one of which is among the ``k`` nearest of the other.

    ``candidates`` opens the index where it is needed. ``progress`` is told how many vectors of how many are done.
    """
    allowed = reader.whole_ids(space) if space.regions else None
    count = reader.vector_state(space)[1] if allowed is None else len(allowed)
    exact = wants_exact(count, space.dimensions)
    pages = _multiplied(reader, space, k, least) if exact else _searched(reader, space, candidates(), allowed, k, least)
    parts: list[Scores] = []
    done = 0
    for asked, part in pages:
        parts.append(part)
        done += asked
        progress(done, count)
    return _unique(parts)


def _multiplied(reader: Reader, space: Space, k: int, least: float) -> Iterator[tuple[int, Scores]]:
    pages = list(reader.vectors_after(0, space, whole=space.regions))
    if not pages:
        return
    ids = np.concatenate([page for page, _ in pages])
    vectors = np.concatenate([unit(vectors) for _, vectors in pages])
    del pages
    for begin in range(0, len(ids), BLOCK):
        block = vectors[begin : begin + BLOCK]
        scores = block @ vectors.T
        scores[np.arange(len(block)), np.arange(begin, begin + len(block))] = -2  # not its own neighbour
        rows, columns = _best(scores, k, least)
        yield len(block), (ids[begin + rows], ids[columns], scores[rows, columns])


def _searched(
    reader: Reader,
    space: Space,
    candidates: Candidates,
    allowed: NDArray[np.int64] | None,
    k: int,
    least: float,
) -> Iterator[tuple[int, Scores]]:
    for page_ids, page in reader.vectors_after(0, space, whole=space.regions):
        for begin in range(0, len(page_ids), PROBES):
            ids, probes = page_ids[begin : begin + PROBES], page[begin : begin + PROBES]
            found = candidates.search(probes, k + 1, allowed)  # itself is one of them
            yield len(ids), _scored(reader, space, ids, unit(probes), found, k, least)


def _scored(
    reader: Reader,
    space: Space,
    ids: NDArray[np.int64],
    probes: NDArray[np.float32],
    found: list[NDArray[np.int64]],
    k: int,
    least: float,
) -> Scores:
    """Pairs of these probes with what was found for each, after their stored vectors."""
    there = np.unique(np.concatenate(found))
    scores = np.full((len(ids), len(there)), -2, np.float32)
    for part, vectors in reader.vectors(there, space):
        scores[:, np.searchsorted(there, part)] = probes @ unit(vectors).T
    scores[ids[:, None] == there[None]] = -2
    rows, columns = _best(scores, k, least)
    return ids[rows], there[columns], scores[rows, columns]


def _best(scores: NDArray[np.float32], k: int, least: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the ``k`` highest scores of each row, as far as they reach ``least``."""
    if scores.shape[1] > k:
        columns = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    else:
        columns = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    rows = np.broadcast_to(np.arange(len(scores))[:, None], columns.shape)
    near = np.take_along_axis(scores, columns, axis=1) >= least
    return rows[near], columns[near]


def _unique(parts: list[Scores]) -> Scores:
    """Every pair once, the lower id first, in ascending order."""
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    one, other, scores = (np.concatenate(column) for column in zip(*parts, strict=True))
    ends = np.stack([np.minimum(one, other), np.maximum(one, other)], axis=1)
    pairs, places = np.unique(ends, axis=0, return_index=True)
    return pairs[:, 0], pairs[:, 1], np.minimum(scores[places], np.float32(1))
