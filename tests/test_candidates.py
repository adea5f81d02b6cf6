"""Candidate search on real FAISS, against plain NumPy."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imsearch.vectors.candidates import Candidates


def vectors(count: int, dimensions: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def filled(matrix: np.ndarray, ids: np.ndarray) -> Candidates:
    candidates = Candidates(matrix.shape[1], "print")
    candidates.add(ids, matrix)
    return candidates


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 120),
    dimensions=st.sampled_from([1, 7, 16, 48, 1280]),
    k=st.integers(1, 150),
    seed=st.integers(0, 1000),
    share=st.sampled_from([None, 0.0, 0.02, 0.5, 1.0]),
)
def test_it_finds_what_numpy_finds(count: int, dimensions: int, k: int, seed: int, share: float | None) -> None:
    rng = np.random.default_rng(seed)
    matrix = vectors(count, dimensions, seed)
    ids = np.sort(rng.choice(10 * count, count, replace=False)).astype(np.int64) + 1
    probes = vectors(3, dimensions, seed + 1)
    allowed = None if share is None else ids[rng.random(count) < share]
    kept = np.ones(count, bool) if allowed is None else np.isin(ids, allowed)
    for probe, found in zip(probes, filled(matrix, ids).search(probes, k, allowed), strict=True):
        scores = dict(zip(ids, matrix @ probe, strict=True))
        expected = sorted((scores[id_] for id_ in ids[kept]), reverse=True)[:k]
        assert len(set(found)) == len(found)
        assert set(found) <= set(ids[kept])
        np.testing.assert_allclose([scores[id_] for id_ in found], expected, atol=1e-5)  # ties in any order


def test_it_grows(tmp_path: Path) -> None:
    matrix = vectors(20, 8)
    candidates = filled(matrix[:10], np.arange(1, 11))
    candidates.add(np.arange(11, 21), matrix[10:])
    assert len(candidates) == 20
    assert candidates.highest == 20
    assert [row[0] for row in candidates.search(matrix, 1)] == list(range(1, 21))


def test_a_saved_index_answers_alike(tmp_path: Path) -> None:
    matrix = vectors(50, 8)
    candidates = filled(matrix, np.arange(5, 55))
    candidates.save(tmp_path / "c.faiss")
    again = Candidates.load(tmp_path / "c.faiss", 8, "print")
    assert again is not None
    assert (len(again), again.highest) == (50, 54)
    for one, other in zip(candidates.search(matrix, 7), again.search(matrix, 7), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [path.name for path in tmp_path.iterdir()] == ["c.faiss"]


@pytest.mark.parametrize("at", [0, 20, 200, -1])
def test_a_damaged_file_is_dropped(tmp_path: Path, at: int) -> None:
    path = tmp_path / "c.faiss"
    filled(vectors(50, 8), np.arange(1, 51)).save(path)
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    assert Candidates.load(path, 8, "print") is None


def test_files_that_do_not_fit_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "c.faiss"
    filled(vectors(50, 8), np.arange(1, 51)).save(path)
    whole = path.read_bytes()
    assert Candidates.load(path, 9, "print") is None
    assert Candidates.load(path, 8, "another") is None
    assert Candidates.load(tmp_path / "none", 8, "print") is None
    for data in (b"", whole[: len(whole) // 2], b"[]\n", b'{"format": 1}\n'):
        path.write_bytes(data)
        assert Candidates.load(path, 8, "print") is None
