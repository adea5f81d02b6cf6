"""An index run: what it finds, what it stores, what it survives."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imsearch
from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import FileRow
from imsearch.indexing.changes import Changes, compare_listing
from imsearch.sources.source import Found, Stamp, Unreachable

NAMES = st.sets(st.binary(min_size=1, max_size=3).map(lambda name: b"/r/" + name.replace(b"/", b"_")), max_size=15)


@given(disk=NAMES, catalog=NAMES, changed=NAMES)
def test_compare_is_set_arithmetic(disk: set[bytes], catalog: set[bytes], changed: set[bytes]) -> None:
    found = [Found(path, Stamp(2 if path in changed else 1, 1)) for path in sorted(disk)]
    known = [FileRow(path, 1, 1, "ok", b"digest", True) for path in sorted(catalog)]
    changes = Changes()
    compare_listing(found, known, retry_failed=False, changes=changes)
    to_read = {changed.found.path: changed.old for changed in changes.to_read}
    assert set(to_read) == (disk - catalog) | (disk & catalog & changed)
    assert all((old is not None) == (path in catalog) for path, old in to_read.items())
    assert {row.path for row in changes.gone} == catalog - disk
    assert changes.unchanged == len((disk & catalog) - changed)


@given(catalog=NAMES, folder=st.sampled_from([b"/r/a/", b"/r/b/"]))
def test_what_lies_below_an_unreachable_folder_is_kept(catalog: set[bytes], folder: bytes) -> None:
    below = {folder + path[3:] for path in catalog}
    known = [FileRow(path, 1, 1, "ok", b"digest", True) for path in sorted(catalog | below)]
    changes = Changes()
    compare_listing([Unreachable(folder, "no")], known, retry_failed=False, changes=changes)
    assert changes.kept == len(below)
    assert {row.path for row in changes.gone} == catalog


def state(library: imsearch.Library) -> dict[str, str | None]:
    return {
        Path(record.path).name: record.reason for failed in (False, True) for record in library.files(failed=failed)
    }


def counts(report: imsearch.IndexReport) -> dict[str, int]:
    names = ("added", "updated", "unchanged", "moved", "removed", "skipped", "kept", "embedded")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def test_new_unchanged_changed_gone(library: imsearch.Library, album: Path, stripes: bytes) -> None:
    assert counts(library.index(album)) == {"added": 12, "embedded": 12}
    assert counts(library.index(album)) == {"unchanged": 12}
    first, second, *_ = sorted(album.iterdir())
    lost = second.read_bytes()
    first.write_bytes(stripes)
    second.unlink()
    assert counts(library.index(album)) == {"updated": 1, "unchanged": 10, "removed": 1, "embedded": 1}
    hit = library.query(stripes, 1)[0]
    assert hit.path == str(first)
    assert hit.score == pytest.approx(1, abs=1e-6)
    assert str(second) not in {hit.path for hit in library.query(lost, 20)}


def test_moved_renamed_and_copied_files_are_not_embedded_again(library: imsearch.Library, album: Path) -> None:
    library.index(album)
    first, second, third, *_ = sorted(album.iterdir())
    (album / "deep" / "er").mkdir(parents=True)
    first.rename(album / "deep" / "er" / "moved.jpg")
    second.rename(album / "renamed.jpeg")
    shutil.copy(third, album / "copy.jpg")
    report = library.index(album)
    assert counts(report) == {"moved": 2, "added": 1, "unchanged": 10}
    assert {Path(hit.path).name for hit in library.query(third, 2)} == {third.name, "copy.jpg"}


def test_copies_in_one_run_are_embedded_once(library: imsearch.Library, album: Path) -> None:
    for photo in list(album.iterdir()):
        shutil.copy(photo, album / f"copy of {photo.name}")
    assert counts(library.index(album)) == {"added": 24, "embedded": 12}


def test_copies_in_batches_that_follow_each_other_are_embedded_once(
    library: imsearch.Library, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imsearch.embedding.pipeline.BATCH_FILES", 2)
    for photo in list(album.iterdir()):
        for number in range(3):
            shutil.copy(photo, album / f"{photo.stem} {number}.jpg")
    assert counts(library.index(album, batch_size=1, threads=1)) == {"added": 48, "embedded": 12}
    assert len(library.query(sorted(album.iterdir())[0], 4, min_score=0.999)) == 4


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file whose reading fails")
def test_what_fails_for_now_is_tried_again_and_takes_nothing_away(
    library: imsearch.Library, indexed_album: Path
) -> None:
    """Reading that file is an error of input and output, whoever asks."""
    known, new = sorted(indexed_album.iterdir())[0], indexed_album / "new.jpg"
    new.symlink_to("/proc/self/mem")
    known.rename(indexed_album.parent / "elsewhere.jpg")
    known.symlink_to("/proc/self/mem")
    for _ in range(2):
        assert counts(library.index(indexed_album)) == {"unchanged": 11, "skipped": 2}
        assert {Path(record.path) for record in library.files(failed=True)} == {new}
        assert library.info().files == 12, "what was known of the file is kept"
    known.unlink()
    (indexed_album.parent / "elsewhere.jpg").rename(known)
    new.unlink()
    assert counts(library.index(indexed_album)) == {"unchanged": 12, "removed": 1}


WITHOUT_PRIVILEGES = """
import ctypes, os, sys
import imsearch
for capability in (1, 2):  # those by which root reads what it may not: the children of this process go without
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
with imsearch.open(sys.argv[1]) as library:
    for _ in range(2):
        report = library.index(sys.argv[2])
        print(report.added, report.unchanged, report.skipped)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a way to have root be refused")
