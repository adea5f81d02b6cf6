"""What every source has to do, tried on each of them; and what only some of them meet.

Another source passes the first half if `PLACES` has a place whose files it reads.
"""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from files import SLOW_TO_READ, kept_changing
from hypothesis import given, settings
from hypothesis import strategies as st

from imsearch.sources.folders import FolderSource
from imsearch.sources.paths import as_prefix
from imsearch.sources.source import (
    ChangingError,
    Found,
    LeftOut,
    Source,
    SourceError,
    Stamp,
    TooLargeError,
    UnavailableError,
    Unreachable,
    VanishedError,
    inode_of,
)

MOST = 1 << 20


class Place(Protocol):
    """Where the files of a source are. Names are relative to its root, their parts divided by ``/``."""

    def put(self, name: bytes, data: bytes) -> None:
        """Write a file at once, over the one that there may be. Raises `OSError` where names are not possible."""

    def remove(self, name: bytes) -> None:
        """Remove a file."""

    def source(
        self, below: bytes = b"", exclude: tuple[str, ...] = (), include_hidden: bool = False, without: bytes = b""
    ) -> Source:
        """A source of the files at or ``below`` a name, ``without`` the folder of a name."""

    def path(self, name: bytes) -> bytes:
        """The path that a file has in the source."""


class Folder:
    """A folder of the file system."""

    def __init__(self, scratch: Path) -> None:
        self._root = os.fsencode(scratch / "tree")
        self._fresh = os.fsencode(scratch / "fresh")
        os.mkdir(self._root)

    def put(self, name: bytes, data: bytes) -> None:
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self._fresh, "wb") as file:
            file.write(data)
        os.replace(self._fresh, self.path(name))

    def remove(self, name: bytes) -> None:
        os.remove(self.path(name))

    def source(
        self, below: bytes = b"", exclude: tuple[str, ...] = (), include_hidden: bool = False, without: bytes = b""
    ) -> Source:
        return FolderSource(
            self.path(below) if below else self._root,
            exclude,
            include_hidden,
            without=self.path(without) if without else None,
        )

    def path(self, name: bytes) -> bytes:
        return as_prefix(self._root) + name.replace(b"/", os.fsencode(os.sep))


PLACES: list[Callable[[Path], Place]] = [Folder]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    made: Place = request.param(tmp_path)
    return made


TREE = (b"one.jpg", b"two.PNG", b".hidden.jpg", b"deep/er/three.jpg", b"deep/four.txt", b".cache/five.jpg")


@pytest.fixture
def filled(place: Place) -> Place:
    for name in TREE:
        place.put(name, name)
    return place


def names(place: Place, source: Source) -> list[bytes]:
    return [item.path.removeprefix(place.path(b"")) for item in source.listing()]


def files_in(place: Place, source: Source) -> list[bytes]:
    listed = [item for item in source.listing() if isinstance(item, Found)]
    return [item.path.removeprefix(place.path(b"")) for item in listed]


# What every source has to do


def test_folders_with_pictures_that_are_not_for_people_are_left_out_and_told(place: Place) -> None:
    own = [b"a.jpg", b"private/c.jpg", b"z/d.jpg", b"@eaDir.jpg"]
    others = [b"@eaDir/a.jpg/thumb.jpg", b"z/#recycle/b.jpg", b"$RECYCLE.BIN/S-1/e.jpg"]
    for name in [*own, *others]:
        place.put(name, name)
    assert files_in(place, place.source()) == sorted(own)
    left = [item for item in place.source().listing() if isinstance(item, LeftOut)]
    assert [(item.path.removeprefix(place.path(b"")).rstrip(os.fsencode(os.sep)), item.why) for item in left] == [
        (b"$RECYCLE.BIN", "$RECYCLE.BIN"),
        (b"@eaDir", "@eaDir"),
        (b"z" + os.fsencode(os.sep) + b"#recycle", "#recycle"),
    ]
    assert files_in(place, place.source(include_hidden=True)) == sorted([*own, *others])
    place.put(b"private/.nomedia", b"")
    assert files_in(place, place.source()) == sorted(set(own) - {b"private/c.jpg"})
    assert files_in(place, place.source(below=b"private")) == [b"private/c.jpg"]  # it was named


PARTS = st.sampled_from([b"a", b"a.b", b"a-b", b"a b", b"A", b"b\n", b"\xff\xfe", "ü".encode(), b"0", b"a0"])


@pytest.mark.parametrize("kind", PLACES)
@settings(max_examples=80, deadline=None)
@given(files=st.sets(st.lists(PARTS, min_size=1, max_size=4).map(tuple), max_size=20))
def test_every_file_once_in_the_order_of_path_bytes(
    tmp_path_factory: pytest.TempPathFactory, kind: Callable[[Path], Place], files: set[tuple[bytes, ...]]
) -> None:
    place = kind(tmp_path_factory.mktemp("place"))
    made = set()
    for parts in files:
        name = b"/".join(parts)
        try:
            place.put(name, name)
            made.add(name)
        except (NotADirectoryError, IsADirectoryError, FileExistsError):
            continue  # one name is both a file and a folder
    source = place.source()
    found = list(source.listing())
    assert [item.path for item in found] == sorted(place.path(name) for name in made)
    for item in found:
        assert isinstance(item, Found)
        read = source.read(item.path, MOST)
        assert (place.path(read.data), read.stamp) == (item.path, item.stamp)


