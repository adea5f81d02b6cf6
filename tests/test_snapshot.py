"""Snapshots and their layers on real FAISS, against plain NumPy."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import clustered, nearest, stored

from imsearch.vectors import tuning
from imsearch.vectors.layers import Layers
from imsearch.vectors.snapshot import Snapshot, SnapshotStamp
from imsearch.vectors.tuning import build

Many = tuple[np.ndarray, np.ndarray]
"""Ids, and their vectors."""

COUNT, DIMENSIONS = 8000, 96


class Matrix:
    """Vectors in memory as a source of vectors, of which some come late and some leave."""

    fingerprint = "print"

    def __init__(self, ids: np.ndarray, matrix: np.ndarray) -> None:
        self._ids, self._matrix = ids, matrix
        self._left = np.empty(0, np.int64)

    @property
    def dimensions(self) -> int:
        return int(self._matrix.shape[1])

    def count(self) -> int:
        return len(self._ids)

    def latest(self) -> int:
        return int(self._ids.max(initial=0))

    def ids(self) -> np.ndarray:
        return self._ids

    def vectors(self, ids: np.ndarray) -> Iterator[Many]:
        there = np.intersect1d(ids, self._ids)
        yield there, self._matrix[np.searchsorted(self._ids, there)]

    def pages(self, after: int = 0) -> Iterator[Many]:
        first = int(np.searchsorted(self._ids, after, side="right"))
        for at in range(first, len(self._ids), 1000):
            yield self._ids[at : at + 1000], self._matrix[at : at + 1000]

    def departures_after(self, number: int) -> tuple[int, np.ndarray]:
        return max(number, len(self._left)), self._left[number:]

    def add(self, ids: np.ndarray, matrix: np.ndarray) -> None:
        self._ids, self._matrix = np.concatenate([self._ids, ids]), np.concatenate([self._matrix, matrix])

    def remove(self, ids: np.ndarray) -> None:
        stays = ~np.isin(self._ids, ids)
        self._ids, self._matrix = self._ids[stays], self._matrix[stays]
        self._left = np.concatenate([self._left, ids])


class Ids:
    """A selection of ids."""

    def __init__(self, ids: np.ndarray) -> None:
        self._ids = ids

    def estimate(self) -> int:
        return len(self._ids)

    def ids(self) -> np.ndarray:
        return self._ids


def snapshot_of(matrix: np.ndarray, ids: np.ndarray) -> Snapshot:
    return build(Matrix(ids, matrix))


def random_unit(count: int, dimensions: int, seed: int) -> np.ndarray:
    return stored(np.random.default_rng(seed).normal(size=(count, dimensions)))


@settings(max_examples=80, deadline=None)
@given(
    count=st.integers(1, 120),
    in_snapshot=st.floats(0, 1),
    dimensions=st.sampled_from([1, 7, 16, 48, 1280]),
    k=st.integers(1, 150),
    seed=st.integers(0, 1000),
    share=st.sampled_from([None, 0.0, 0.02, 0.5, 1.0]),
    gone=st.sampled_from([0.0, 0.1, 0.9]),
)
def test_few_vectors_are_searched_exactly(
    count: int, in_snapshot: float, dimensions: int, k: int, seed: int, share: float | None, gone: float
) -> None:
    rng = np.random.default_rng(seed)
    matrix = random_unit(count, dimensions, seed)
    ids = np.sort(rng.choice(10 * count, count, replace=False)).astype(np.int64) + 1
    split = round(in_snapshot * count)
    source = Matrix(ids[:split], matrix[:split])
    layers = Layers(dimensions, build(source) if split else None)
    layers.catch_up(source, source.latest())
    source.add(ids[split:], matrix[split:])
    layers.catch_up(source, source.latest())
    left = rng.random(count) < gone
    source.remove(ids[left])
    layers.catch_up(source, source.latest())
    assert len(layers) == count - left.sum()
    allowed = None if share is None else ids[~left & (rng.random(count) < share)]
    kept = ~left if allowed is None else np.isin(ids, allowed)
    probes = random_unit(3, dimensions, seed + 1)
    for probe, found in zip(probes, layers.search(probes, k, None if allowed is None else Ids(allowed)), strict=True):
        assert len(set(found)) == len(found)
        assert set(found) <= set(ids[kept])
        scores = dict(zip(ids, matrix @ probe / np.linalg.norm(matrix, axis=1), strict=True))
        expected = sorted((scores[id_] for id_ in ids[kept]), reverse=True)[:k]
        best = sorted((scores[id_] for id_ in found), reverse=True)[:k]
        np.testing.assert_allclose(best, expected, atol=1e-5)  # ties in any order


@pytest.fixture(scope="module")
def many() -> Many:
    return np.arange(1, 3 * COUNT + 1, 3, dtype=np.int64), clustered(COUNT, DIMENSIONS)


@pytest.fixture(scope="module")
def snapshot(many: Many) -> Snapshot:
    """An approximate snapshot, as larger libraries have, of few enough vectors for a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "EXACT_BYTES", 1 << 19)
        return snapshot_of(many[1], many[0])


