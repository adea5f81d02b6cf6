"""What goes to the trash, what goes along, and what stays."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trashes import group_of

import imsearch
from imsearch.duplicates.plan import planned
from imsearch.types.duplicates import DuplicateGroup


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Make a file in a folder of the test; the same ``text`` gives the same bytes."""

    def made(name: str, text: str | None = None) -> Path:
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or name)
        return path

    return made


Make = Callable[..., Path]


def report(*groups: DuplicateGroup, edited: bool = False, under: Path | None = None) -> imsearch.TrashReport:
    return planned(groups, under, edited=edited).report()


def reasons(told: imsearch.TrashReport) -> dict[str, str]:
    return {Path(skip.path).name: skip.reason for skip in told.skipped}


# Pictures


def test_exact_copies_go_and_edited_ones_only_when_asked_for(make: Make) -> None:
    kept, same, edited, twin = make("a", "1"), make("b", "1"), make("c", "2"), make("d", "2")
    group = group_of(kept, same, edited, twin)
    assert report(group).moved == (str(same), str(twin))
    assert report(group, edited=True).moved == (str(same), str(edited), str(twin))
    assert report(group).size == 2
    for kind in ("versions", "series"):
        assert report(replace(group, kind=kind), edited=True).moved == ()


def test_what_a_person_marked_goes_and_only_that(make: Make) -> None:
    kept, same, edited = make("a", "1"), make("b", "1"), make("c", "2")
    group = group_of(kept, same, edited, kind="versions")
    assert report(group.marking([str(kept), str(edited)])).moved == (str(kept), str(edited))
    assert report(group.marking([])).moved == ()
    told = report(group.marking([str(kept), str(same), str(edited)]))
    assert told.moved == ()
    assert set(reasons(told).values()) == {"no file of its group would stay"}


def test_protected_files_stay(make: Make) -> None:
    kept, safe, other = make("a", "1"), make("safe/b", "1"), make("c", "1")
    group = group_of(kept, safe, other, protected=(safe,))
    assert report(group, edited=True).moved == (str(other),)
    assert "never moved" in reasons(report(group.marking([str(safe)])))["b"]


def test_no_file_goes_that_another_one_relies_on(make: Make) -> None:
    one, two, three = make("1", "x"), make("2", "x"), make("3", "x")
    told = report(group_of(one, two), group_of(two, three))
    assert told.moved == (str(three),)
    assert reasons(told) == {"2": "it is kept in the place of another file"}
    told = report(group_of(one, two), group_of(two, one))
    assert told.moved == ()


def test_raw_data_is_no_edited_copy(make: Make) -> None:
    jpeg, raw, again = make("1.jpg", "1"), make("2.nef", "2"), make("3.nef", "2")
    told = report(group_of(jpeg, raw, again), edited=True)
    assert told.moved == ()
    assert set(reasons(told)) == {"2.nef", "3.nef"}
    assert report(group_of(jpeg, raw, again)).moved == (str(again),)


# What goes along


def test_sidecars_go_along(make: Make) -> None:
    kept = make("keep/1.jpg", "1")
    goes, xmp, other = make("go/1.JPG", "1"), make("go/1.xmp"), make("go/1.jpg.json")
    make("go/10.xmp")
    told = report(group_of(kept, goes))
    assert told.companions == (str(other), str(xmp))
    assert told.size == sum(path.stat().st_size for path in (goes, xmp, other))


def test_what_a_picture_that_stays_shares_stays_too(make: Make) -> None:
    kept, goes = make("keep/1.jpg", "1"), make("go/1.jpg", "1")
    make("go/1.heic")
    make("go/1.nef")
    make("go/1.mov")
    make("go/1.xmp")
    own = make("go/1.jpg.xmp")
    told = report(group_of(kept, goes))
    assert (told.moved, told.companions, told.skipped) == ((str(goes),), (str(own),), ())


@pytest.mark.parametrize("partner", ["1.NEF", "1.MOV", "1.mp4", "1.cr3"])
def test_a_shot_goes_as_a_whole_or_stays(make: Make, partner: str) -> None:
    kept, goes, beside = make("keep/x.jpg", "1"), make("go/1.jpg", "1"), make(f"go/{partner}", "data")
    group = group_of(kept, goes)
    assert reasons(report(group)) == {"1.jpg": f"{partner} beside it is nowhere else"}
    elsewhere = make(f"keep/1{beside.suffix}", "data")
    assert reasons(report(group)) == {"1.jpg": f"{partner} beside it is nowhere else"}
    same = elsewhere.rename(elsewhere.with_stem("x"))
    sidecar = make(f"go/{partner}.xmp")
    told = report(group)
    assert (told.moved, set(told.companions), told.skipped) == ((str(goes),), {str(beside), str(sidecar)}, ())
    same.write_text("Data")
    assert report(group).moved == ()
    same.unlink()
    os.link(beside, same)
    assert report(group).moved == ()


