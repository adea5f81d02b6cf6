"""Measures of a ranking, and their confidence intervals. No I/O.

A ranking is given by the ranks of the pictures that are relevant to its query: ascending int64 from 1 on, at least one.
Definitions are those of Manning, Raghavan and Schuetze, Introduction to Information Retrieval (2008), chapter 8.
"""

import numpy as np
from numpy.typing import NDArray

LEVELS = np.linspace(0, 1, 101)
"""The levels of recall at which precision is measured."""

RESAMPLES = 1000

CONFIDENCE = 0.95

_AT_ONCE = 200_000
"""How many random numbers are drawn at once, to limit memory."""


def ranks_of_relevant(scores: NDArray[np.float32], relevant: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The ranks of the relevant pictures, by the ``scores`` of all pictures; both arguments have shape (pictures,).

    Among equal scores relevant pictures come last, so that a model gains nothing by giving equal scores.
    """
    others = np.sort(scores[~relevant])
    found = np.sort(scores[relevant])[::-1]
    before = len(others) - np.searchsorted(others, found, side="left")
    return np.arange(1, len(found) + 1) + before


def average_precision(ranks: NDArray[np.int64]) -> float:
    """The average precision: the mean of the precisions at the ranks of the relevant pictures."""
    return float(np.mean(_precisions(ranks)))


def precision_at_1(ranks: NDArray[np.int64]) -> float:
    """1 if the first hit is relevant, else 0."""
    return float(ranks[0] == 1)


def recall_at(k: int, ranks: NDArray[np.int64]) -> float:
    """The share of the relevant pictures that are among the first ``k`` hits."""
    return float(np.mean(ranks <= k))


def interpolated_precision(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each of `LEVELS` the highest precision at that recall or a higher one: float64 (101,)."""
    highest = np.maximum.accumulate(_precisions(ranks)[::-1])[::-1]
    precision: NDArray[np.float64] = highest[_needed(len(ranks)) - 1]
    return precision


def _precisions(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    precisions: NDArray[np.float64] = np.arange(1, len(ranks) + 1) / ranks
    return precisions


def _needed(total: int) -> NDArray[np.int64]:
    """For each of `LEVELS` the number out of ``total`` that must be found, at least 1."""
    return np.maximum(np.ceil(LEVELS * total - 1e-9).astype(np.int64), 1)  # 0.07 * 100 is a little over 7


def threshold_curve(scores: NDArray[np.float64], relevant: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Interpolated precision at `LEVELS` for a falling threshold on the score of first hits: float64 (101,).

    ``scores`` and ``relevant`` are those of the first hit of each query, shape (queries,). For a threshold, recall is
    the share of all queries whose first hit is above it and relevant; precision is the share of relevant hits among the
    first hits above it. Where a recall is never reached, precision is 0.
    """
    order = np.lexsort((relevant, -scores))  # among equal scores relevant hits come last, as in `ranks_of_relevant`
    ranks = np.flatnonzero(relevant[order]) + 1
    reached = np.zeros(len(LEVELS))
    if len(ranks):
        highest = np.maximum.accumulate(_precisions(ranks)[::-1])[::-1]
        needed = _needed(len(scores))
        within = needed <= len(ranks)
        reached[within] = highest[needed[within] - 1]
    return reached


def intervals(values: NDArray[np.float64], subjects: NDArray[np.int64], seed: int = 0) -> NDArray[np.float64]:
    """The mean of each column of ``values``, and the ends of its confidence interval: float64 (columns, 3).

    ``values`` (queries, columns) are measures of single queries; ``subjects`` (queries,) says which picture each query
    was made from. The interval is found by the percentile bootstrap (Efron 1979): subjects are drawn with replacement,
    `RESAMPLES` times, and the interval is the middle 95 % of the means. Subjects are drawn, not queries, as queries
    made from one picture succeed or fail together. If all subjects did equally well, the interval has no width, which
    says little if they were few.
    """
    _, at = np.unique(subjects, return_inverse=True)
    sums = np.stack([np.bincount(at, weights=column) for column in values.T], axis=1)
    of_subject = sums / np.bincount(at)[:, None]
    count = len(of_subject)
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // count)
    means = np.concatenate(
        [
            of_subject[rng.integers(0, count, (min(step, RESAMPLES - begin), count))].mean(axis=1)
            for begin in range(0, RESAMPLES, step)
        ]
    )
    mean = of_subject.mean(axis=0)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return np.stack([mean, np.minimum(low, mean), np.maximum(high, mean)], axis=1)
