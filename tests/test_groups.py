"""Pairs to groups: whatever the order, a partition, and never against a decision."""

from itertools import combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from imsearch.duplicates.groups import Pair, Rounds, connected, grouped, reached

PICTURES = 9
ENDS = list(combinations(range(PICTURES), 2))


@st.composite
def some_pairs(draw: st.DrawFn) -> list[Pair]:
    ends = draw(st.lists(st.sampled_from(ENDS), unique=True, max_size=20))
    return [Pair(*each, draw(st.sampled_from([0.8, 0.85, 0.9]))) for each in ends]


decisions = st.sets(st.sampled_from(ENDS), max_size=5)


def plainly(pairs: list[Pair]) -> set[frozenset[int]]:
    """Groups of two or more by following every pair until nothing changes."""
    groups = {frozenset([picture]) for pair in pairs for picture in pair[:2]}
    for first, second, *_ in pairs:
        touched = {group for group in groups if first in group or second in group}
        groups = groups - touched | {frozenset().union(*touched)}
    return {group for group in groups if len(group) > 1}


@given(some_pairs())
def test_without_decisions_a_group_is_what_chains_join(pairs: list[Pair]) -> None:
    groups = grouped(pairs)
    assert {frozenset(group) for group in groups} == plainly(pairs)
    members = [picture for group in groups for picture in group]
    assert len(members) == len(set(members))
    assert groups == sorted(sorted(group) for group in groups)


@given(some_pairs(), decisions, st.randoms(use_true_random=False))
def test_the_order_of_pairs_does_not_matter(pairs: list[Pair], different: set[tuple[int, int]], random: Random) -> None:
    shuffled = random.sample(pairs, len(pairs))
    assert grouped(shuffled, different) == grouped(pairs, different)


@given(some_pairs(), decisions)
def test_decisions_are_respected_and_split_no_more_than_they_must(
    pairs: list[Pair], different: set[tuple[int, int]]
) -> None:
    groups = [set(group) for group in grouped(pairs, different)]
    assert not any({*pair} <= group for group in groups for pair in different)
    group_of = {picture: group for group in groups for picture in group}
    for first, second, *_ in pairs:  # two that a pair joins are apart only where a decision lies between their groups
        one, other = group_of.get(first, {first}), group_of.get(second, {second})
        if one != other:
            assert any({*pair} & one and {*pair} & other for pair in different)


def test_of_a_chain_against_a_decision_the_weakest_link_gives() -> None:
    chain = [Pair(1, 2, 0.99), Pair(2, 3, 0.80), Pair(3, 4, 0.95)]
    assert grouped(chain, [(1, 4)]) == [[1, 2], [3, 4]]
    assert grouped(chain, [(4, 1), (1, 2)]) == [[2, 3, 4]]


@given(some_pairs(), decisions, st.sets(st.sampled_from(ENDS)), st.randoms(use_true_random=False))
def test_what_is_not_judged_would_change_nothing(
    pairs: list[Pair], different: set[tuple[int, int]], copies: set[tuple[int, int]], random: Random
) -> None:
    rounds = Rounds(random.sample(pairs, len(pairs)), different)
    asked: list[Pair] = []
    while some := rounds.next_round():
        asked += some
        rounds.settle(some, [pair[:2] in copies for pair in some])
    everything = [pair for pair in pairs if pair[:2] in copies]
    assert grouped(rounds.copies, different) == grouped(everything, different)
    assert len(asked) == len(set(asked))
    assert set(rounds.copies) <= set(everything)


def test_copies_of_one_picture_cost_a_pair_each() -> None:
    rounds = Rounds([Pair(*ends, 0.9) for ends in combinations(range(20), 2)])
    asked = rounds.next_round()
    rounds.settle(asked, [True] * len(asked))
    assert rounds.next_round() == []
    assert grouped(rounds.copies) == [list(range(20))]
    assert len(asked) == 19


@given(some_pairs(), st.sets(st.integers(0, PICTURES - 1)))
def test_what_chains_lead_to_is_reached(pairs: list[Pair], pictures: set[int]) -> None:
    groups = [group for group in plainly(pairs) if group & pictures]
    assert reached(pairs, pictures) == [pair for pair in pairs if any(pair.first in group for group in groups)]


def test_a_long_chain_is_no_deep_recursion() -> None:
    chain = [Pair(number, number + 1, 0.9) for number in range(20_000)]
    assert connected(chain).members() == [list(range(20_001))]