def test_a_jpeg_stays_with_raw_data_that_is_the_one_to_keep(make: Make) -> None:
    raw, jpeg = make("1.dng", "raw"), make("1.jpg", "1")
    group = group_of(raw, jpeg)
    assert reasons(report(group, edited=True)) == {"1.jpg": "1.dng beside it is nowhere else"}
    assert report(group.marking([str(jpeg)])).moved == (str(jpeg),)


def test_raw_data_and_jpeg_that_both_have_copies_go_together(make: Make) -> None:
    jpeg, raw = make("keep/1.jpg", "1"), make("keep/1.nef", "2")
    goes, raw_goes, sidecar = make("go/1.jpg", "1"), make("go/1.nef", "2"), make("go/1.xmp")
    told = report(group_of(jpeg, goes), group_of(raw, raw_goes))
    assert (told.moved, told.companions) == ((str(goes), str(raw_goes)), (str(sidecar),))
    told = report(group_of(raw, raw_goes))
    assert (told.moved, told.companions) == ((str(raw_goes),), (str(goes), str(sidecar)))
    make("go/1.jpg", "edited")
    assert reasons(report(group_of(raw, raw_goes))) == {"1.nef": "1.jpg beside it is nowhere else"}


def test_shots_whose_files_are_kept_crosswise_stay(make: Make) -> None:
    jpegs, raws = (make("a/1.jpg", "1"), make("b/1.jpg", "1")), (make("a/1.nef", "2"), make("b/1.nef", "2"))
    told = report(group_of(jpegs[0], jpegs[1]), group_of(raws[1], raws[0]))
    assert (told.moved, told.companions) == ((), ())
    assert len(told.skipped) == 2


def test_raw_data_that_another_file_relies_on_keeps_its_shot(make: Make) -> None:
    kept, goes = make("keep/1.jpg", "1"), make("go/1.jpg", "1")
    raws = [make(f"{folder}/1.nef", "2") for folder in ("keep", "go", "third")]
    told = report(group_of(kept, goes), group_of(raws[1], raws[2]))
    assert told.moved == (str(raws[2]),)
    assert reasons(told) == {"1.jpg": "1.nef beside it is kept in the place of another file"}


def test_what_goes_itself_vouches_for_nothing(make: Make) -> None:
    kept, goes = make("keep/1.png", "1"), make("go/1.jpg", "1")
    raws = [make(f"{folder}/1.nef", "2") for folder in ("first", "keep", "go")]
    told = report(group_of(raws[0], raws[1]), group_of(kept, goes))
    assert told.moved == (str(raws[1]),)
    assert reasons(told) == {"1.jpg": "1.nef beside it is nowhere else"}


def test_links_to_what_stays_are_left(make: Make, tmp_path: Path) -> None:
    kept, same = make("1", "x"), make("2", "x")
    hard, soft = tmp_path / "files" / "3", tmp_path / "files" / "4"
    os.link(kept, hard)
    soft.symlink_to(same)
    told = report(group_of(kept, same, hard, soft))
    assert (told.moved, told.linked) == ((str(same),), (str(hard), str(soft)))
    told = report(group_of(kept, same, soft).marking([str(same)]))
    assert (told.moved, told.linked) == ((), (str(same),))