@pytest.fixture(scope="module")
def probes() -> np.ndarray:
    return clustered(60, DIMENSIONS, seed=5)


def recall(
    layers: Layers, ids: np.ndarray, matrix: np.ndarray, probes: np.ndarray, allowed: np.ndarray | None = None
) -> float:
    kept = np.ones(len(ids), bool) if allowed is None else np.isin(ids, allowed)
    hits = total = 0
    for probe, found in zip(probes, layers.search(probes, 10, None if allowed is None else Ids(allowed)), strict=True):
        expected = nearest(matrix[kept], ids[kept], probe, 10)
        assert set(found) <= set(ids[kept].tolist())
        hits += len(expected & set(found.tolist()))
        total += len(expected)
    return hits / total


def test_many_vectors_are_searched_by_a_measured_plan(many: Many, snapshot: Snapshot, probes: np.ndarray) -> None:
    plan = snapshot.plan
    assert not plan.exact
    assert plan.lists == tuning.lists_for(COUNT) == 256
    assert plan.recall is not None
    assert plan.recall >= 0.99
    assert plan.measured_with == tuning.PROBES // 2
    assert plan.trained_on == COUNT
    assert snapshot.stamp.highest == many[0][-1]
    assert recall(Layers(DIMENSIONS, snapshot), *many, probes) >= 0.99
    assert plan.probed < plan.lists / 2, "it looks into nearly everything"


def test_one_probe_gets_what_many_get(snapshot: Snapshot, probes: np.ndarray) -> None:
    layers = Layers(DIMENSIONS, snapshot)
    for probe, found in zip(probes, layers.search(probes, 10), strict=True):
        assert set(layers.search(probe[None], 10)[0]) == set(found)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("far", [False, True])
def test_filters_lose_no_hits(many: Many, snapshot: Snapshot, probes: np.ndarray, share: float, far: bool) -> None:
    """Also where all that they leave is far away from the probe."""
    ids, matrix = many
    order = np.argsort(matrix @ probes[0]) if far else np.random.default_rng(3).permutation(COUNT)
    allowed = ids[np.sort(order[: max(10, int(share * COUNT))])]
    asked = probes[:1] if far else probes
    assert recall(Layers(DIMENSIONS, snapshot), ids, matrix, asked, allowed) >= 0.99


def test_what_came_and_left_since_is_seen(many: Many, snapshot: Snapshot, probes: np.ndarray) -> None:
    ids, matrix = many
    source, layers = Matrix(ids, matrix), Layers(DIMENSIONS, snapshot)
    new_ids, new = np.arange(ids[-1] + 1, ids[-1] + 61), probes
    source.add(new_ids, new)
    layers.catch_up(source, source.latest())
    for probe, found, id_ in zip(probes, layers.search(probes, 10), new_ids, strict=True):
        assert nearest(new, new_ids, probe, 1) == {id_}
        assert id_ in found
    left = np.concatenate([new_ids[:30], ids[::3]])
    source.remove(left)
    layers.catch_up(source, source.latest())
    assert layers.pending == 60 + len(left)
    all_ids, everything = np.concatenate([ids, new_ids]), np.concatenate([matrix, new])
    stays = ~np.isin(all_ids, left)
    assert len(layers) == stays.sum()
    assert recall(layers, all_ids[stays], everything[stays], probes) >= 0.99
    layers.catch_up(source, source.latest())
    assert layers.pending == 60 + len(left), "nothing is taken in twice"


