"""Measures of rankings beside the plainest code for the same definition, and what must hold of any of them."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsearch.evaluation import measures

rankings = st.lists(st.booleans(), min_size=1, max_size=40).filter(any)
"""Whether each hit is right, best first."""


def ranks_of(ranking: list[bool]) -> np.ndarray:
    return np.flatnonzero(ranking) + 1


def precision_of(first: list[bool]) -> float:
    return sum(first) / len(first)


def plain_average_precision(ranking: list[bool]) -> float:
    at_right = [precision_of(ranking[:rank]) for rank, right in enumerate(ranking, 1) if right]
    return sum(at_right) / sum(ranking)


def plain_curve(ranking: list[bool], total: int) -> list[float]:
    """Interpolated precision: the best one of any rank whose recall is as high, 0 if none is."""
    levels = [at / 100 for at in range(101)]
    ranks = range(1, len(ranking) + 1)
    return [
        max((precision_of(ranking[:rank]) for rank in ranks if sum(ranking[:rank]) >= level * total - 1e-9), default=0)
        for level in levels
    ]


@given(rankings)
def test_measures_equal_plain_code(ranking: list[bool]) -> None:
    ranks = ranks_of(ranking)
    assert measures.average_precision(ranks) == pytest.approx(plain_average_precision(ranking))
    assert measures.precision_at_1(ranks) == ranking[0]
    for k in (1, 3, 10, 100):
        assert measures.recall_at(k, ranks) == pytest.approx(sum(ranking[:k]) / sum(ranking))
    np.testing.assert_allclose(measures.interpolated_precision(ranks), plain_curve(ranking, sum(ranking)))


@given(rankings)
def test_what_holds_of_every_ranking(ranking: list[bool]) -> None:
    ranks = ranks_of(ranking)
    worst, best = ranks_of(sorted(ranking)), ranks_of(sorted(ranking, reverse=True))
    assert measures.average_precision(best) == 1
    assert measures.average_precision(worst) <= measures.average_precision(ranks) <= 1
    assert measures.average_precision(ranks_of([*ranking, False])) == measures.average_precision(ranks)
    curve = measures.interpolated_precision(ranks)
    assert (np.diff(curve) <= 0).all()
    assert curve[-1] == sum(ranking) / ranks[-1]
    assert measures.average_precision(ranks) <= curve.mean() + 0.02  # interpolation only adds; levels are coarse


@given(
    st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=40).filter(
        lambda pairs: any(right for _, right in pairs)
    ),
    st.randoms(),
)
def test_ranks_are_those_of_sorting_with_the_wrong_first_among_equals(
    pairs: list[tuple[int, bool]], random: Random
) -> None:
    ranking = [right for _, right in sorted(pairs, key=lambda pair: (-pair[0], pair[1]))]
    random.shuffle(pairs)
    scores = np.array([score / 8 for score, _ in pairs], np.float32)
    found = measures.ranks_of_relevant(scores, np.array([right for _, right in pairs]))
    assert found.tolist() == ranks_of(ranking).tolist()
    np.testing.assert_array_equal(
        found, measures.ranks_of_relevant(scores * 3 - 1, np.array([right for _, right in pairs]))
    )


def test_a_model_that_scores_all_alike_is_worst() -> None:
    right = np.array([True, False, True, False])
    assert measures.ranks_of_relevant(np.ones(4, np.float32), right).tolist() == [3, 4]


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=30))
def test_threshold_curve_equals_plain_code(answers: list[tuple[int, bool]]) -> None:
    ranking = [right for _, right in sorted(answers, key=lambda pair: (-pair[0], pair[1]))]
    curve = measures.threshold_curve(
        np.array([score for score, _ in answers], np.float64), np.array([right for _, right in answers])
    )
    np.testing.assert_allclose(curve, plain_curve(ranking, len(ranking)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.integers(1, 4))
def test_intervals_contain_the_mean_and_follow_their_seed(values: list[float], repeated: int) -> None:
    column = np.array(values)
    subjects = np.arange(len(values))
    ((mean, low, high),) = measures.intervals(column[:, None], subjects)
    assert mean == pytest.approx(column.mean())
    assert column.min() - 1e-9 <= low <= mean <= high <= column.max() + 1e-9
    again = measures.intervals(column[:, None], subjects)
    np.testing.assert_array_equal(again, [[mean, low, high]])
    # Asking the same of the same picture again makes nothing surer.
    more = measures.intervals(np.repeat(column, repeated)[:, None], np.repeat(subjects, repeated))
    np.testing.assert_allclose(more, again, atol=1e-9)


def test_intervals_are_as_wide_as_those_of_a_normal_mean() -> None:
    values = np.random.default_rng(5).uniform(size=(2000, 2))
    values[:, 1] /= 2
    intervals = measures.intervals(values, np.arange(2000))
    width = 2 * 1.96 * values.std(axis=0) / np.sqrt(2000)
    np.testing.assert_allclose(intervals[:, 2] - intervals[:, 1], width, rtol=0.1)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    truth, held = 0.7, 0
    for _ in range(200):
        values = (rng.random((80, 1)) < truth).astype(np.float64)
        ((_, low, high),) = measures.intervals(values, np.arange(80))
        held += low <= truth <= high
    assert 0.9 <= held / 200 <= 0.99
