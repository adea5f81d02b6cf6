"""The contract of a vector index, over a real catalog; and when the snapshot of the local one is made.

A second implementation is added to the parameters of the fixture `index`.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from vectors import clustered, nearest

import imsearch
from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import NewContent, NewFile
from imsearch.catalog.space import VectorSpace
from imsearch.catalog.writer import CatalogWriter
from imsearch.types.events import Progress
from imsearch.types.options import Filters
from imsearch.vectors import faiss_index, tuning
from imsearch.vectors.faiss_index import FaissIndex
from imsearch.vectors.follower import Follower
from imsearch.vectors.index import VectorIndex

DIMENSIONS = 32

MATRIX = clustered(5000, DIMENSIONS)


class Catalog:
    """A catalog with one vector space, whose pictures are numbered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer = CatalogWriter.create(folder)
        self.writer.add_space("model", "print", DIMENSIONS, "f32")
        self.reader = CatalogReader(folder)
        (self.space,) = self.reader.spaces()

    def fill(self, begin: int, end: int) -> None:
        digests = {number: number.to_bytes(32, "big") for number in range(begin, end)}
        self.writer.write(
            [NewFile(b"/p/%05d" % number, 1, 1, digest) for number, digest in digests.items()],
            [
                NewContent(digest, 1, number % 40 + 1, 3, "jpeg", None, MATRIX[number])
                for number, digest in digests.items()
            ],
            self.space,
        )

    def drop(self, begin: int, end: int) -> None:
        self.writer.remove_files([b"/p/%05d" % number for number in range(begin, end)])

    def close(self) -> None:
        self.writer.close()
        self.reader.close()


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 1000 vectors are many, and more than 100 pending ones too."""
    monkeypatch.setattr(tuning, "EXACT_BYTES", 1000 * DIMENSIONS * 2)
    monkeypatch.setattr(faiss_index, "PENDING", 100)


def local(catalog: Catalog) -> FaissIndex:
    return FaissIndex(catalog.space, catalog.folder / "vectors.faiss")


@pytest.fixture(params=[local])
def index(request: pytest.FixtureRequest, catalog: Catalog) -> VectorIndex:
    """A new index of each kind."""
    made: VectorIndex = request.param(catalog)
    return made


def check(index: VectorIndex, space: VectorSpace, begin: int, end: int, filters: Filters | None = None) -> None:
    """What is found is what the catalog has: numbers from begin to end that pass filters."""
    index.sync()
    probes = clustered(20, DIMENSIONS, seed=3)
    passing = [number for number in range(begin, end) if filters is None or number % 40 + 1 >= 20]
    there = np.array(passing, np.int64)
    hits = 0
    for probe, found in zip(probes, index.search(probes, 10, space.select(filters or Filters())), strict=True):
        numbers = {int(match.path[3:]) for match in space.matches(found)}
        assert numbers <= set(there.tolist())
        hits += len(numbers & nearest(MATRIX[there], there, probe, 10))
    assert hits >= 0.99 * min(10, len(there)) * len(probes)


# The contract


def test_an_index_knows_after_a_sync_what_came_and_left(index: VectorIndex, catalog: Catalog, small: None) -> None:
    check(index, catalog.space, 0, 0)
    for begin, end, first in ((0, 500, 0), (500, 600, 0), (600, 2500, 400), (2500, 2510, 1900), (2510, 2511, 2500)):
        catalog.fill(begin, end)
        catalog.drop(0, first)
        check(index, catalog.space, first, end)
        index.save(busy=True)
        check(index, catalog.space, first, end)
        index.save()
        check(index, catalog.space, first, end)
    catalog.drop(0, 2511)
    check(index, catalog.space, 0, 0)


def test_a_selection_is_searched_alone(index: VectorIndex, catalog: Catalog, small: None) -> None:
    catalog.fill(0, 1500)
    index.save()
    catalog.fill(1500, 1600)
    check(index, catalog.space, 0, 1600, Filters(min_width=20))
    index.sync()
    (found,) = index.search(MATRIX[:1], 10, catalog.space.select(Filters(min_width=41)))
    assert found.tolist() == []
    selection = catalog.space.select(Filters(min_width=40))
    assert selection is not None
    (found,) = index.search(MATRIX[:1], 50, selection)
    assert set(found) == set(selection.ids())
    assert selection.estimate() == len(selection.ids()) == 40


def test_departures_that_an_index_has_saved_can_be_forgotten(index: VectorIndex, catalog: Catalog, small: None) -> None:
    catalog.fill(0, 3000)
    index.save()
    catalog.drop(0, 50)
    number = index.save()
    assert number is not None
    catalog.writer.forget_departures(number, catalog.space)
    check(index, catalog.space, 50, 3000)
    catalog.drop(50, 1000)
    number = index.save()
    assert number is not None
    catalog.writer.forget_departures(number, catalog.space)
    assert catalog.space.departures_after(0)[1].tolist() == []
    check(index, catalog.space, 1000, 3000)
    catalog.drop(1000, 1010)
    check(index, catalog.space, 1010, 3000)


def test_optimize_makes_it_anew_whatever_its_state(index: VectorIndex, catalog: Catalog, small: None) -> None:
    assert index.info() is None
    catalog.fill(0, 1500)
    index.save()
    catalog.fill(1500, 1550)
    index.optimize()
    info = index.info()
    assert info is not None
    assert (info.vectors, info.pending, info.measured_at) == (1550, 0, 1550)
    check(index, catalog.space, 0, 1550)


# When the snapshot of the local index is made


def saved(catalog: Catalog) -> imsearch.VectorIndexInfo:
    index = local(catalog)
    index.save()
    info = index.info()
    assert info is not None
    return info


def test_without_vectors_there_is_no_snapshot(catalog: Catalog) -> None:
    assert local(catalog).save() is None
    assert not (catalog.folder / "vectors.faiss").exists()


def test_a_snapshot_grows_with_its_library(catalog: Catalog, small: None) -> None:
    catalog.fill(0, 500)
    first = saved(catalog)
    assert (first.kind, first.vectors) == ("exact", 500)
    catalog.fill(500, 550)
    assert saved(catalog).vectors == 500, "few pending ones are no reason to write it again"
    check(local(catalog), catalog.space, 0, 550)
    catalog.fill(550, 700)
    assert saved(catalog).vectors == 700
    catalog.fill(700, 1500)
    measured = saved(catalog)
    assert (measured.kind, measured.measured_at) == ("approximate", 1500)
    check(local(catalog), catalog.space, 0, 1500)
    catalog.fill(1500, 2900)
    grown = saved(catalog)
    assert (grown.measured_at, grown.probed, grown.vectors) == (1500, measured.probed, 2900), "under its plan"
    check(local(catalog), catalog.space, 0, 2900)
    catalog.fill(2900, 3100)
    assert saved(catalog).measured_at == 3100, "and measured anew when it has doubled"
    check(local(catalog), catalog.space, 0, 3100)


def test_a_snapshot_shrinks_with_its_library(catalog: Catalog, small: None) -> None:
    catalog.fill(0, 3000)
    whole = saved(catalog)
    catalog.drop(0, 50)
    assert saved(catalog).vectors == 3000
    check(local(catalog), catalog.space, 50, 3000)
    catalog.drop(50, 1000)
    smaller = saved(catalog)
    assert (smaller.measured_at, smaller.vectors, smaller.pending) == (whole.measured_at, 2000, 0)
    assert local(catalog).save() == 1000
    check(local(catalog), catalog.space, 1000, 3000)
    catalog.writer.forget_departures(1000, catalog.space)
    assert catalog.space.departures_after(0)[0] == 0
    check(local(catalog), catalog.space, 1000, 3000)
    catalog.drop(1000, 2500)
    assert saved(catalog).kind == "exact"
    check(local(catalog), catalog.space, 2500, 3000)
    catalog.fill(0, 10)
    catalog.drop(0, 10)
    check(local(catalog), catalog.space, 2500, 3000)


def test_while_a_run_goes_on_more_may_be_pending(catalog: Catalog, small: None) -> None:
    catalog.fill(0, 2000)
    index = local(catalog)
    index.save()
    catalog.fill(2000, 2120)
    faiss_index.PENDING_SHARE, before = 0.1, faiss_index.PENDING_SHARE
    try:
        index.save(busy=True)
    finally:
        faiss_index.PENDING_SHARE = before
    info = index.info()
    assert info is not None
    assert (info.vectors, info.pending) == (2000, 120)
    assert saved(catalog).pending == 0


def test_a_snapshot_that_somebody_else_replaces_is_left_to_them(catalog: Catalog) -> None:
    import filelock

    catalog.fill(0, 500)
    with filelock.FileLock(catalog.folder / ".vectors.faiss.lock"):
        assert local(catalog).save() is None
        check(local(catalog), catalog.space, 0, 500)
    assert not (catalog.folder / "vectors.faiss").exists()
    assert saved(catalog).vectors == 500


# Beside a run, and in a library


def test_a_follower_works_beside_a_run(catalog: Catalog, small: None) -> None:
    catalog.fill(0, 1500)
    index = local(catalog)
    with Follower(index) as follower:
        follower(Progress(50, 2000, 50, 0))
        follower(Progress(1500, 2000, 1500, 0))
        made = follower.saved.wait(60)
    assert made
    info = index.info()
    assert info is not None
    assert (info.vectors, info.kind) == (1500, "approximate")


def test_a_failing_run_is_not_held_up(catalog: Catalog, small: None) -> None:
    def interrupted() -> None:
        with Follower(local(catalog)) as follower:
            follower(Progress(1500, 2000, 1500, 0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_a_query_makes_a_snapshot_that_is_gone_without_the_right_to_write(
    library: imsearch.Library, album: Path, stripes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import filelock

    library.index(album)
    expected = library.query(stripes, 12)
    (path,) = library.path.glob("candidates-*.faiss")
    path.unlink()
    with imsearch.open(library.path) as again:
        assert again.query(stripes, 12) == expected
        assert not path.exists(), "a dozen vectors are read sooner"
    monkeypatch.setattr(faiss_index, "PENDING", 5)
    with filelock.FileLock(library.path / "write.lock"), imsearch.open(library.path) as again:
        assert again.query(stripes, 12) == expected
    assert path.exists()


def test_an_open_library_takes_up_a_new_snapshot(library: imsearch.Library, album: Path, stripes: bytes) -> None:
    library.index(album)
    with imsearch.open(library.path) as reader:
        expected = reader.query(stripes, 12)
        sorted(album.iterdir())[0].unlink()
        library.index(album)
        library.optimize()  # the departure is forgotten: only the new snapshot knows that the picture has left
        assert len(reader.query(stripes, 12)) == 11
        library.index(album)
        assert [hit.path for hit in reader.query(stripes, 12)] == [
            hit.path for hit in expected if Path(hit.path).exists()
        ]


def test_optimize_reports_what_info_shows(library: imsearch.Library, album: Path, tmp_path: Path) -> None:
    with pytest.raises(imsearch.LibraryNotFoundError, match="no library"):
        library.optimize()
    library.index(album)
    made = library.optimize()
    assert made == library.info().vector_index
    assert (made.kind, made.vectors, made.pending, made.recall) == ("exact", 12, 0, None)
    sorted(album.iterdir())[0].unlink()
    library.index(album)
    info = library.info().vector_index
    assert info is not None
    assert (info.vectors, info.pending) == (12, 1)
