"""Ranking all pictures of a collection for each query, by exact score."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from imsearch.evaluation.collection import Collection
from imsearch.evaluation.measures import ranks_of_relevant
from imsearch.evaluation.queries import Query

_SCORES_AT_ONCE = 8_000_000
"""The most scores that are in memory together: 32 MB."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The result of a query: the ``ranks`` of its relevant pictures, ascending from 1 on, and the score of its first
    hit."""

    query: Query
    ranks: NDArray[np.int64]
    score: float


def rank(queries: Iterable[Query], collection: Collection) -> Iterator[list[Ranking]]:
    """Rank the collection for each query. Yields blocks of rankings, in the order of the queries."""
    waiting = iter(queries)
    size = max(1, min(64, _SCORES_AT_ONCE // len(collection)))
    while block := list(islice(waiting, size)):
        scores = np.stack([query.vector for query in block]) @ collection.vectors.T  # cosines, (queries, pictures)
        yield [_ranking(query, row) for query, row in zip(block, scores, strict=True)]


def _ranking(query: Query, scores: NDArray[np.float32]) -> Ranking:
    relevant = np.zeros(len(scores), np.bool_)
    relevant[query.relevant] = True
    if query.left_out is not None:
        scores, relevant = np.delete(scores, query.left_out), np.delete(relevant, query.left_out)
    return Ranking(query, ranks_of_relevant(scores, relevant), float(scores.max()))


def of_groups(rankings: Sequence[Ranking]) -> dict[str, list[Ranking]]:
    """The rankings of each group; a ranking is in all groups that its query counts for."""
    groups: dict[str, list[Ranking]] = {}
    for ranking in rankings:
        for name in ranking.query.groups:
            groups.setdefault(name, []).append(ranking)
    return groups
