"""Near pairs, against comparing all with all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from vectors import clustered, stored

from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import NewContent, NewFile
from imsearch.catalog.space import VectorSpace
from imsearch.catalog.writer import CatalogWriter
from imsearch.duplicates import pairs as neighbours
from imsearch.duplicates.pairs import near_pairs
from imsearch.types.events import Compared, Event
from imsearch.vectors.faiss_index import FaissIndex

DIMENSIONS = 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CatalogWriter]:
    opened = CatalogWriter.create(tmp_path)
    yield opened
    opened.close()


def fill(store: CatalogWriter, folder: Path, matrix: np.ndarray) -> VectorSpace:
    store.add_space("model", "print", matrix.shape[1], "f32")
    (space,) = CatalogReader(folder).spaces()
    digests = [number.to_bytes(32, "big") for number in range(len(matrix))]
    store.write(
        [NewFile(b"/p/%06d" % number, 1, 1, digest) for number, digest in enumerate(digests)],
        [NewContent(digest, 1, 4, 3, "jpeg", None, row) for digest, row in zip(digests, matrix, strict=True)],
        space,
    )
    return space


def plainly(matrix: np.ndarray, ids: np.ndarray, k: int, least: float) -> dict[tuple[int, int], float]:
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    scores = unit @ unit.T
    np.fill_diagonal(scores, -2)
    found = {}
    for row, all_scores in enumerate(scores):
        for column in np.argsort(-all_scores)[:k]:
            if all_scores[column] >= least:
                found[min(ids[row], ids[column]), max(ids[row], ids[column])] = all_scores[column]
    return found


def copies_among(count: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    rows = clustered(count, DIMENSIONS)
    return stored(np.concatenate([rows, rows[: count // 4] + 0.03 * rng.normal(size=(count // 4, DIMENSIONS))]))


@pytest.mark.parametrize("exact", [True, False], ids=["multiplied", "searched"])
@pytest.mark.parametrize(("k", "least"), [(1, -1.0), (3, 0.8), (5, 0.9)])
def test_pairs_are_those_of_plain_comparison(
    store: CatalogWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: bool, k: int, least: float
) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", 100)
    monkeypatch.setattr(neighbours, "PROBES", 60)
    monkeypatch.setattr("imsearch.catalog.space.PAGE", 130)
    if not exact:
        monkeypatch.setattr(neighbours, "wants_exact", lambda count, dimensions: False)
    matrix = copies_among(360)
    space = fill(store, tmp_path, matrix)

    events: list[Event] = []
    index = FaissIndex(space, tmp_path / "vectors.faiss")
    near = near_pairs(space, index, events.append, k=k, least=least)
    ids = np.sort(space.ids())
    expected = plainly(matrix, ids, k, least)
    found = dict(zip(zip(near.first.tolist(), near.second.tolist(), strict=True), near.scores.tolist(), strict=True))
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=1e-5)
    steps = [event.done for event in events if isinstance(event, Compared)]
    assert events[-1] == Compared(450, 450)
    assert len(steps) == len(events)
    assert steps == sorted(steps)


def test_few_vectors_and_none(store: CatalogWriter, tmp_path: Path) -> None:
    space = fill(store, tmp_path, clustered(2, DIMENSIONS))
    index = FaissIndex(space, tmp_path / "vectors.faiss")
    events: list[Event] = []
    near = near_pairs(space, index, events.append, k=5, least=-1)
    assert list(zip(near.first.tolist(), near.second.tolist(), strict=True)) == [(1, 2)]
    assert [pair[:2] for pair in near.contents(space)] == [(1, 2)]
    store.remove_files([b"/p/000000"])
    assert near.contents(space) == []  # as one of them has left since
    store.remove_files([b"/p/000001"])
    near = near_pairs(space, index, events.append, k=5, least=-1)
    assert len(near) == 0
    assert near.contents(space) == []