def test_a_place_without_files_has_none(place: Place) -> None:
    assert names(place, place.source()) == []
    assert names(place, place.source(b"none")) == []


def test_hidden_names_are_asked_for(filled: Place) -> None:
    assert names(filled, filled.source()) == [b"deep/er/three.jpg", b"deep/four.txt", b"one.jpg", b"two.PNG"]
    assert names(filled, filled.source(include_hidden=True)) == sorted(TREE)
    assert names(filled, filled.source(b".cache")) == [b".cache/five.jpg"]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (("*.jpg",), [b"deep/four.txt", b"two.PNG"]),
        (("deep",), [b"one.jpg", b"two.PNG"]),
        (("deep/",), [b"one.jpg", b"two.PNG"]),
        (("er",), [b"deep/four.txt", b"one.jpg", b"two.PNG"]),
        (("deep/*.txt",), [b"deep/er/three.jpg", b"one.jpg", b"two.PNG"]),
        (("deep/er", "one.*"), [b"deep/four.txt", b"two.PNG"]),
        (("*",), []),
        (("tree",), [b"deep/er/three.jpg", b"deep/four.txt", b"one.jpg", b"two.PNG"]),
    ],
)
def test_exclude(filled: Place, patterns: tuple[str, ...], left: list[bytes]) -> None:
    assert names(filled, filled.source(exclude=patterns)) == left


def test_one_folder_can_be_left_out(filled: Place) -> None:
    assert names(filled, filled.source(without=b"deep")) == [b"one.jpg", b"two.PNG"]


def test_a_file_may_stand_for_itself(filled: Place) -> None:
    (item,) = filled.source(b"one.jpg").listing()
    assert item.path == filled.path(b"one.jpg")


def test_a_path_means_the_same_file_from_every_root(filled: Place) -> None:
    path = filled.path(b"deep/four.txt")
    read = [filled.source(below).read(path, MOST) for below in (b"", b"deep", b"deep/four.txt", b".cache")]
    assert read == [read[0]] * 4
    assert read[0].data == b"deep/four.txt"


def test_a_head_is_what_a_file_begins_with(filled: Place) -> None:
    source, path = filled.source(), filled.path(b"one.jpg")
    (found,) = filled.source(b"one.jpg").listing()
    assert isinstance(found, Found)
    for count in (1, 4, 7, 100):
        head = source.head(path, count)
        assert (head.data, head.stamp) == (b"one.jpg"[:count], found.stamp)
    filled.put(b"empty", b"")
    assert source.head(filled.path(b"empty"), 10).data == b""
    assert source.read(filled.path(b"empty"), MOST).data == b""


def test_a_changed_file_has_another_stamp(filled: Place) -> None:
    source, path = filled.source(), filled.path(b"one.jpg")
    before = source.read(path, MOST)
    filled.put(b"one.jpg", b"longer than it was")
    after = source.read(path, MOST)
    assert after.data == b"longer than it was"
    assert after.stamp != before.stamp
    assert after.stamp in [item.stamp for item in source.listing() if isinstance(item, Found)]


def test_a_file_that_vanished(filled: Place) -> None:
    source = filled.source()
    listed = [item.path for item in source.listing()]
    filled.remove(b"one.jpg")
    for read in (source.read, source.head):
        with pytest.raises(VanishedError) as failure:
            read(filled.path(b"one.jpg"), MOST)
        assert not failure.value.passing
    assert set(listed) - {item.path for item in source.listing()} == {filled.path(b"one.jpg")}


def test_a_file_that_goes_while_the_listing_is_under_way_may_be_left_out(filled: Place) -> None:
    listing = filled.source().listing()
    first = next(listing)
    filled.remove(b"two.PNG")
    rest = [item.path for item in listing]
    assert first.path == filled.path(b"deep/er/three.jpg")
    assert rest[:2] == [filled.path(b"deep/four.txt"), filled.path(b"one.jpg")]
    assert rest[2:] in ([], [filled.path(b"two.PNG")])


def test_a_file_that_is_too_large_is_told_with_its_stamp(filled: Place) -> None:
    filled.put(b"large", bytes(1000))
    source, path = filled.source(), filled.path(b"large")
    assert len(source.read(path, 1000).data) == 1000
    with pytest.raises(TooLargeError, match="too large") as failure:
        source.read(path, 999)
    assert failure.value.stamp == source.head(path, 1).stamp
    assert not failure.value.passing