FILES = [
    f"{folder}/{stem}.{ending}" for folder in "ab" for stem in "12" for ending in ("jpg", "heic", "nef", "mov", "xmp")
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(st.sampled_from(FILES), st.sampled_from("xyz"), min_size=2),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_nothing_but_sidecars_goes_whose_bytes_do_not_stay_and_no_shot_is_torn(
    tmp_path: Path, contents: dict[str, str], random: object, edited: bool
) -> None:
    folder = tmp_path / "any"
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    pictures = sorted(path for path in folder.rglob("*.*") if path.suffix in (".jpg", ".heic", ".nef"))
    random.shuffle(pictures)  # type: ignore[attr-defined]
    by_text: dict[str, list[Path]] = {}
    for path in pictures:
        by_text.setdefault(path.read_text(), []).append(path)
    groups = [group_of(*same) for same in by_text.values()]
    told = report(*groups, edited=edited)
    gone = {Path(path) for path in (*told.moved, *told.companions)}
    stay = {*folder.rglob("*.*")} - gone
    left = {path.read_text() for path in stay if path.suffix != ".xmp"}
    assert {path.read_text() for path in gone if path.suffix != ".xmp"} <= left
    for path in gone:
        shot = [other for other in folder.rglob(f"{path.stem}.*") if other.parent == path.parent]
        if not any(other in stay and other.suffix in (".jpg", ".heic") for other in shot):
            assert {other for other in shot if other.suffix in (".nef", ".mov")} <= gone


# Moving


def trashed_log(library: imsearch.Library) -> list[dict[str, object]]:
    return [json.loads(line) for line in (library.path / "trash.jsonl").read_text().splitlines()]


def where_it_was() -> set[str]:
    infos = Path(os.environ["XDG_DATA_HOME"], "Trash", "info").glob("*.trashinfo")
    return {line.removeprefix("Path=") for info in infos for line in info.read_text().splitlines()}


def test_files_go_with_their_companions_and_leave_the_library_and_the_log_knows(
    library: imsearch.Library, indexed_album: Path
) -> None:
    kept = sorted(indexed_album.glob("*.jpg"))[0]
    same = Path(shutil.copy2(kept, indexed_album / "gone.jpg"))
    sidecar = indexed_album / "gone.xmp"
    sidecar.write_text("a note")
    library.index(indexed_album)
    told = library.trash([group_of(kept, same)], dry_run=True)
    assert (same.exists(), library.trashed()) == (True, [])
    events: list[object] = []
    assert library.trash([group_of(kept, same)], listener=events.append) == told
    assert events == [imsearch.Moved(1, 1)]
    assert (told.moved, told.companions) == ((str(same),), (str(sidecar),))
    assert not same.exists()
    assert not sidecar.exists()
    assert str(same) not in {file.path for file in library.files()}
    assert {str(same), str(sidecar)} <= where_it_was()
    first, second, third, fourth = trashed_log(library)
    assert (first["event"], first["path"], first["kept"], first["with"]) == ("intent", str(same), str(kept), None)
    assert second == {"event": "moved", "id": first["id"]}
    assert (third["event"], third["path"], third["with"]) == ("intent", str(sidecar), str(same))
    assert fourth == {"event": "moved", "id": third["id"]}
    along, picture = library.trashed()
    assert (picture.path, picture.kept, picture.beside) == (str(same), str(kept), None)
    assert picture.digest == first["digest"] == group_of(kept).kept.digest
    assert (along.path, along.size, along.beside) == (str(sidecar), 6, str(same))


@pytest.mark.parametrize("which", ["kept", "same"])
def test_bytes_are_read_anew_before_anything_goes(library: imsearch.Library, indexed_album: Path, which: str) -> None:
    kept = sorted(indexed_album.glob("*.jpg"))[0]
    same = Path(shutil.copy2(kept, indexed_album / "gone.jpg"))
    group = group_of(kept, same)
    changed = {"kept": kept, "same": same}[which]
    status = changed.stat()
    data = bytearray(changed.read_bytes())
    data[-10] ^= 1
    changed.write_bytes(data)
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))
    told = library.trash([group])
    assert told.moved == ()
    assert "holds other bytes than when it was indexed" in told.skipped[0].reason
    assert same.exists()
    assert library.trashed() == []


def test_what_belongs_to_a_picture_that_stays_at_last_stays_too(library: imsearch.Library, indexed_album: Path) -> None:
    kept = sorted(indexed_album.glob("*.jpg"))[0]
    same, other = (Path(shutil.copy2(kept, indexed_album / name)) for name in ("gone.jpg", "gone.jpeg"))
    (indexed_album / "gone.xmp").touch()
    (indexed_album / "gone.jpeg.xmp").touch()
    group = group_of(kept, same, other)
    status = same.stat()
    same.write_bytes(bytes(status.st_size))
    os.utime(same, ns=(status.st_atime_ns, status.st_mtime_ns))
    told = library.trash([group])
    assert (told.moved, told.companions) == ((str(other),), (str(indexed_album / "gone.jpeg.xmp"),))
    assert same.exists()
