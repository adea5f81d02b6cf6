"""The catalog, on real SQLite."""

import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError

from imsearch.catalog.connection import CATALOG
from imsearch.catalog.migrations import APPLICATION_ID, MIGRATIONS
from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import NewContent, NewFile
from imsearch.catalog.space import VectorSpace
from imsearch.catalog.writer import CatalogWriter
from imsearch.errors import CatalogCorruptError, DiskFullError, LibraryNotFoundError, LibraryTooNewError
from imsearch.types.hits import Region
from imsearch.types.options import Filters

DIMENSIONS = 16


def content(number: int, vector: np.ndarray | None = None, **facts: object) -> NewContent:
    values = {"width": 40, "height": 30, "format": "jpeg", "taken": None, **facts}
    if vector is None:
        vector = unit(number)
    return NewContent(digest=digest(number), size=1000 + number, vector=vector, **values)  # type: ignore[arg-type]


def digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


def unit(number: int) -> np.ndarray:
    vector = np.random.default_rng(number).normal(size=DIMENSIONS).astype(np.float32)
    return vector / np.linalg.norm(vector)


def file(path: bytes, number: int) -> NewFile:
    return NewFile(path, size=1000 + number, mtime_ns=number, digest=digest(number))


class Catalog:
    """Both halves of the catalog in a folder, which is made where there is none."""

    def __init__(self, folder: Path) -> None:
        self.writer = CatalogWriter(folder) if (folder / CATALOG).exists() else CatalogWriter.create(folder)
        self.reader = CatalogReader(folder)

    def add_space(self, model: str, fingerprint: str, *, regions: bool = False) -> VectorSpace:
        self.writer.add_space(model, fingerprint, DIMENSIONS, "f32", regions=regions)
        space = self.reader.space(model)
        assert space is not None
        return space

    def close(self) -> None:
        self.writer.close()
        self.reader.close()


def selected(space: VectorSpace, filters: Filters) -> np.ndarray:
    selection = space.select(filters)
    return space.ids() if selection is None else selection.ids()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def space(store: Catalog) -> VectorSpace:
    return store.add_space("model", "print")


def test_a_library_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFoundError, match="no library"):
        CatalogReader(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_is_written_is_read_after_opening_again(tmp_path: Path) -> None:
    first = Catalog(tmp_path)
    space = first.add_space("model", "print")
    first.writer.write([file(b"/p/a.jpg", 1)], [content(1, taken="2019-07-04T18:03:11")], space)
    first.writer.add_root(b"/p", 77)
    first.close()
    again = Catalog(tmp_path)
    assert [each.record for each in again.reader.spaces()] == [space.record]
    assert again.reader.roots() == {b"/p": 77}
    row = next(again.reader.file_rows(b"/p", space))
    assert (row.path, row.size, row.mtime_ns, row.state, row.digest, row.complete) == (
        b"/p/a.jpg",
        1001,
        1,
        "ok",
        digest(1),
        True,
    )
    again.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1, 1, width=32), min_size=DIMENSIONS, max_size=DIMENSIONS).filter(any))
