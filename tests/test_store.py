"""The catalogue, on real SQLite."""

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from imsearch.catalog.connection import CATALOGUE
from imsearch.catalog.migrations import APPLICATION_ID, MIGRATIONS
from imsearch.catalog.reader import Reader
from imsearch.catalog.rows import NewContent, NewFile, Space
from imsearch.catalog.writer import Store
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


@pytest.fixture
def store(tmp_path: Path):
    opened = Store.create(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def space(store: Store) -> Space:
    return store.add_space("model", "print", DIMENSIONS, "f32")


def test_a_library_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFoundError, match="there is no library at"):
        Store(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_is_written_is_read_after_opening_again(tmp_path: Path) -> None:
    first = Store.create(tmp_path)
    space = first.add_space("model", "print", DIMENSIONS, "f32")
    first.write([file(b"/p/a.jpg", 1)], [content(1, taken="2019-07-04T18:03:11")], space)
    first.add_root(b"/p", 77)
    first.close()
    again = Store(tmp_path)
    assert again.spaces() == [space]
    assert again.roots() == {b"/p": 77}
    row = next(again.file_rows(b"/p", space))
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
def test_vectors_come_back_as_float16_of_what_went_in(tmp_path_factory: pytest.TempPathFactory, values: list) -> None:
    store = Store.create(tmp_path_factory.mktemp("store"))
    space = store.add_space("model", "print", DIMENSIONS, "f32")
    vector = np.array(values, np.float32)
    store.write([file(b"/a", 1)], [content(1, vector)], space)
    stored = store.vector_of(digest(1), space)
    assert stored is not None
    np.testing.assert_array_equal(stored, vector.astype(np.float16).astype(np.float32))
    store.close()


@settings(max_examples=40, deadline=None)
@given(st.sets(st.binary(min_size=1, max_size=6).filter(lambda name: b"\0" not in name), max_size=12))
def test_paths_of_any_bytes_survive_in_their_order(tmp_path_factory: pytest.TempPathFactory, names: set[bytes]) -> None:
    store = Store.create(tmp_path_factory.mktemp("store"))
    space = store.add_space("model", "print", DIMENSIONS, "f32")
    paths = [b"/root/" + name for name in names]
    store.write([NewFile(path, 1, 1) for path in paths], [], space)
    assert [row.path for row in store.file_rows(b"/root", space)] == sorted(paths)
    store.close()


def test_below_means_below(store: Store, space: Space) -> None:
    paths = [b"/p", b"/p/a", b"/p/b/c", b"/p-x", b"/p.jpg", b"/p0", b"/q"]
    store.write([NewFile(path, 1, 1) for path in paths], [], space)
    assert [row.path for row in store.file_rows(b"/p", space)] == [b"/p", b"/p/a", b"/p/b/c"]
    assert [row.path for row in store.file_rows(b"/", space)] == sorted(paths)


def test_many_rows_come_in_pages(store: Store, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsearch.catalog.writer.PAGE", 7)
    monkeypatch.setattr("imsearch.catalog.reader.PAGE", 6)
    monkeypatch.setattr("imsearch.catalog.writer.VARIABLES", 5)
    numbers = range(1, 50)
    store.write([file(b"/p/%03d" % n, n) for n in numbers], [content(n) for n in numbers], space)
    assert len(list(store.file_rows(b"/p", space))) == 49
    ids = np.concatenate([ids for ids, _ in store.vectors_after(0, space)])
    assert len(ids) == 49
    assert list(ids) == sorted(ids)
    for found, matrix in store.vectors(ids, space):
        assert len(found) <= 6
        np.testing.assert_array_equal(matrix, [unit(id_).astype(np.float16) for id_ in found])
    assert sum(len(found) for found, _ in store.vectors(ids, space)) == 49
    assert store.remove_files([b"/p/%03d" % n for n in range(1, 21)]) == 20
    assert store.vector_state(space)[1] == 29


def test_copies_share_a_content_and_its_vector_leaves_with_the_last(store: Store, space: Space) -> None:
    store.write([file(b"/a", 1), file(b"/b", 1)], [content(1)], space)
    assert store.counts() == {"ok": 2, "pictures": 1}
    store.remove_files([b"/a"])
    assert store.vector_state(space)[1] == 1
    store.remove_files([b"/b"])
    assert store.vector_state(space)[1] == 0
    assert store.counts() == {"pictures": 0}


def test_ids_are_never_used_again(store: Store, space: Space) -> None:
    store.write([file(b"/a", 1)], [content(1)], space)
    highest, _ = store.vector_state(space)
    store.remove_files([b"/a"])
    store.write([file(b"/b", 2)], [content(2)], space)
    assert store.vector_state(space)[0] > highest


def test_a_batch_is_all_or_nothing(store: Store, space: Space) -> None:
    with pytest.raises(KeyError):
        store.write([file(b"/a", 1), file(b"/b", 2)], [content(1)], space)  # nobody knows content 2
    assert store.counts() == {"pictures": 0}
    assert store.vector_state(space) == (0, 0)


def test_a_changed_file_leaves_its_old_content(store: Store, space: Space) -> None:
    store.write([file(b"/a", 1)], [content(1)], space)
    store.write([file(b"/a", 2)], [content(2)], space)
    (match,) = store.matches(np.array([1, 2]), Filters())
    assert match.digest == digest(2)
    store.write([NewFile(b"/a", 5, 5, reason="broken")], [], space)
    assert list(store.matches(np.array([1, 2]), Filters())) == []
    assert list(store.file_list(failed=True)) == [(b"/a", 5, "unreadable", "broken")]


def test_a_vector_of_another_model_completes_a_file(store: Store, space: Space) -> None:
    store.write([file(b"/a", 1)], [content(1)], space)
    other = store.add_space("other", "print 2", DIMENSIONS, "f32")
    assert not next(store.file_rows(b"/a", other)).complete
    assert store.known_digests([1001], space) == {1001: frozenset([digest(1)])}
    assert store.known_digests([1001], other) == {}
    store.write([file(b"/a", 1)], [content(1)], other)
    assert next(store.file_rows(b"/a", other)).complete


def test_roots_never_nest(store: Store) -> None:
    store.add_root(b"/photos/2019", 1)
    store.add_root(b"/photos-old", 2)
    store.add_root(b"/photos", 3)
    store.add_root(b"/photos/2020", 4)
    assert store.roots() == {b"/photos": 3, b"/photos-old": 2}
    store.add_root(b"/photos", 9)
    assert store.roots()[b"/photos"] == 9


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
def test_filters(store: Store, space: Space, filters: Filters, expected: set[int]) -> None:
    store.write(
        [file(b"/p/2019/a", 1), file(b"/p/2019/b", 2), file(b"/p/c", 3), file(b"/q/d", 4)],
        [
            content(1, taken="2019-06-30T23:59:59"),
            content(2, taken="2019-07-01T00:00:00", width=100, height=50),
            content(3, taken="2020-01-01T12:00:00", format="png"),
            content(4, width=200, height=90),
        ],
        space,
    )
    ids = store.ids_matching(filters, space)
    assert {int.from_bytes(match.digest, "big") for match in store.matches(ids, filters)} == expected


def test_a_newer_library_is_refused_with_the_fix(tmp_path: Path) -> None:
    Store.create(tmp_path).close()
    with sqlite3.connect(tmp_path / CATALOGUE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LibraryTooNewError, match=r"version 99.*upgrade imsearch"):
        Store(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"this is no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_corrupt_catalogue_is_told_and_left_alone(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / CATALOGUE).write_bytes(damage)
    with pytest.raises(CatalogCorruptError, match="left as it is"):
        Store(tmp_path)
    assert (tmp_path / CATALOGUE).read_bytes() == damage


def test_damage_inside_the_catalogue_is_told(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    space = store.add_space("model", "print", DIMENSIONS, "f32")
    numbers = range(1, 400)
    store.write([file(b"/p/%03d" % n, n) for n in numbers], [content(n) for n in numbers], space)
    store.close()
    path = tmp_path / CATALOGUE
    data = bytearray(path.read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    path.write_bytes(data)
    again = Store(tmp_path)
    with pytest.raises(CatalogCorruptError):
        list(again.file_rows(b"/p", space))
    again.close()


def test_a_full_disk_is_told_and_loses_nothing(store: Store, space: Space) -> None:
    store.write([file(b"/a", 1)], [content(1)], space)
    store._engine.dispose()

    @event.listens_for(store._engine, "connect")
    def full(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    numbers = range(2, 2000)
    with pytest.raises(DiskFullError, match="make room"):
        store.write([file(b"/p/%04d" % n, n) for n in numbers], [content(n) for n in numbers], space)
    assert [row.path for row in store.file_rows(b"/", space)] == [b"/a"]


def test_an_interrupted_start_leaves_no_catalogue(tmp_path: Path) -> None:
    (tmp_path / f".{CATALOGUE}.making").write_bytes(b"half a catalogue")
    Store.create(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir() if "wal" not in path.name and "shm" not in path.name) == [
        CATALOGUE
    ]


def test_a_catalogue_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / CATALOGUE)
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
    with contextlib.closing(Reader(tmp_path)) as reader:
        assert reader.vector_state(reader.spaces()[0]) == (5, 1)
    with contextlib.closing(Store(tmp_path)) as store:
        store.remove_files([b"/a"])
        last, ids = store.departures_after(0, store.spaces()[0])
        assert (last, ids.tolist()) == (1, [5])
        assert store.departures_after(last, store.spaces()[0])[1].tolist() == []


def test_a_catalogue_from_before_decisions_takes_them(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / CATALOGUE)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statements in MIGRATIONS[:2]:
        for statement in statements:
            connection.execute(statement)
    connection.execute("PRAGMA user_version = 2")
    connection.execute("INSERT INTO contents VALUES (1, ?, 9, 4, 3, 'jpeg', NULL)", (digest(1),))
    connection.execute("INSERT INTO files VALUES (?, 9, 9, 'ok', NULL, 1)", (b"/a",))
    connection.commit()
    connection.close()
    with contextlib.closing(Store(tmp_path)) as store:
        assert store.different_pairs() == []
        assert store.add_different([(digest(1), digest(2))]) == 1
        assert (store.digest_at(b"/a"), store.path_of(digest(1))) == (digest(1), b"/a")


def test_decisions_are_kept_once_and_outlive_what_they_are_about(store: Store, space: Space) -> None:
    store.write([file(b"/a", 1), file(b"/b", 2)], [content(1), content(2)], space)
    pairs = [(digest(1), digest(2)), (digest(2), digest(3))]
    assert store.add_different(pairs) == 2
    assert store.add_different(pairs[:1]) == 0
    assert store.different_pairs() == pairs
    assert store.different_contents() == [(1, 2)]
    store.remove_files([b"/a", b"/b"])
    assert (store.different_pairs(), store.different_contents()) == (pairs, [])
    store.write([file(b"/c", 9), file(b"/e", 2), file(b"/d", 1)], [content(9), content(2), content(1)], space)
    ((first, second),) = store.different_contents()
    held = {each.path: each.content_id for each in store.held_files(np.array([first, second]))}
    assert held == {b"/d": first, b"/e": second}
    assert (store.path_of(digest(1)), store.path_of(digest(3)), store.digest_at(b"/none")) == (b"/d", None, None)
    assert store.forget_different(pairs) == 2
    assert store.forget_different(pairs) == 0
    with pytest.raises(IntegrityError):
        store.add_different([(digest(2), digest(1))])  # the caller orders them
    assert store.different_pairs() == []


def test_files_of_one_content(store: Store, space: Space) -> None:
    files = [file(b"/p/a", 1), file(b"/q/a", 1), file(b"/p/b", 2), NewFile(b"/p/c", 1, 1), NewFile(b"/p/d", 1, 1)]
    store.write(files, [content(1, taken="2019-07-04T18:03:11"), content(2)], space)
    assert store.shared_contents().tolist() == [1]
    assert [sorted(store.contents_below(path).tolist()) for path in (b"/p", b"/q/a", b"/r")] == [[1, 2], [1], []]
    held = sorted(store.held_files(np.array([1, 7])), key=lambda each: each.path)
    assert [(each.path, each.size, each.mtime_ns, each.taken) for each in held] == [
        (b"/p/a", 1001, 1, "2019-07-04T18:03:11"),
        (b"/q/a", 1001, 1, "2019-07-04T18:03:11"),
    ]
    assert dict(store.contents_of(np.array([1, 2, 3]))) == {1: 1, 2: 2}


def test_a_catalogue_from_before_regions_keeps_all_and_takes_them(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / CATALOGUE)
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
    with contextlib.closing(Store(tmp_path)) as store:
        (space,) = store.spaces()
        assert not space.regions
        assert [row.complete for row in store.file_rows(b"/", space)] == [True, True]
        assert [(match.embedding_id, match.region) for match in store.matches(np.array([5, 6]), Filters())] == [
            (5, None),
            (6, None),
        ]
        for number in (1, 2):
            np.testing.assert_array_equal(store.vector_of(digest(number), space), unit(number).astype(np.float16))
        store.want_regions("model")
        (space,) = store.spaces()
        assert [row.complete for row in store.file_rows(b"/", space)] == [False, False]
        store.write([file(b"/1", 1)], [content(1, regions=((Region(1, 2, 3, 4), unit(9)),))], space)
        assert [row.complete for row in store.file_rows(b"/", space)] == [True, False]
        assert store.vector_state(space)[1] == 3


def test_regions_lie_beside_the_whole_picture_and_leave_with_it(store: Store) -> None:
    space = store.add_space("model", "print", DIMENSIONS, "f32", regions=True)
    plain = store.add_space("other", "print 2", DIMENSIONS, "f32")
    boxes = (Region(1, 2, 3, 4), Region(5, 6, 7, 8))
    regions = tuple((box, unit(box.x + 90)) for box in boxes)
    store.write([file(b"/a", 1)], [content(1, regions=regions)], space)
    store.write([file(b"/a", 1)], [content(1)], plain)
    assert (store.region_count(space), store.region_count(plain)) == (2, 0)
    np.testing.assert_array_equal(store.vector_of(digest(1), space), unit(1).astype(np.float16))
    assert store.known_digests([1001], space) == {1001: frozenset([digest(1)])}
    ids = store.ids_matching(Filters(min_width=40), space)
    assert [match.region for match in store.matches(np.sort(ids), Filters())] == [None, *boxes]
    store.write([], [content(1, regions=regions)], space)  # what is there stays
    assert store.vector_state(space)[1] == 3
    store.remove_files([b"/a"])
    assert set(store.departures_after(0, space)[1]) == set(ids)


def test_many_threads_may_ask_at_once(store: Store, space: Space) -> None:
    numbers = range(1, 200)
    store.write([file(b"/p/%03d" % n, n) for n in numbers], [content(n) for n in numbers], space)

    def ask(number: int) -> bool:
        vector = store.vector_of(digest(number), space)
        return vector is not None and np.array_equal(vector, unit(number).astype(np.float16))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, numbers))
