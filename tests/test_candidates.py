"""Candidate search on real FAISS, against plain NumPy."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import clustered, nearest, stored

from imsearch.vectors import building
from imsearch.vectors.building import build
from imsearch.vectors.candidates import Base, Candidates, Stamp

COUNT, DIMENSIONS = 8000, 96


class Matrix:
    """Vectors in memory as a source to build from."""

    def __init__(self, ids: np.ndarray, matrix: np.ndarray) -> None:
        self._ids, self._matrix = ids, matrix

    def ids(self) -> np.ndarray:
        return self._ids

    def vectors(self, ids: np.ndarray) -> np.ndarray:
        return self._matrix[np.searchsorted(self._ids, ids)]

    def pages(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for at in range(0, len(self._ids), 1000):
            yield self._ids[at : at + 1000], self._matrix[at : at + 1000]


def base_of(matrix: np.ndarray, ids: np.ndarray) -> Base:
    return build(Matrix(ids, matrix), Stamp("print", matrix.shape[1], 0, 0))


def random_unit(count: int, dimensions: int, seed: int) -> np.ndarray:
    return stored(np.random.default_rng(seed).normal(size=(count, dimensions)))


@settings(max_examples=80, deadline=None)
@given(
    count=st.integers(1, 120),
    in_base=st.floats(0, 1),
    dimensions=st.sampled_from([1, 7, 16, 48, 1280]),
    k=st.integers(1, 150),
    seed=st.integers(0, 1000),
    share=st.sampled_from([None, 0.0, 0.02, 0.5, 1.0]),
    gone=st.sampled_from([0.0, 0.1, 0.9]),
)
def test_few_vectors_are_searched_exactly(
    count: int, in_base: float, dimensions: int, k: int, seed: int, share: float | None, gone: float
) -> None:
    rng = np.random.default_rng(seed)
    matrix = random_unit(count, dimensions, seed)
    ids = np.sort(rng.choice(10 * count, count, replace=False)).astype(np.int64) + 1
    split = round(in_base * count)
    candidates = Candidates(dimensions, base_of(matrix[:split], ids[:split]) if split else None)
    if split < count:
        candidates.add(ids[split:], matrix[split:])
    left = rng.random(count) < gone
    candidates.remove(1, ids[left])
    assert (len(candidates), candidates.departure) == (count - left.sum(), 1)
    allowed = None if share is None else ids[~left & (rng.random(count) < share)]
    kept = ~left if allowed is None else np.isin(ids, allowed)
    probes = random_unit(3, dimensions, seed + 1)
    for probe, found in zip(probes, candidates.search(probes, k, allowed), strict=True):
        assert len(set(found)) == len(found)
        assert set(found) <= set(ids[kept])
        scores = dict(zip(ids, matrix @ probe / np.linalg.norm(matrix, axis=1), strict=True))
        expected = sorted((scores[id_] for id_ in ids[kept]), reverse=True)[:k]
        best = sorted((scores[id_] for id_ in found), reverse=True)[:k]
        np.testing.assert_allclose(best, expected, atol=1e-5)  # ties in any order


@pytest.fixture(scope="module")
def many() -> tuple[np.ndarray, np.ndarray]:
    return np.arange(1, 3 * COUNT + 1, 3, dtype=np.int64), clustered(COUNT, DIMENSIONS)


@pytest.fixture(scope="module")
def base(many: tuple[np.ndarray, np.ndarray]) -> Base:
    """An approximate base, as larger libraries have, of few enough vectors for a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "EXACT_BYTES", 1 << 19)
        return base_of(many[1], many[0])


@pytest.fixture(scope="module")
def probes() -> np.ndarray:
    return clustered(60, DIMENSIONS, seed=5)


def recall(candidates: Candidates, ids: np.ndarray, matrix: np.ndarray, probes: np.ndarray, allowed=None) -> float:
    kept = np.ones(len(ids), bool) if allowed is None else np.isin(ids, allowed)
    hits = total = 0
    for probe, found in zip(probes, candidates.search(probes, 10, allowed), strict=True):
        expected = nearest(matrix[kept], ids[kept], probe, 10)
        assert set(found) <= set(ids[kept].tolist())
        hits += len(expected & set(found.tolist()))
        total += len(expected)
    return hits / total


def test_many_vectors_are_searched_by_a_measured_plan(many: tuple, base: Base, probes: np.ndarray) -> None:
    plan = base.plan
    assert not plan.exact
    assert plan.lists == building.lists_for(COUNT) == 256
    assert plan.recall is not None
    assert plan.recall >= 0.99
    assert plan.measured_with == building.PROBES // 2
    assert plan.trained_on == COUNT
    assert base.stamp.highest == many[0][-1]
    assert recall(Candidates(DIMENSIONS, base), *many, probes) >= 0.99
    assert plan.probed < plan.lists / 2, "it looks into nearly everything"