def test_bytes_and_stamp_of_a_file_that_is_replaced_belong_together(place: Place) -> None:
    contents = {size: bytes([size % 251]) * size for size in (70_001, 90_002, 110_003)}
    place.put(b"file", contents[70_001])
    stop = threading.Event()

    def replace() -> None:
        while not stop.is_set():
            for data in contents.values():
                place.put(b"file", data)

    thread = threading.Thread(target=replace)
    thread.start()
    source, read = place.source(), 0
    try:
        for _ in range(300):
            try:
                file = source.read(place.path(b"file"), MOST)
            except ChangingError as exc:
                assert exc.passing  # noqa: PT017
                continue
            assert file.data == contents[file.stamp.size]
            read += 1
    finally:
        stop.set()
        thread.join()
    assert read


# What folders meet


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        path = tmp_path / "tree" / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name)
    return tmp_path / "tree"


def source_of(path: Path | str) -> FolderSource:
    return FolderSource(os.fsencode(path))


def test_links(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "far.jpg").write_text("far away")
    (tree / "link.jpg").symlink_to(outside / "far.jpg")
    (tree / "folder link").symlink_to(outside)
    (tree / "deep" / "up").symlink_to(tree)
    (tree / "self.jpg").symlink_to(tree / "self.jpg")
    (tree / "broken.jpg").symlink_to(tree / "nothing.jpg")
    found = {item.path.rsplit(b"/", 1)[-1]: item for item in source_of(tree).listing()}
    assert set(found) == {b"three.jpg", b"four.txt", b"one.jpg", b"two.PNG", b"link.jpg", b"self.jpg", b"broken.jpg"}
    link = found[b"link.jpg"]
    assert isinstance(link, Found)
    assert link.stamp.size == len("far away")
    assert source_of(tree).read(link.path, MOST).data == b"far away"
    for name, reason in ((b"self.jpg", "leads back to itself"), (b"broken.jpg", "to nothing")):
        item = found[name]
        assert isinstance(item, Unreachable)
        assert reason in item.reason


def test_only_regular_files_are_files(tree: Path) -> None:
    os.mkfifo(tree / "fifo.jpg")
    assert os.fsencode(tree / "fifo.jpg") not in [item.path for item in source_of(tree).listing()]


def as_an_ordinary_user(code: str, tree: Path) -> list[str]:
    """What code says of a tree in a process of an ordinary user, because root may read everything."""
    for folder in (tree, *tree.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    start = (
        "import os, sys\n"
        "from imsearch.sources.folders import FolderSource\n"
        "from imsearch.sources.source import UnavailableError\n"
        "root = os.fsencode(sys.argv[1])\n"
        "source = FolderSource(root)\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
    )
    result = subprocess.run([sys.executable, "-c", start + code, tree], capture_output=True, text=True, check=True)
    return result.stdout.splitlines()


def test_a_folder_that_may_not_be_read_is_told(tree: Path) -> None:
    (tree / "deep").chmod(0)
    try:
        told = as_an_ordinary_user(
            "for item in source.listing(): print(type(item).__name__, os.fsdecode(item.path[len(root):]))\n", tree
        )
    finally:
        (tree / "deep").chmod(0o755)
    assert told == ["Unreachable /deep/", "Found /one.jpg", "Found /two.PNG"]


def test_a_file_that_may_not_be_read(tree: Path) -> None:
    (tree / "one.jpg").chmod(0)
    code = (
        "for read in (source.read, source.head):\n"
        "    try: read(root + b'/one.jpg', 100)\n"
        "    except UnavailableError as exc: print(exc.passing, exc.stamp, exc)\n"
    )
    assert as_an_ordinary_user(code, tree) == ["True None no permission to read it"] * 2


def test_a_folder_in_the_place_of_a_file_is_unavailable(tree: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be read"):
        source_of(tree).read(os.fsencode(tree / "deep"), MOST)


def test_a_file_whose_time_of_change_keeps_changing(tmp_path: Path) -> None:
    path = tmp_path / "changing.jpg"
    path.touch()
    with kept_changing(path), pytest.raises(ChangingError) as failure:
        source_of(path).read(os.fsencode(path), SLOW_TO_READ)
    assert failure.value.passing


@pytest.mark.skipif(sys.platform != "linux", reason="needs files that only Linux has")
def test_files_that_are_no_files() -> None:
    with pytest.raises(ChangingError):  # it says that it is empty
        source_of("/proc").read(b"/proc/self/status", MOST)
    with pytest.raises(ChangingError):  # and this one goes on for ever
        source_of("/dev").read(b"/dev/zero", MOST)
    with pytest.raises(UnavailableError, match="Input/output error") as failure:
        source_of("/proc").head(b"/proc/self/mem", 1)
    assert failure.value.passing
    assert isinstance(failure.value, SourceError)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(-(2**70), 2**70))
def test_whatever_a_file_system_says_can_be_stored(inode: int, size: int, mtime_ns: int) -> None:
    numbers = (stat.S_IFREG, inode, 1, 1, 0, 0, size, 0, 0, 0)
    status = os.stat_result(numbers, {"st_mtime_ns": mtime_ns})
    stamp = Stamp.of(status)
    stored = (stamp.size, stamp.mtime_ns, inode_of(status))
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute("SELECT ?, ?, ?", stored).fetchone() == stored
    if abs(mtime_ns) < 2**63:
        assert stamp.mtime_ns == mtime_ns
    assert inode_of(status) % 2**64 == inode