def test_more_hits_take_more_candidates(many: Many, snapshot: Snapshot, probes: np.ndarray) -> None:
    ids, matrix = many
    layers = Layers(DIMENSIONS, snapshot)
    (found,) = layers.search(probes[:1], 500)
    assert len(nearest(matrix, ids, probes[0], 500) & set(found.tolist())) >= 495
    (found,) = layers.search(probes[:1], COUNT)
    assert set(found) == set(ids)


def test_a_saved_snapshot_answers_alike(snapshot: Snapshot, probes: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "c.faiss"
    snapshot.save(path)
    assert [each.name for each in tmp_path.iterdir()] == ["c.faiss"]
    expected = Layers(DIMENSIONS, snapshot).search(probes, 10)
    for mapped in (True, False):
        again = Snapshot.open(path, "print", DIMENSIONS, mapped=mapped)
        assert again is not None
        assert (again.plan, again.stamp, len(again.codes)) == (snapshot.plan, snapshot.stamp, COUNT)
        for one, other in zip(expected, Layers(DIMENSIONS, again).search(probes, 10), strict=True):
            assert set(one) == set(other)
    assert (
        path.stat().st_size / COUNT <= snapshot.codes.bytes_per_vector + 40
    )  # lists and axes weigh more on few vectors
    assert snapshot.codes.bytes_per_vector == snapshot.plan.components + 8


def test_an_opened_snapshot_can_be_added_to(many: Many, snapshot: Snapshot, probes: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "c.faiss"
    snapshot.save(path)
    again = Snapshot.open(path, "print", DIMENSIONS, mapped=False)
    assert again is not None
    again.codes.remove(many[0][:4000])
    again.codes.add(np.arange(10**6, 10**6 + len(probes)), probes)
    replace(again, stamp=SnapshotStamp("print", DIMENSIONS, 10**6 + len(probes), 9)).save(path)
    more = Snapshot.open(path, "print", DIMENSIONS)
    assert more is not None
    assert len(more.codes) == COUNT - 4000 + len(probes)
    for at, found in enumerate(Layers(DIMENSIONS, more).search(probes, 1)):
        assert 10**6 + at in found
        assert not set(found) & set(many[0][:4000])


@pytest.mark.skipif(os.name != "posix", reason="such names are only there on POSIX")
def test_a_file_may_have_a_name_that_is_not_utf_8(snapshot: Snapshot, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    snapshot.save(folder / "c.faiss")
    for mapped in (True, False):
        again = Snapshot.open(folder / "c.faiss", "print", DIMENSIONS, mapped=mapped)
        assert again is not None
        assert len(again.codes) == COUNT


@pytest.mark.parametrize("at", [0, 20, 200, -1, -12, -40])
def test_a_damaged_file_is_dropped(snapshot: Snapshot, tmp_path: Path, at: int) -> None:
    path = tmp_path / "c.faiss"
    snapshot.save(path)
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    assert Snapshot.open(path, "print", DIMENSIONS) is None


def test_files_that_do_not_fit_are_dropped(snapshot: Snapshot, tmp_path: Path) -> None:
    path = tmp_path / "c.faiss"
    snapshot.save(path)
    whole = path.read_bytes()
    assert Snapshot.open(path, "print", DIMENSIONS + 1) is None
    assert Snapshot.open(path, "another", DIMENSIONS) is None
    assert Snapshot.open(tmp_path / "none", "print", DIMENSIONS) is None
    footer = int.from_bytes(whole[-16:-8], "little")
    for length in (
        0,
        footer - 1,
        footer + 1,
        2**40,
        2**63,
        2**64 - 1,
    ):  # what the file says of its footer is not believed
        path.write_bytes(whole[:-16] + length.to_bytes(8, "little") + whole[-8:])
        assert Snapshot.open(path, "print", DIMENSIONS) is None, length
    codes, end = whole[: -16 - footer], whole[-16 - footer :]
    for data in (codes[:-8] + end, codes + bytes(8) + end):  # codes that are missing, or too many
        path.write_bytes(data)
        assert Snapshot.open(path, "print", DIMENSIONS) is None
    for data in (b"", b"short", whole[:-1], whole[: len(whole) // 2], whole + b"x", b"x" * 1000):
        path.write_bytes(data)
        assert Snapshot.open(path, "print", DIMENSIONS) is None
