"""Pairs that are kept between searches: only those of new contents are searched for, whatever their ids are now."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from imsearch.duplicates.known_pairs import KnownPairs
from imsearch.duplicates.pairs import NearPairs, united

Digests = dict[int, bytes]


def digest(name: str) -> bytes:
    return name.encode().rjust(32, b"-")[::-1]


class Search:
    """Pairs each content that it is asked for with all others, and remembers what it was asked for."""

    def __init__(self, digests: Digests) -> None:
        self.digests = digests
        self.asked: list[int] = []

    def __call__(self, of: NDArray[np.int64]) -> NearPairs:
        self.asked += of.tolist()
        ends = [(one, other) for one in of.tolist() for other in self.digests if one != other]
        first, second = np.array(ends, np.int64).reshape(-1, 2).T
        return united([NearPairs(first, second, (first + second).astype(np.float32))])


def found(known: KnownPairs, digests: Digests, k: int = 3) -> tuple[set[frozenset[bytes]], list[int]]:
    """The pairs of these contents by their digests, and the contents that were searched for."""
    search = Search(digests)
    pairs = known.content_pairs("word", (k,), digests, search).pairs()
    assert all(pair.first < pair.second for pair in pairs)
    return {frozenset((digests[pair.first], digests[pair.second])) for pair in pairs}, search.asked


def all_pairs(digests: Digests) -> set[frozenset[bytes]]:
    return {frozenset((one, other)) for one in digests.values() for other in digests.values() if one != other}


def test_only_new_contents_are_searched_for(tmp_path: Path) -> None:
    known = KnownPairs(tmp_path)
    digests = {number: digest(f"{number}") for number in (5, 2, 9)}
    assert found(known, digests) == (all_pairs(digests), [5, 2, 9])
    assert found(known, digests) == (all_pairs(digests), [])
    more = {**digests, 7: digest("7")}
    assert found(KnownPairs(tmp_path), more) == (all_pairs(more), [7])


def test_contents_are_known_by_their_bytes_as_ids_are_used_again(tmp_path: Path) -> None:
    known = KnownPairs(tmp_path)
    before = {1: digest("a"), 2: digest("b"), 3: digest("c")}
    found(known, before)
    after = {2: digest("a"), 3: digest("d"), 8: digest("b")}  # c has gone, and d has its id
    assert found(known, after) == (all_pairs(after), [3])


@pytest.mark.parametrize("damage", ["settings", "file"])
def test_pairs_are_found_anew_with_other_settings_or_after_damage(tmp_path: Path, damage: str) -> None:
    known = KnownPairs(tmp_path)
    digests = {1: digest("a"), 2: digest("b")}
    found(known, digests)
    if damage == "file":
        (tmp_path / "word-pairs.npz").write_bytes(b"nothing")
    assert found(known, digests, k=4 if damage == "settings" else 3) == (all_pairs(digests), [1, 2])


def test_where_nothing_can_be_kept_pairs_are_found_all_the_same(tmp_path: Path) -> None:
    known = KnownPairs(tmp_path / "missing")
    digests = {1: digest("a"), 2: digest("b")}
    assert found(known, digests) == found(known, digests) == (all_pairs(digests), [1, 2])


names = st.lists(st.integers(1, 20), unique=True, max_size=12)


@given(names, names, st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), max_size=20))
def test_pairs_are_renamed_as_by_a_dictionary(old: list[int], new: list[int], ends: list[tuple[int, int]]) -> None:
    count = min(len(old), len(new))
    old, new = old[:count], new[:count]
    first, second = np.array(ends, np.int64).reshape(-1, 2).T
    pairs = NearPairs(first, second, np.arange(len(ends), dtype=np.float32))
    names = dict(zip(old, new, strict=True))
    expected = [
        (*sorted((names[one], names[other])), float(at))
        for at, (one, other) in enumerate(ends)
        if one in names and other in names
    ]
    renamed = pairs.renamed(np.array(old, np.int64), np.array(new, np.int64))
    assert [pair[:3] for pair in renamed.pairs()] == expected
