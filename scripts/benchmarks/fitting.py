"""Logistic regression whose weights have known signs, in plain numpy, with cross-validation. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RIDGE = 0.3
"""Half of this times the squared weights, of standardized terms, is added to the loss."""

FOLDS = 8
STEPS = 100
CONVERGED = 1e-9
"""A step that lowers the loss by a smaller share is the last."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The ``weights`` of the terms, float64 (terms), and the ``bias``: together, log-odds."""

    weights: NDArray[np.float64]
    bias: float

    def scores(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """The log-odds of each row of terms (n, terms)."""
        return np.asarray(terms @ self.weights + self.bias)


def fitted(terms: NDArray[np.float64], copy: NDArray[np.bool_], signs: NDArray[np.float64]) -> Fit:
    """The fit to rows of ``terms`` (n, terms), of which those of ``copy`` (n) are to have scores above 0.

    Both classes weigh the same. No weight has another sign than that of ``signs``, 1 or -1 (terms). The loss is convex,
    and minimized by Newton's method, projected to the signs (Bertsekas 1982). Raises `ValueError` where a class has no
    row.
    """
    if copy.all() or not copy.any():
        raise ValueError("a fit needs copies and others")
    mean, deviation = terms.mean(axis=0), np.maximum(terms.std(axis=0), 1e-9)
    rows = np.column_stack([(terms - mean) / deviation * signs, np.ones(len(terms))])
    problem = _Loss(rows, copy)
    at = np.zeros(rows.shape[1])
    value = problem.value(at)
    for _ in range(STEPS):
        lower, lower_value = _step(problem, at, value)
        improved = value - lower_value > CONVERGED * value
        at, value = lower, lower_value
        if not improved:
            break
    weights = at[:-1] * signs / deviation
    return Fit(weights, float(at[-1] - weights @ mean))


class _Loss:
    """The loss of weights that must not be negative, but for the last one, the bias, in the rows' last column."""

    def __init__(self, rows: NDArray[np.float64], copy: NDArray[np.bool_]) -> None:
        self._sides = np.where(copy, 1.0, -1.0)
        shares = np.where(copy, (~copy).sum() / copy.sum(), 1.0)
        self._shares = shares / shares.mean()
        self._rows = rows
        self._ridge = np.append(np.full(rows.shape[1] - 1, RIDGE), 0.0)

    def value(self, at: NDArray[np.float64]) -> float:
        losses = np.logaddexp(0, -self._sides * (self._rows @ at))
        return float(self._shares @ losses + self._ridge @ at**2 / 2)

    def slopes(self, at: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The gradient (weights) and the Hessian (weights, weights)."""
        wrong = np.exp(-np.logaddexp(0, self._sides * (self._rows @ at)))
        gradient = -self._rows.T @ (self._shares * self._sides * wrong) + self._ridge * at
        curved = self._rows * (self._shares * wrong * (1 - wrong))[:, None]
        return gradient, self._rows.T @ curved + np.diag(self._ridge + 1e-9)


def _step(loss: _Loss, at: NDArray[np.float64], value: float) -> tuple[NDArray[np.float64], float]:
    """A better place and its loss, or the same ones where there is none."""
    gradient, hessian = loss.slopes(at)
    bounded = np.append(np.ones(len(at) - 1, bool), False)
    free = ~(bounded & (at <= 0) & (gradient > 0))
    direction = np.zeros(len(at))
    direction[free] = -np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
    for half in range(30):
        tried = at + direction / 2**half
        tried = np.where(bounded, np.maximum(tried, 0), tried)
        found = loss.value(tried)
        if found < value:
            return tried, found
    return at, value


def cross_validated(
    terms: NDArray[np.float64], copy: NDArray[np.bool_], signs: NDArray[np.float64], groups: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The score of each row by a fit to others: rows of one group are never on both sides."""
    scores = np.empty(len(copy))
    for held in _folds(groups):
        scores[held] = fitted(terms[~held], copy[~held], signs).scores(terms[held])
    return scores


def _folds(groups: NDArray[np.intp]) -> Iterator[NDArray[np.bool_]]:
    """Which rows are held out in each fold: whole groups, the largest first, each in the fold with the fewest rows."""
    names, sizes = np.unique(groups, return_counts=True)
    filled = np.zeros(FOLDS, int)
    fold_of = {}
    for at in np.argsort(-sizes, kind="stable"):
        fold = int(filled.argmin())
        filled[fold] += sizes[at]
        fold_of[names[at]] = fold
    folds = np.array([fold_of[name] for name in groups])
    for fold in np.unique(folds):
        yield folds == fold


def area_under_curve(scores: NDArray[np.float64], copy: NDArray[np.bool_]) -> float:
    """How often a copy scores higher than another pair; ties count half."""
    ordered = np.sort(scores[~copy])
    below = np.searchsorted(ordered, scores[copy], "left") + np.searchsorted(ordered, scores[copy], "right")
    return float(below.mean() / 2 / len(ordered))


def threshold(scores: NDArray[np.float64], copy: NDArray[np.bool_], false: int) -> float:
    """The lowest score above which there are at most so many ``false`` pairs."""
    others = np.sort(scores[~copy])[::-1]
    return float(others[false]) if false < len(others) else float(scores.min()) - 1.0