def test_what_may_not_be_read_today_is_read_tomorrow(
    library: imsearch.Library, indexed_album: Path, stripes: bytes
) -> None:
    """Though nothing of the file changes but who may read it, which its stamp does not show."""
    new = indexed_album / "new.jpg"
    new.write_bytes(stripes)
    new.chmod(0)
    command = [sys.executable, "-c", WITHOUT_PRIVILEGES, str(library.path), str(indexed_album)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout == "0 12 1\n0 12 1\n", result.stderr
    (record,) = library.files(failed=True)
    assert record.reason == "no permission to read it"
    new.chmod(0o644)
    assert counts(library.index(indexed_album)) == {"updated": 1, "unchanged": 12, "embedded": 1}


def test_a_touched_file_is_read_but_not_embedded_again(library: imsearch.Library, album: Path) -> None:
    library.index(album)
    os.utime(sorted(album.iterdir())[0], ns=(1, 1))
    assert counts(library.index(album)) == {"updated": 1, "unchanged": 11}
    assert counts(library.index(album)) == {"unchanged": 12}


@pytest.mark.parametrize("seconds", [9_223_372_037, 2**34 - 1, -9_223_372_038])
def test_files_of_any_date_are_indexed_once(library: imsearch.Library, album: Path, seconds: int) -> None:
    """The catalog holds dates from 1677 to 2262; file systems hold others, too."""
    odd = sorted(album.iterdir())[0]
    try:
        os.utime(odd, (seconds, seconds))
    except (OSError, OverflowError):
        pytest.skip("the file system has no such date")
    assert library.index(album).added == 12
    again = library.index(album)
    assert (again.unchanged, again.embedded) == (12, 0)
    assert library.query(odd, 1)[0].path == str(odd)
    copy = album / "copy.jpg"
    shutil.copy2(odd, copy)
    library.index(album)
    (group,) = (group for group in library.duplicates() if copy.name in {Path(each.path).name for each in group.files})
    assert [file.relation for file in group.files].count("exact") == 1


UNREAD = {
    "a.RAF": b"FUJIFILMCCD-RAW 0201",
    "b.psd": b"8BPS\0\1",
    "c.jxl": b"\0\0\0\x0cJXL \r\n\x87\n",
    "d.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "e.mov": b"\0\0\0\x14ftypqt  ",
    "f.MOV": b"\0\0\0\x08wide",
    "notes.txt": b"nothing",
}


def test_what_is_unread_is_told_by_its_kind(library: imsearch.Library, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name, data in UNREAD.items():
        (folder / name).write_bytes(data)
    expected = {"raw": 1, "photoshop": 1, "jpeg-xl": 1, "svg": 1, "film": 2}
    first = library.index(folder)
    assert (first.added, first.skipped, first.unread) == (0, 0, expected)
    again = library.index(folder)
    assert (again.unchanged, again.unread) == (len(UNREAD), expected)
    (folder / "e.mov").unlink()
    assert library.index(folder).unread == {**expected, "film": 1}


@pytest.mark.parametrize(
    ("name", "told"), [("a.RAF", "raw files of cameras"), ("c.jxl", "JPEG XL"), ("e.mov", "films")]
)
def test_a_probe_that_is_not_read_is_named(
    library: imsearch.Library, indexed_album: Path, name: str, told: str
) -> None:
    (indexed_album / name).write_bytes(UNREAD[name])
    with pytest.raises(imsearch.ProbeError, match=f"not supported: {told}"):
        library.query(indexed_album / name)


def test_bad_files_are_skipped_with_a_true_reason(library: imsearch.Library, album: Path, stripes: bytes) -> None:
    (album / "empty.jpg").touch()
    (album / "text.png").write_text("no picture at all")
    (album / "half.jpg").write_bytes(stripes[: len(stripes) // 2])
    (album / "notes.txt").write_text("not even called one")
    (album / "picture without ending").write_bytes(stripes)
    skips: list[imsearch.Skip] = []
    report = library.index(
        album, listener=lambda event: skips.append(event) if isinstance(event, imsearch.Skip) else None
    )
    assert counts(report) == {"added": 13, "skipped": 3, "embedded": 13}
    reasons = {Path(skip.path).name: skip.reason for skip in skips}
    assert "zero bytes" in reasons["empty.jpg"]
    assert "not a picture" in reasons["text.png"]
    assert "truncated" in reasons["half.jpg"]
    assert {Path(record.path).name: record.reason for record in library.files(failed=True)} == reasons
    assert counts(library.index(album)) == {"unchanged": 17}
    (album / "half.jpg").write_bytes(stripes)
    assert counts(library.index(album)) == {"updated": 1, "unchanged": 16}
    assert counts(library.index(album, retry_failed=True)) == {"unchanged": 15, "skipped": 2}


def test_a_file_that_turns_unreadable_loses_its_vector(library: imsearch.Library, album: Path) -> None:
    library.index(album)
    victim = sorted(album.iterdir())[0]
    whole = victim.read_bytes()
    victim.write_bytes(whole[: len(whole) // 3])
    assert counts(library.index(album)) == {"unchanged": 11, "skipped": 1}
    assert str(victim) not in {hit.path for hit in library.query(whole, 20)}


def test_a_folder_out_of_reach_keeps_its_files(library: imsearch.Library, album: Path, tmp_path: Path) -> None:
    library.index(album)
    album.rename(tmp_path / "away")
    report = library.index(album)
    assert counts(report) == {"kept": 12, "skipped": 1}
    album.mkdir()  # as a mount point looks with nothing mounted on it
    report = library.index()
    assert counts(report) == {"kept": 12, "skipped": 1}
    album.rmdir()
    (tmp_path / "away").rename(album)
    assert counts(library.index()) == {"unchanged": 12}
    for photo in album.iterdir():
        photo.unlink()
    assert counts(library.index()) == {"removed": 12}


def test_a_root_that_was_moved_is_known_by_its_new_name(library: imsearch.Library, album: Path, tmp_path: Path) -> None:
    library.index(album)
    hit = library.query(sorted(album.iterdir())[0], 1)[0]
    old, new = album, tmp_path / "renamed"
    old.rename(new)
    try:
        (new / Path(hit.path).name).rename(new / "renamed.jpg")
        assert counts(library.index(new)) == {"added": 1, "moved": 11}
        assert {Path(file.path).parent for file in library.files()} == {new}
        assert counts(library.index()) == {"unchanged": 12}
    finally:
        new.rename(old)


def test_a_root_that_was_copied_or_is_not_mounted_stays(library: imsearch.Library, album: Path, tmp_path: Path) -> None:
    library.index(album)
    shutil.copytree(album, tmp_path / "copy")
    away = album.rename(tmp_path / "away")
    try:
        library.index(tmp_path / "copy")
        assert {Path(file.path).parent for file in library.files()} == {album, tmp_path / "copy"}
    finally:
        away.rename(album)


def test_exclude_and_hidden(library: imsearch.Library, album: Path, stripes: bytes) -> None:
    (album / ".hidden.jpg").write_bytes(stripes)
    (album / "trash").mkdir()
    (album / "trash" / "t.jpg").write_bytes(stripes)
    assert library.index(album, exclude=["trash"]).added == 12
    assert counts(library.index(album, include_hidden=True)) == {"added": 2, "unchanged": 12, "embedded": 1}
    assert counts(library.index(album, exclude=["*"])) == {"removed": 14}


def test_the_library_inside_its_own_folder_is_not_indexed(album: Path, tiny_model: str) -> None:
    with imsearch.open(album / "photos.imsearch", model=tiny_model) as library:
        assert counts(library.index(album)) == {"added": 12, "embedded": 12}
        assert counts(library.index(album)) == {"unchanged": 12}


def test_a_single_file_and_nested_folders(library: imsearch.Library, album: Path) -> None:
    first = sorted(album.iterdir())[0]
    assert counts(library.index(first)) == {"added": 1, "embedded": 1}
    assert counts(library.index(album, first, album.parent / "." / album.name)) == {
        "added": 11,
        "unchanged": 1,
        "embedded": 11,
    }
    assert library.info().roots == (str(album),)


def test_a_second_model_gets_a_space_of_its_own(library: imsearch.Library, album: Path, tiny_model: str) -> None:
    library.index(album)
    with imsearch.open(library.path, model=f"{tiny_model}:mean") as second:
        assert counts(second.index(album)) == {"added": 12, "embedded": 12}
        assert second.info().spaces == (tiny_model, f"{tiny_model}:mean")
        assert counts(second.index(album)) == {"unchanged": 12}
        assert second.query(sorted(album.iterdir())[3], 1)[0].path == str(sorted(album.iterdir())[3])
    assert counts(library.index(album)) == {"unchanged": 12}


def test_a_library_keeps_the_precision_that_it_was_begun_with(
    library: imsearch.Library, album: Path, tiny_model: str
) -> None:
    library.embed(sorted(album.iterdir())[0])
    library.index(album, precision="f32", batch_size=3, threads=1)
    assert library.info().precision == "f32"
    assert counts(library.index(album, precision="f32")) == {"unchanged": 12}
    for precision in ("f16", "bf16"):
        with pytest.raises(imsearch.UsageError, match=rf"in f32, not {precision}"):
            library.index(album, precision=precision)
    with (
        imsearch.open(library.path, model=f"{tiny_model}:mean", device="cpu") as second,
        pytest.raises(imsearch.UsageError, match=r"runs in b?f\d\d on this machine, not in f16"),
    ):
        second.index(album, precision="f16")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"precision": "int8"}, "a precision is f32, bf16 or f16, not 'int8'"),
        ({"batch_size": 0}, "the batch size must be at least 1, not 0"),
        ({"threads": -1}, "the number of threads must be at least 1, not -1"),
    ],
)
def test_settings_that_cannot_be(library: imsearch.Library, album: Path, setting: dict[str, Any], message: str) -> None:
    with pytest.raises(imsearch.UsageError, match=message):
        library.index(album, **setting)
    assert not library.path.exists()


def test_events_count_what_the_report_counts(library: imsearch.Library, album: Path) -> None:
    (album / "empty.jpg").touch()
    events: list[object] = []
    library.index(album, listener=events.append)
    kinds = Counter(type(event).__name__ for event in events)
    del kinds["PreparingModel"]  # only where it was not compiled before
    assert kinds == {"Scanned": 1, "Skip": 1, "Progress": 1}
    assert [event for event in events if isinstance(event, imsearch.Scanned)] == [imsearch.Scanned(13, 0, 0)]
    assert [event for event in events if isinstance(event, imsearch.Progress)] == [imsearch.Progress(13, 13, 12, 1)]


def test_an_interrupted_run_keeps_its_batches(
    library: imsearch.Library, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imsearch.embedding.pipeline.BATCH_FILES", 4)

    def interrupt(event: object) -> None:
        if isinstance(event, imsearch.Progress) and event.done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.index(album, batch_size=2, threads=1, listener=interrupt)
    assert library.info().files == 8
    assert counts(library.index(album)) == {"added": 4, "unchanged": 8, "embedded": 4}


KILLED = """
import os, signal, sys
import imsearch, imsearch.embedding.pipeline
imsearch.embedding.pipeline.BATCH_FILES = 3
library, model, folder = sys.argv[1:]
print("started", flush=True)
with imsearch.open(library, model=model) as opened:
    opened.index(folder, batch_size=1, threads=1, listener=lambda event: print(type(event).__name__, flush=True))
print("finished", flush=True)
"""


def test_killed_at_any_moment_the_library_is_whole(
    tmp_path: Path, tiny_model: str, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kill -9` after a random number of lines of progress and a random further moment, again and again."""
    with imsearch.open(tmp_path / "oracle", model=tiny_model) as oracle:
        oracle.index(album)
    truth = stored_vectors(tmp_path / "oracle")
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    rng = random.Random(11)
    folder = tmp_path / "killed"
    for _ in range(12):
        if rng.random() < 0.4:
            shutil.rmtree(folder, ignore_errors=True)
        process = subprocess.Popen(
            [sys.executable, str(script), str(folder), tiny_model, str(album)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(rng.randrange(6)):
            process.stdout.readline()
        try:
            process.wait(rng.random() * 0.05)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.stdout.close()
        process.wait()
        check_whole(folder, tiny_model, truth)
    with imsearch.open(folder, model=tiny_model) as library:
        library.index(album)
        assert {record.path for record in library.files()} == set(truth)
    check_whole(folder, tiny_model, truth)


def stored_vectors(folder: Path) -> dict[str, np.ndarray]:
    """The vector of each file of a library."""
    catalog = CatalogReader(folder)
    (space,) = catalog.spaces()
    vectors = {}
    for row in catalog.file_rows(b"/", space):
        assert row.complete
        vector = space.vector_of(row.digest or b"")
        assert vector is not None
        vectors[os.fsdecode(row.path)] = vector
    catalog.close()
    return vectors


def check_whole(folder: Path, model: str, truth: dict[str, np.ndarray]) -> None:
    if not (folder / "catalog.sqlite3").exists():
        return  # killed before the library was made
    with imsearch.open(folder, model=model) as library:
        paths = [record.path for record in library.files()]
        assert set(paths) <= set(truth)
        if not paths:
            return
        for path in paths:
            hit = library.query(path, 1)[0]
            assert (hit.path, round(hit.score, 5)) == (path, 1.0)
    for path, vector in stored_vectors(folder).items():
        np.testing.assert_allclose(vector, truth[path], atol=2e-3)
    with sqlite3.connect(folder / "catalog.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_a_second_writer_is_told_at_once(tmp_path: Path, tiny_model: str, album: Path) -> None:
    holder = textwrap.dedent(
        """
        import sys, imsearch
        def hold(event):
            if isinstance(event, imsearch.Scanned):
                print("writing", flush=True)
                sys.stdin.readline()
        with imsearch.open(sys.argv[1], model=sys.argv[2]) as library:
            library.index(sys.argv[3], listener=hold)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path / "library"), tiny_model, str(album)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    with imsearch.open(tmp_path / "library", model=tiny_model) as library:
        with pytest.raises(imsearch.LibraryLockedError, match="another imsearch is writing"):
            library.index(album)
        with pytest.raises(imsearch.LibraryLockedError):
            library.remove(album)
        process.communicate("go on\n")
        assert process.returncode == 0
        assert counts(library.index(album)) == {"unchanged": 12}