def test_one_probe_gets_what_many_get(base: Base, probes: np.ndarray) -> None:
    candidates = Candidates(DIMENSIONS, base)
    for probe, found in zip(probes, candidates.search(probes, 10), strict=True):
        assert set(candidates.search(probe[None], 10)[0]) == set(found)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("far", [False, True])
def test_filters_lose_no_hits(many: tuple, base: Base, probes: np.ndarray, share: float, far: bool) -> None:
    """Also where all that they leave is far away from the probe."""
    ids, matrix = many
    order = np.argsort(matrix @ probes[0]) if far else np.random.default_rng(3).permutation(COUNT)
    allowed = ids[np.sort(order[: max(10, int(share * COUNT))])]
    asked = probes[:1] if far else probes
    assert recall(Candidates(DIMENSIONS, base), ids, matrix, asked, allowed) >= 0.99


def test_what_came_and_left_since_is_seen(many: tuple, base: Base, probes: np.ndarray) -> None:
    ids, matrix = many
    candidates = Candidates(DIMENSIONS, base)
    new_ids, new = np.arange(ids[-1] + 1, ids[-1] + 61), probes
    candidates.add(new_ids, new)
    for probe, found, id_ in zip(probes, candidates.search(probes, 10), new_ids, strict=True):
        assert nearest(new, new_ids, probe, 1) == {id_}
        assert id_ in found
    left = np.concatenate([new_ids[:30], ids[::3]])
    candidates.remove(7, left)
    assert candidates.pending == 60 + len(left)
    all_ids, everything = np.concatenate([ids, new_ids]), np.concatenate([matrix, new])
    stays = ~np.isin(all_ids, left)
    assert len(candidates) == stays.sum()
    assert recall(candidates, all_ids[stays], everything[stays], probes) >= 0.99


def test_more_hits_take_more_candidates(many: tuple, base: Base, probes: np.ndarray) -> None:
    ids, matrix = many
    candidates = Candidates(DIMENSIONS, base)
    (found,) = candidates.search(probes[:1], 500)
    assert len(nearest(matrix, ids, probes[0], 500) & set(found.tolist())) >= 495
    (found,) = candidates.search(probes[:1], COUNT)
    assert set(found) == set(ids)


def test_a_saved_base_answers_alike(base: Base, probes: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "c.faiss"
    base.save(path)
    assert [each.name for each in tmp_path.iterdir()] == ["c.faiss"]
    expected = Candidates(DIMENSIONS, base).search(probes, 10)
    for mapped in (True, False):
        again = Base.open(path, "print", DIMENSIONS, mapped=mapped)
        assert again is not None
        assert (again.plan, again.stamp, len(again.codes)) == (base.plan, base.stamp, COUNT)
        for one, other in zip(expected, Candidates(DIMENSIONS, again).search(probes, 10), strict=True):
            assert set(one) == set(other)
    assert path.stat().st_size / COUNT <= base.codes.bytes_per_vector + 40  # lists and axes weigh more on few vectors
    assert base.codes.bytes_per_vector == base.plan.components + 8


def test_an_opened_base_can_be_added_to(many: tuple, base: Base, probes: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "c.faiss"
    base.save(path)
    again = Base.open(path, "print", DIMENSIONS, mapped=False)
    assert again is not None
    again.codes.remove(many[0][:4000])
    again.codes.add(np.arange(10**6, 10**6 + len(probes)), probes)
    replace(again, stamp=Stamp("print", DIMENSIONS, 10**6 + len(probes), 9)).save(path)
    more = Base.open(path, "print", DIMENSIONS)
    assert more is not None
    assert len(more.codes) == COUNT - 4000 + len(probes)
    for at, found in enumerate(Candidates(DIMENSIONS, more).search(probes, 1)):
        assert 10**6 + at in found
        assert not set(found) & set(many[0][:4000])


@pytest.mark.skipif(os.name != "posix", reason="such names are only there on POSIX")
def test_a_file_may_have_a_name_that_is_not_utf_8(base: Base, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    base.save(folder / "c.faiss")
    for mapped in (True, False):
        again = Base.open(folder / "c.faiss", "print", DIMENSIONS, mapped=mapped)
        assert again is not None
        assert len(again.codes) == COUNT


@pytest.mark.parametrize("at", [0, 20, 200, -1, -12, -40])
def test_a_damaged_file_is_dropped(base: Base, tmp_path: Path, at: int) -> None:
    path = tmp_path / "c.faiss"
    base.save(path)
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    assert Base.open(path, "print", DIMENSIONS) is None


def test_files_that_do_not_fit_are_dropped(base: Base, tmp_path: Path) -> None:
    path = tmp_path / "c.faiss"
    base.save(path)
    whole = path.read_bytes()
    assert Base.open(path, "print", DIMENSIONS + 1) is None
    assert Base.open(path, "another", DIMENSIONS) is None
    assert Base.open(tmp_path / "none", "print", DIMENSIONS) is None
    for data in (b"", b"short", whole[:-1], whole[: len(whole) // 2], whole + b"x", b"x" * 1000):
        path.write_bytes(data)
        assert Base.open(path, "print", DIMENSIONS) is None
