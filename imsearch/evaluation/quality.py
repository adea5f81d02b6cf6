"""The quality of rankings: means of measures with confidence intervals, for all and by group, and curves."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from imsearch.evaluation import measures
from imsearch.evaluation.ranking import Ranking, of_groups
from imsearch.types.evaluation import Curve, Estimate, Quality


def quality_of(rankings: Sequence[Ranking], ks: Sequence[int]) -> Quality:
    """The means of all measures over rankings, with recall at each k in ``ks``."""
    wanted: list[Callable[[NDArray[np.int64]], float]] = [
        measures.average_precision,
        measures.precision_at_1,
        *(functools.partial(measures.recall_at, k) for k in ks),
    ]
    values = np.array([[measure(ranking.ranks) for measure in wanted] for ranking in rankings])
    subjects = np.array([ranking.query.subject for ranking in rankings])
    estimates = [Estimate(*row) for row in measures.intervals(values, subjects).tolist()]
    return Quality(
        questions=len(rankings),
        mean_average_precision=estimates[0],
        precision_at_1=estimates[1],
        recall=dict(zip(ks, estimates[2:], strict=True)),
    )


def quality_of_groups(rankings: Sequence[Ranking], ks: Sequence[int]) -> dict[str, Quality]:
    """The quality of each class or edit, the worst first."""
    qualities = {name: quality_of(group, ks) for name, group in of_groups(rankings).items()}
    return dict(sorted(qualities.items(), key=lambda item: (item[1].mean_average_precision.mean, item[0])))


def curve_of_classes(rankings: Sequence[Ranking]) -> Curve:
    """The curve for queries by class: interpolated precision, as the mean over all queries."""
    precision = np.mean([measures.interpolated_precision(ranking.ranks) for ranking in rankings], axis=0)
    return Curve(tuple(measures.LEVELS.tolist()), tuple(precision.tolist()))


def curve_of_copies(rankings: Sequence[Ranking]) -> Curve:
    """The curve for edited copies: precision and recall of first hits above a falling threshold on the score."""
    scores = np.array([ranking.score for ranking in rankings])
    precision = measures.threshold_curve(scores, np.array([ranking.ranks[0] == 1 for ranking in rankings]))
    return Curve(tuple(measures.LEVELS.tolist()), tuple(precision.tolist()))
