"""When the base of candidate search is made, added to and made anew; on a real catalogue."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from vectors import clustered, nearest

import imsearch
from imsearch.catalog.rows import NewContent, NewFile, Space
from imsearch.catalog.writer import Store
from imsearch.types.events import Progress
from imsearch.vectors import building, upkeep
from imsearch.vectors.candidates import Base, Candidates
from imsearch.vectors.upkeep import Keeper, base_path, keep, open_base, refresh

DIMENSIONS = 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.create(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def space(store: Store) -> Space:
    return store.add_space("model", "print", DIMENSIONS, "f32")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 1000 vectors are many, and more than 100 pending ones too."""
    monkeypatch.setattr(building, "EXACT_BYTES", 1000 * DIMENSIONS * 2)
    monkeypatch.setattr(upkeep, "PENDING", 100)


MATRIX = clustered(5000, DIMENSIONS)


def fill(store: Store, space: Space, begin: int, end: int) -> None:
    names = {number: number.to_bytes(32, "big") for number in range(begin, end)}
    store.write(
        [NewFile(b"/p/%05d" % number, 1, 1, name) for number, name in names.items()],
        [NewContent(name, 1, 4, 3, "jpeg", None, MATRIX[number]) for number, name in names.items()],
        space,
    )


def drop(store: Store, begin: int, end: int) -> None:
    store.remove_files([b"/p/%05d" % number for number in range(begin, end)])


def kept(store: Store, space: Space) -> Base:
    base = keep(store, space, store.path.parent)
    assert base is not None
    return base


def check(store: Store, space: Space, begin: int, end: int) -> None:
    """What is found through the base on disk and the catalogue is what is there: numbers from begin to end."""
    candidates = Candidates(DIMENSIONS, open_base(store.path.parent, space))
    refresh(candidates, store, space)
    assert len(candidates) == end - begin
    probes = clustered(20, DIMENSIONS, seed=3)
    hits = 0
    for probe, found in zip(probes, candidates.search(probes, 10), strict=True):
        numbers = {int(match.path[3:]) for match in store.matches(found, imsearch.Filters())}
        assert numbers <= set(range(begin, end))
        hits += len(numbers & nearest(MATRIX[begin:end], np.arange(begin, end), probe, 10))
    assert hits >= 0.99 * 10 * len(probes)


def test_without_vectors_there_is_no_base(store: Store, space: Space) -> None:
    assert keep(store, space, store.path.parent) is None
    assert not base_path(store.path.parent, space).exists()


def test_a_base_grows_with_its_library(store: Store, space: Space, small: None) -> None:
    fill(store, space, 0, 500)
    first = kept(store, space)
    assert (first.plan.exact, len(first.codes)) == (True, 500)
    fill(store, space, 500, 550)
    assert len(kept(store, space).codes) == 500, "few pending ones are no reason to write it again"
    check(store, space, 0, 550)
    fill(store, space, 550, 700)
    assert len(kept(store, space).codes) == 700
    fill(store, space, 700, 1500)
    measured = kept(store, space)
    assert not measured.plan.exact
    assert measured.plan.trained_on == 1500
    check(store, space, 0, 1500)
    fill(store, space, 1500, 2900)
    grown = kept(store, space)
    assert (grown.plan, len(grown.codes)) == (measured.plan, 2900), "it is added to under its plan"
    check(store, space, 0, 2900)
    fill(store, space, 2900, 3100)
    assert kept(store, space).plan.trained_on == 3100, "and measured anew when it has doubled"
    check(store, space, 0, 3100)


def test_a_base_shrinks_with_its_library(store: Store, space: Space, small: None) -> None:
    fill(store, space, 0, 3000)
    whole = kept(store, space)
    drop(store, 0, 50)
    assert len(kept(store, space).codes) == 3000
    check(store, space, 50, 3000)
    drop(store, 50, 1000)
    smaller = kept(store, space)
    assert (smaller.plan, len(smaller.codes)) == (whole.plan, 2000)
    assert smaller.stamp.departure == 1000
    check(store, space, 1000, 3000)
    store.forget_departures(smaller.stamp.departure, space)
    assert store.departures_after(0, space)[0] == 0
    check(store, space, 1000, 3000)
    drop(store, 1000, 2500)
    assert kept(store, space).plan.exact
    check(store, space, 2500, 3000)
    fill(store, space, 0, 10)
    drop(store, 0, 10)
    check(store, space, 2500, 3000)


def test_made_afresh_whatever_its_state(store: Store, space: Space, small: None) -> None:
    fill(store, space, 0, 1500)
    kept(store, space)
    fill(store, space, 1500, 1550)
    base = keep(store, space, store.path.parent, afresh=True)
    assert base is not None
    assert (len(base.codes), base.plan.trained_on) == (1550, 1550)


def test_a_keeper_works_beside_a_run(store: Store, space: Space, small: None) -> None:
    fill(store, space, 0, 1500)
    with Keeper(store, "model", store.path.parent) as keeper:
        keeper(Progress(50, 2000, 50, 0))
        keeper(Progress(1500, 2000, 1500, 0))
        made = keeper.made.wait(60)
    assert made
    base = open_base(store.path.parent, space)
    assert base is not None
    assert (len(base.codes), base.plan.exact) == (1500, False)


def test_a_failing_run_is_not_held_up(store: Store, small: None) -> None:
    def interrupted() -> None:
        with Keeper(store, "model", store.path.parent) as keeper:
            keeper(Progress(1500, 2000, 1500, 0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_a_query_makes_a_base_that_is_gone(
    library: imsearch.Library, album: Path, stripes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.index(album)
    expected = library.query(stripes, 12)
    (path,) = library.path.glob("candidates-*.faiss")
    path.unlink()
    with imsearch.open(library.path) as again:
        assert again.query(stripes, 12) == expected
        assert not path.exists(), "a dozen vectors are read sooner"
    monkeypatch.setattr("imsearch.library.PENDING", 5)
    with imsearch.open(library.path) as again:
        assert again.query(stripes, 12) == expected
    assert path.exists()


def test_an_open_library_takes_up_a_new_base(library: imsearch.Library, album: Path, stripes: bytes) -> None:
    library.index(album)
    with imsearch.open(library.path) as reader:
        expected = reader.query(stripes, 12)
        before = reader._candidates
        library.optimize()
        assert reader.query(stripes, 12) == expected
        assert reader._candidates is not before


def test_optimize_reports_what_info_shows(library: imsearch.Library, album: Path, tmp_path: Path) -> None:
    with pytest.raises(imsearch.LibraryNotFoundError, match="there is no library at"):
        library.optimize()
    library.index(album)
    made = library.optimize()
    assert made == library.info().candidates
    assert (made.kind, made.vectors, made.pending, made.recall) == ("exact", 12, 0, None)
    sorted(album.iterdir())[0].unlink()
    library.index(album)
    info = library.info().candidates
    assert info is not None
    assert (info.vectors, info.pending) == (12, 1)
