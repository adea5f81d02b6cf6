"""Bringing back what went to the trash, also after a process was killed in the middle of moving it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import killed
import pytest

import imsearch
from imsearch.duplicates.log import TrashLog


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a trash of its own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    return folder


@dataclass(frozen=True)
class Place:
    """A library and its album: it holds an exact copy with a sidecar, and an edited copy of another photograph."""

    library: imsearch.Library
    album: Path
    kept: Path
    same: Path
    sidecar: Path
    original: Path
    edited: Path

    @property
    def moving(self) -> list[str]:
        """The files that are moved, in the order in which they are."""
        return [str(self.same), str(self.sidecar), str(self.edited)]

    def run(self, call: str, folder: Path, killed_at: int = 0) -> int:
        """Have another process call `Library.trash` or `Library.restore`. Returns its exit status."""
        pairs = [self.kept, self.same, self.original, self.edited] if call == "trash" else []
        arguments = [self.library.path, folder, killed_at, call, *pairs]
        return subprocess.run([sys.executable, killed.__file__, *map(str, arguments)], capture_output=True).returncode


@pytest.fixture
def place(library: imsearch.Library, indexed_album: Path) -> Place:
    kept, original = sorted(indexed_album.glob("*.jpg"))[:2]
    (indexed_album / "sub").mkdir()
    same = Path(shutil.copy2(kept, indexed_album / "sub" / "same again.jpg"))
    sidecar = indexed_album / "sub" / "same again.xmp"
    sidecar.write_text("a note")
    edited = Path(shutil.copy2(original, indexed_album / "sub" / "edited.jpg"))
    with open(edited, "ab") as file:
        file.write(b"more")
    library.index(indexed_album)
    return Place(library, indexed_album, kept, same, sidecar, original, edited)


def held(place: Place) -> set[str]:
    return {file.path for file in place.library.files()}


def below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_trash(home: Path) -> list[Path]:
    return sorted((home / "data" / "Trash").rglob("*.*"))


def test_what_was_moved_comes_back_to_its_place_and_to_the_library(place: Place, home: Path) -> None:
    before, rows = below(place.album), held(place)
    times = {path: path.stat().st_mtime_ns for path in before}
    assert place.run("trash", home) == 0
    assert len(in_trash(home)) == 6
    shutil.rmtree(place.album / "sub")
    told = place.library.restore()
    assert (sorted(told.restored), told.skipped, told.waiting) == (sorted(place.moving), (), (str(place.edited),))
    assert below(place.album) == before
    assert {path: path.stat().st_mtime_ns for path in before} == times
    assert in_trash(home) == []
    assert held(place) == rows - {str(place.edited)}
    again = place.library.index()
    assert (again.added, again.updated, again.removed) == (1, 0, 0)
    assert held(place) == rows
    assert place.library.restore() == imsearch.RestoreReport((), ())
    assert place.library.trashed() == []


def test_only_what_was_at_or_below_the_paths_comes_back(place: Place, home: Path) -> None:
    place.run("trash", home)
    assert place.library.restore(place.album / "elsewhere").restored == ()
    assert place.library.restore(place.edited).restored == (str(place.edited),)
    assert [file.path for file in place.library.trashed()] == [str(place.sidecar), str(place.same)]
    assert len(place.library.restore(place.album).restored) == 2


def test_no_file_that_is_there_again_is_replaced(place: Place, home: Path) -> None:
    place.run("trash", home)
    place.same.write_bytes(b"another")
    shutil.copy2(place.original, place.edited)
    with open(place.edited, "ab") as file:
        file.write(b"more")
    told = place.library.restore()
    assert told.restored == (str(place.sidecar),)
    assert [(skip.path, skip.reason) for skip in told.skipped] == [(str(place.same), "another file is there now")]
    assert place.same.read_bytes() == b"another"
    assert [file.path for file in place.library.trashed()] == [str(place.same)]
    place.same.unlink()
    assert place.library.restore().restored == (str(place.same),)


def test_the_last_deletion_with_the_right_bytes_comes_back(place: Place, home: Path) -> None:
    place.run("trash", home)
    (info,) = (home / "data" / "Trash" / "info").glob("same*.jpg.trashinfo")
    wrong = info.with_name("wrong.jpg.trashinfo")
    wrong.write_text(info.read_text().replace("DeletionDate=2", "DeletionDate=9"))
    (home / "data" / "Trash" / "files" / "wrong.jpg").write_bytes(b"wrong")
    info.with_name("gone.jpg.trashinfo").write_text(wrong.read_text())
    info.with_name("odd.jpg.trashinfo").write_bytes(b"\xff[Trash\n")
    before = info.with_name("before.jpg.trashinfo")
    before.write_text(info.read_text().replace("DeletionDate=2", "DeletionDate=1"))
    shutil.copy2(place.kept, home / "data" / "Trash" / "files" / "before.jpg")
    after = info.with_name("after.jpg.trashinfo")
    after.write_text(info.read_text().replace("DeletionDate=2", "DeletionDate=3"))
    shutil.copy2(place.kept, home / "data" / "Trash" / "files" / "after.jpg")
    assert set(place.library.restore().restored) == set(place.moving)
    assert place.same.read_bytes() == place.kept.read_bytes()
    assert [each.exists() for each in (wrong, before, info, after)] == [True, True, True, False]


def test_what_is_not_in_the_trash_any_more_is_told(place: Place, home: Path) -> None:
    place.run("trash", home)
    shutil.rmtree(home / "data" / "Trash" / "files")
    told = place.library.restore()
    assert told.restored == ()
    assert {skip.path: skip.reason for skip in told.skipped} == dict.fromkeys(
        place.moving, "it is not in the trash any more"
    )


def test_a_trash_that_cannot_be_read_is_said_to_be_so(
    place: Place, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert place.library.restore() == imsearch.RestoreReport((), ())
    place.run("trash", home)
    with pytest.raises(imsearch.LibraryError, match=r"on the desktop.*trash\.jsonl"):
        place.library.restore()


def test_files_come_back_from_another_volume(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == place.album.stat().st_dev:
        pytest.skip("there is no other volume")
    before = below(place.album)
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        monkeypatch.setenv("XDG_DATA_HOME", folder)
        assert place.run("trash", Path(folder)) == 0
        assert len(list((Path(folder) / "Trash" / "files").iterdir())) == 3
        place.same.write_bytes(b"another")
        assert len(place.library.restore().restored) == 2
        place.same.unlink()
        assert place.library.restore().restored == (str(place.same),)
        assert below(place.album) == before
        assert below(Path(folder) / "Trash" / "files") == {}


def test_the_log_says_what_became_of_a_file_or_the_file_does(tmp_path: Path) -> None:
    log = TrashLog(tmp_path)
    assert log.trashed() == {}
    paths = [tmp_path / name for name in ("moved", "left", "open", "gone")]
    for path in paths:
        path.touch()
    numbers = [log.intend(str(path), "00", 0, "kept") for path in paths]
    log.tell("moved", numbers[0])
    log.tell("left", numbers[1])
    paths[1].unlink()
    paths[3].unlink()
    assert [file.path for file in log.trashed().values()] == [str(paths[0]), str(paths[3])]
    with open(log.path, "ab") as file:
        file.write(b'{"event": "inte')
    log.tell("restored", numbers[0])
    assert [*log.trashed()] == [numbers[3]]


def test_names_that_are_not_text_come_back(library: imsearch.Library, indexed_album: Path, home: Path) -> None:
    kept = sorted(indexed_album.glob("*.jpg"))[0]
    odd = Path(os.fsdecode(os.fsencode(indexed_album) + b"/%41 \xff\n=.jpg"))
    shutil.copy2(kept, odd)
    library.index(indexed_album)
    place = Place(library, indexed_album, kept, odd, odd, kept, odd)
    assert place.run("trash", home) == 0
    assert not odd.exists()
    assert library.restore().restored == (str(odd),)
    assert odd.read_bytes() == kept.read_bytes()
    assert str(odd) in held(place)


# Killed


@pytest.mark.parametrize("count", range(1, 19))
def test_a_kill_in_the_middle_loses_no_file_and_no_row(place: Place, home: Path, tmp_path: Path, count: int) -> None:
    before, rows = below(place.album), held(place)
    assert place.run("trash", tmp_path, killed_at=count) == -signal.SIGKILL
    assert place.run("restore", tmp_path, killed_at=count) in (0, -signal.SIGKILL)
    there = {str(path) for path in below(place.album)}
    with imsearch.open(place.library.path) as opened:
        assert {file.path for file in opened.files()} >= rows & there
        assert opened.info().files >= len(rows & there)
        assert {file.path for file in opened.trashed()} >= {str(path) for path in before} - there
        opened.index()
        assert {file.path for file in opened.files()} == rows & there
        opened.restore()
        opened.index()
        assert below(place.album) == before
        assert {file.path for file in opened.files()} == rows