def test_vectors_come_back_as_float16_of_what_went_in(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    store = Catalog(tmp_path_factory.mktemp("store"))
    space = store.add_space("model", "print")
    vector = np.array(values, np.float32)
    store.writer.write([file(b"/a", 1)], [content(1, vector)], space)
    ((_, (stored,)),) = space.pages()
    np.testing.assert_array_equal(stored, vector.astype(np.float16).astype(np.float32))
    store.close()


@settings(max_examples=40, deadline=None)
@given(st.sets(st.binary(min_size=1, max_size=6).filter(lambda name: b"\0" not in name), max_size=12))
def test_paths_of_any_bytes_survive_in_their_order(tmp_path_factory: pytest.TempPathFactory, names: set[bytes]) -> None:
    store = Catalog(tmp_path_factory.mktemp("store"))
    space = store.add_space("model", "print")
    paths = [b"/root/" + name for name in names]
    store.writer.write([NewFile(path, 1, 1) for path in paths], [], space)
    assert [row.path for row in store.reader.file_rows(b"/root", space)] == sorted(paths)
    store.close()


def test_below_means_below(store: Catalog, space: VectorSpace) -> None:
    paths = [b"/p", b"/p/a", b"/p/b/c", b"/p-x", b"/p.jpg", b"/p0", b"/q"]
    store.writer.write([NewFile(path, 1, 1) for path in paths], [], space)
    assert [row.path for row in store.reader.file_rows(b"/p", space)] == [b"/p", b"/p/a", b"/p/b/c"]
    assert [row.path for row in store.reader.file_rows(b"/", space)] == sorted(paths)


def test_many_rows_come_in_pages(store: Catalog, space: VectorSpace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsearch.catalog.reader.PAGE", 7)
    monkeypatch.setattr("imsearch.catalog.selection.PAGE", 6)
    monkeypatch.setattr("imsearch.catalog.space.PAGE", 6)
    monkeypatch.setattr("imsearch.catalog.writer.VARIABLES", 5)
    numbers = range(1, 50)
    store.writer.write([file(b"/p/%03d" % n, n) for n in numbers], [content(n) for n in numbers], space)
    assert len(list(store.reader.file_rows(b"/p", space))) == 49
    ids = np.concatenate([ids for ids, _ in space.pages(0)])
    assert len(ids) == 49
    assert list(ids) == sorted(ids)
    for found, matrix in space.vectors(ids):
        assert len(found) <= 6
        np.testing.assert_array_equal(matrix, [unit(id_).astype(np.float16) for id_ in found])
    assert sum(len(found) for found, _ in space.vectors(ids)) == 49
    assert store.writer.remove_files([b"/p/%03d" % n for n in range(1, 21)]) == 20
    assert space.count() == 29


def test_copies_share_a_content_and_its_vector_leaves_with_the_last(store: Catalog, space: VectorSpace) -> None:
    store.writer.write([file(b"/a", 1), file(b"/b", 1)], [content(1)], space)
    assert store.reader.counts() == {"ok": 2, "pictures": 1}
    store.writer.remove_files([b"/a"])
    assert space.count() == 1
    store.writer.remove_files([b"/b"])
    assert space.count() == 0
    assert store.reader.counts() == {"pictures": 0}


def test_ids_are_never_used_again(store: Catalog, space: VectorSpace) -> None:
    store.writer.write([file(b"/a", 1)], [content(1)], space)
    highest = space.latest()
    store.writer.remove_files([b"/a"])
    store.writer.write([file(b"/b", 2)], [content(2)], space)
    assert space.latest() > highest


def test_a_batch_is_all_or_nothing(store: Catalog, space: VectorSpace) -> None:
    with pytest.raises(KeyError):
        store.writer.write([file(b"/a", 1), file(b"/b", 2)], [content(1)], space)  # nobody knows content 2
    assert store.reader.counts() == {"pictures": 0}
    assert (space.latest(), space.count()) == (0, 0)


def test_a_changed_file_leaves_its_old_content(store: Catalog, space: VectorSpace) -> None:
    store.writer.write([file(b"/a", 1)], [content(1)], space)
    store.writer.write([file(b"/a", 2)], [content(2)], space)
    (match,) = space.matches(np.array([1, 2]), Filters())
    assert match.digest == digest(2)
    store.writer.write([NewFile(b"/a", 5, 5, reason="broken")], [], space)
    assert list(space.matches(np.array([1, 2]), Filters())) == []
    assert list(store.reader.file_list(failed=True)) == [(b"/a", 5, "unreadable", "broken")]


def test_a_vector_of_another_model_completes_a_file(store: Catalog, space: VectorSpace) -> None:
    store.writer.write([file(b"/a", 1)], [content(1)], space)
    other = store.add_space("other", "print 2")
    assert not next(store.reader.file_rows(b"/a", other)).complete
    assert space.known_digests([1001]) == {1001: frozenset([digest(1)])}
    assert other.known_digests([1001]) == {}
    store.writer.write([file(b"/a", 1)], [content(1)], other)
    assert next(store.reader.file_rows(b"/a", other)).complete


def test_roots_never_nest(store: Catalog) -> None:
    store.writer.add_root(b"/photos/2019", 1)
    store.writer.add_root(b"/photos-old", 2)
    store.writer.add_root(b"/photos", 3)
    store.writer.add_root(b"/photos/2020", 4)
    assert store.reader.roots() == {b"/photos": 3, b"/photos-old": 2}
    store.writer.add_root(b"/photos", 9)
    assert store.reader.roots()[b"/photos"] == 9


FILTERS = {
    "under": (Filters(under="/p/2019"), {1, 2}),
    "after": (Filters(taken_after="2019-07"), {2, 3}),
    "before": (Filters(taken_before="2019-07"), {1}),
    "format": (Filters(formats=("png", "gif")), {3}),
    "width": (Filters(min_width=100), {2, 4}),
    "height": (Filters(min_height=90), {4}),
    "all": (Filters(under="/p", taken_after="2019", min_width=100), {2}),
}


@pytest.mark.parametrize(("filters", "expected"), FILTERS.values(), ids=FILTERS)
def test_filters(store: Catalog, space: VectorSpace, filters: Filters, expected: set[int]) -> None:
    store.writer.write(
        [file(b"/p/2019/a", 1), file(b"/p/2019/b", 2), file(b"/p/c", 3), file(b"/q/d", 4)],
        [
            content(1, taken="2019-06-30T23:59:59"),
            content(2, taken="2019-07-01T00:00:00", width=100, height=50),
            content(3, taken="2020-01-01T12:00:00", format="png"),
            content(4, width=200, height=90),
        ],
        space,
    )
    ids = selected(space, filters)
    assert {int.from_bytes(match.digest, "big") for match in space.matches(ids, filters)} == expected


def test_a_newer_library_is_refused_with_the_fix(tmp_path: Path) -> None:
    Catalog(tmp_path).close()
    with sqlite3.connect(tmp_path / CATALOG) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LibraryTooNewError, match=r"version 99.*upgrade imsearch"):
        Catalog(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"this is no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_corrupt_catalog_is_told_and_left_alone(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / CATALOG).write_bytes(damage)
    with pytest.raises(CatalogCorruptError, match="left as it is"):
        Catalog(tmp_path)
    assert (tmp_path / CATALOG).read_bytes() == damage


def test_damage_inside_the_catalog_is_told(tmp_path: Path) -> None:
    store = Catalog(tmp_path)
    space = store.add_space("model", "print")
    numbers = range(1, 400)
    store.writer.write([file(b"/p/%03d" % n, n) for n in numbers], [content(n) for n in numbers], space)
    store.close()
    path = tmp_path / CATALOG
    data = bytearray(path.read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    path.write_bytes(data)
    again = Catalog(tmp_path)
    with pytest.raises(CatalogCorruptError):
        list(again.reader.file_rows(b"/p", space))
    again.close()


def test_a_full_disk_is_told_and_loses_nothing(store: Catalog, space: VectorSpace) -> None:
    store.writer.write([file(b"/a", 1)], [content(1)], space)

    def fill_the_disk(connection: sqlite3.Connection, record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    event.listen(Engine, "connect", fill_the_disk)
    numbers = range(2, 2000)
    files, contents = [file(b"/p/%04d" % n, n) for n in numbers], [content(n) for n in numbers]
    try:
        writer = CatalogWriter(store.reader.path.parent)
        with pytest.raises(DiskFullError, match="make room") as told:
            writer.write(files, contents, space)
        writer.close()
    finally:
        event.remove(Engine, "connect", fill_the_disk)
    assert told.value.library == str(store.reader.path.parent)
    assert [row.path for row in store.reader.file_rows(b"/", space)] == [b"/a"]


def test_failures_that_pass_are_tried_again(store: Catalog, space: VectorSpace) -> None:
    files = [NewFile(b"/own", 5, 5, reason="broken"), NewFile(b"/passing", 5, 5, reason="too slow", retry=True)]
    store.writer.write(files, [], space)
    assert {row.path: row.complete for row in store.reader.file_rows(b"/", space)} == {
        b"/own": True,
        b"/passing": False,
    }
    store.writer.write([NewFile(b"/passing", 5, 5, reason="broken")], [], space)
    assert all(row.complete for row in store.reader.file_rows(b"/", space))


def test_an_interrupted_start_leaves_no_catalog(tmp_path: Path) -> None:
    (tmp_path / f".{CATALOG}.making").write_bytes(b"half a catalog")
    Catalog(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir() if "wal" not in path.name and "shm" not in path.name) == [
        CATALOG
    ]


def test_a_catalog_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / CATALOG)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    connection.execute("INSERT INTO spaces VALUES (1, 'model', 'print', 4, 'f32')")
    connection.execute("INSERT INTO contents VALUES (1, ?, 9, 4, 3, 'jpeg', NULL)", (digest(1),))
    connection.execute("INSERT INTO files VALUES (?, 9, 9, 'ok', NULL, 1)", (b"/a",))
    connection.execute("INSERT INTO embeddings VALUES (5, 1, 1, ?)", (unit(1)[:4].astype("<f2").tobytes(),))
    connection.commit()
    connection.close()
    with contextlib.closing(CatalogReader(tmp_path)) as reader:
        (space,) = reader.spaces()
        assert (space.latest(), space.count()) == (5, 1)
    with contextlib.closing(Catalog(tmp_path)) as store:
        store.writer.remove_files([b"/a"])
        last, ids = store.reader.spaces()[0].departures_after(0)
        assert (last, ids.tolist()) == (1, [5])
        assert store.reader.spaces()[0].departures_after(last)[1].tolist() == []


def catalog_of_version(folder: Path, version: int) -> sqlite3.Connection:
    """A catalog as an older version of imsearch left it."""
    connection = sqlite3.connect(folder / CATALOG)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statements in MIGRATIONS[:version]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {version}")
    return connection


def test_a_catalog_from_before_decisions_takes_them(tmp_path: Path) -> None:
    connection = catalog_of_version(tmp_path, 2)
    connection.execute("INSERT INTO contents VALUES (1, ?, 9, 4, 3, 'jpeg', NULL)", (digest(1),))
    connection.execute("INSERT INTO files VALUES (?, 9, 9, 'ok', NULL, 1)", (b"/a",))
    connection.commit()
    connection.close()
    with contextlib.closing(Catalog(tmp_path)) as store:
        assert store.reader.different_pairs() == []
        assert store.writer.add_different([(digest(1), digest(2))]) == 1
        assert (store.reader.digest_at(b"/a"), store.reader.path_of(digest(1))) == (digest(1), b"/a")


def test_decisions_are_kept_once_and_outlive_what_they_are_about(store: Catalog, space: VectorSpace) -> None:
    store.writer.write([file(b"/a", 1), file(b"/b", 2)], [content(1), content(2)], space)
    pairs = [(digest(1), digest(2)), (digest(2), digest(3))]
    assert store.writer.add_different(pairs) == 2
    assert store.writer.add_different(pairs[:1]) == 0
    assert store.reader.different_pairs() == pairs
    assert store.reader.different_contents() == [(1, 2)]
    store.writer.remove_files([b"/a", b"/b"])
    assert (store.reader.different_pairs(), store.reader.different_contents()) == (pairs, [])
    store.writer.write([file(b"/c", 9), file(b"/e", 2), file(b"/d", 1)], [content(9), content(2), content(1)], space)
    ((first, second),) = store.reader.different_contents()
    held = {each.path: each.content_id for each in store.reader.held_files(np.array([first, second]))}
    assert held == {b"/d": first, b"/e": second}
    assert (store.reader.path_of(digest(1)), store.reader.path_of(digest(3)), store.reader.digest_at(b"/none")) == (
        b"/d",
        None,
        None,
    )
    assert store.writer.forget_different(pairs) == 2
    assert store.writer.forget_different(pairs) == 0
    with pytest.raises(IntegrityError):
        store.writer.add_different([(digest(2), digest(1))])  # the caller orders them
    assert store.reader.different_pairs() == []


def test_files_of_one_content(store: Catalog, space: VectorSpace) -> None:
    files = [file(b"/p/a", 1), file(b"/q/a", 1), file(b"/p/b", 2), NewFile(b"/p/c", 1, 1), NewFile(b"/p/d", 1, 1)]
    store.writer.write(files, [content(1, taken="2019-07-04T18:03:11"), content(2)], space)
    assert store.reader.shared_contents().tolist() == [1]
    assert [sorted(store.reader.contents_below(path).tolist()) for path in (b"/p", b"/q/a", b"/r")] == [[1, 2], [1], []]
    held = sorted(store.reader.held_files(np.array([1, 7])), key=lambda each: each.path)
    assert [(each.path, each.size, each.mtime_ns, each.taken) for each in held] == [
        (b"/p/a", 1001, 1, "2019-07-04T18:03:11"),
        (b"/q/a", 1001, 1, "2019-07-04T18:03:11"),
    ]
    assert dict(space.contents_of(np.array([1, 2, 3]))) == {1: 1, 2: 2}


def test_a_catalog_from_before_regions_keeps_all_and_takes_them(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / CATALOG)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statement in (*MIGRATIONS[0], *MIGRATIONS[1]):
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 2")
    connection.execute("INSERT INTO spaces VALUES (1, 'model', 'print', 16, 'f32')")
    for number in (1, 2):
        connection.execute(
            "INSERT INTO contents VALUES (?, ?, ?, 40, 30, 'jpeg', NULL)", (number, digest(number), 1000 + number)
        )
        connection.execute(
            "INSERT INTO files VALUES (?, ?, ?, 'ok', NULL, ?)", (b"/%d" % number, 1000 + number, number, number)
        )
        vector = unit(number).astype("<f2").tobytes()
        connection.execute("INSERT INTO embeddings VALUES (?, 1, ?, ?)", (number + 4, number, vector))
    connection.commit()
    connection.close()
    with contextlib.closing(Catalog(tmp_path)) as store:
        (space,) = store.reader.spaces()
        assert not space.regions
        assert [row.complete for row in store.reader.file_rows(b"/", space)] == [True, True]
        assert [(match.embedding_id, match.region) for match in space.matches(np.array([5, 6]), Filters())] == [
            (5, None),
            (6, None),
        ]
        for number in (1, 2):
            migrated = space.vector_of(digest(number))
            assert migrated is not None
            np.testing.assert_allclose(migrated, unit(number), atol=1e-3)
        store.writer.want_regions("model")
        (space,) = store.reader.spaces()
        assert [row.complete for row in store.reader.file_rows(b"/", space)] == [False, False]
        store.writer.write([file(b"/1", 1)], [content(1, regions=((Region(1, 2, 3, 4), unit(9)),))], space)
        assert [row.complete for row in store.reader.file_rows(b"/", space)] == [True, False]
        assert space.count() == 3


def test_failures_of_an_earlier_version_that_may_have_passed_are_tried_again(tmp_path: Path) -> None:
    connection = catalog_of_version(tmp_path, 4)
    for path, reason in ((b"/a", "the decoder crashed on it (exit -9)"), (b"/b", "broken: it begins like jpeg")):
        connection.execute("INSERT INTO files VALUES (?, 9, 9, 'unreadable', ?, NULL)", (path, reason))
    connection.commit()
    connection.close()
    with contextlib.closing(CatalogReader(tmp_path)) as reader:
        assert {row.path: row.complete for row in reader.file_rows(b"/", None)} == {b"/a": False, b"/b": True}


def test_regions_lie_beside_the_whole_picture_and_leave_with_it(store: Catalog) -> None:
    space = store.add_space("model", "print", regions=True)
    plain = store.add_space("other", "print 2")
    boxes = (Region(1, 2, 3, 4), Region(5, 6, 7, 8))
    regions = tuple((box, unit(box.x + 90)) for box in boxes)
    store.writer.write([file(b"/a", 1)], [content(1, regions=regions)], space)
    store.writer.write([file(b"/a", 1)], [content(1)], plain)
    assert (space.region_count(), plain.region_count()) == (2, 0)
    vector = space.vector_of(digest(1))
    assert vector is not None
    np.testing.assert_allclose(vector, unit(1), atol=1e-3)
    assert space.known_digests([1001]) == {1001: frozenset([digest(1)])}
    ids = selected(space, Filters(min_width=40))
    assert [match.region for match in space.matches(np.sort(ids), Filters())] == [None, *boxes]
    store.writer.write([], [content(1, regions=regions)], space)  # what is there stays
    assert space.count() == 3
    store.writer.remove_files([b"/a"])
    assert set(space.departures_after(0)[1]) == set(ids)


def test_many_threads_may_ask_at_once(store: Catalog, space: VectorSpace) -> None:
    numbers = range(1, 200)
    store.writer.write([file(b"/p/%03d" % n, n) for n in numbers], [content(n) for n in numbers], space)

    def ask(number: int) -> bool:
        vector = space.vector_of(digest(number))
        return vector is not None and np.allclose(vector, unit(number), atol=1e-3)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, numbers))


def test_contents_from_before_hashes_have_none_until_they_are_added(tmp_path: Path) -> None:
    connection = catalog_of_version(tmp_path, 5)
    for number in (1, 2, 3):
        connection.execute(
            "INSERT INTO contents VALUES (?, ?, ?, 40, 30, 'jpeg', NULL)", (number, digest(number), 1000 + number)
        )
    connection.commit()
    connection.close()
    with contextlib.closing(Catalog(tmp_path)) as store:
        hashes = store.reader.hashes()
        assert hashes.state() == (0, 0)
        assert hashes.missing().tolist() == [1, 2, 3]
        store.writer.add_hashes({digest(3): b"3" * 32, digest(1): b"", digest(9): b"9" * 32})
        assert hashes.missing().tolist() == [2]
        ((_, contents, found),) = hashes.pages()
        assert dict(zip(contents.tolist(), found, strict=True)) == {1: b"", 3: b"3" * 32}


def test_the_hash_of_a_content_stays_as_it_is_and_leaves_with_it(store: Catalog, space: VectorSpace) -> None:
    store.writer.write([file(b"/a", 1), file(b"/b", 2)], [content(1, hash=b"1" * 32), content(2)], space)
    hashes = store.reader.hashes()
    other = store.add_space("other", "print 2")
    store.writer.write([file(b"/a", 1)], [content(1, hash=b"x" * 32), content(2, hash=b"2" * 32)], other)
    assert [found for _, _, page in hashes.pages() for found in page] == [b"1" * 32, b"2" * 32]
    before, _ = hashes.state()
    store.writer.remove_files([b"/a", b"/b"])
    assert hashes.state() == (0, 0)
    store.writer.write([file(b"/c", 3)], [content(3, hash=b"3" * 32)], space)
    ((ids, _, _),) = hashes.pages(before)  # no id is used twice
    assert len(ids) == 1


def test_a_hash_of_another_length_is_refused(store: Catalog, space: VectorSpace) -> None:
    with pytest.raises(IntegrityError):
        store.writer.write([file(b"/a", 1)], [content(1, hash=b"short")], space)


def test_the_contents_that_pass_filters_are_known(store: Catalog, space: VectorSpace) -> None:
    store.writer.write(
        [file(b"/p/a", 1), file(b"/q/b", 2), file(b"/q/c", 3)],
        [content(1), content(2, width=90), content(3, format="png")],
        space,
    )
    for filters, expected in ((Filters(under="/q"), [2, 3]), (Filters(min_width=50), [2]), (Filters(under="/x"), [])):
        selection = space.select(filters)
        assert selection is not None
        assert sorted(selection.contents().tolist()) == expected
