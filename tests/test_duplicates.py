"""Finding duplicates in a library of real photographs, and a person's decisions about them."""

import datetime
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Unpack

import pytest
import toy
from judges import Thumbnails
from PIL import ExifTags, Image

import imsearch
from imsearch.backends import open_backend
from imsearch.duplicates.find import FindDuplicates
from imsearch.duplicates.hashing import complete_hashes
from imsearch.duplicates.known_pairs import KnownPairs
from imsearch.duplicates.proposals import Proposals
from imsearch.duplicates.series import SPAN
from imsearch.types.listeners import Listener, ignore
from imsearch.types.options import DuplicateKeywords
from imsearch.types.probes import Indexed


class JudgedLibrary(imsearch.Library):
    """A library whose copies the tests' own judge tells."""

    judge: Thumbnails | None = None

    def __enter__(self) -> "JudgedLibrary":
        return self

    def duplicates(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        listener: Listener = ignore,
        options: imsearch.DuplicateOptions | None = None,
        **keywords: Unpack[DuplicateKeywords],
    ) -> list[imsearch.DuplicateGroup]:
        self.judge = Thumbnails()
        backend = open_backend(self.address)
        space = backend.catalog().space(self.model)
        assert space is not None
        wanted = options or imsearch.DuplicateOptions(path, **keywords)
        index = backend.vector_index(space)
        try:
            catalog, known = backend.catalog(), KnownPairs(backend.folder)
            hashes = complete_hashes(backend, listener)
            proposals = Proposals(dict(catalog.digests()), space, index, hashes, {}, known, listener)
            return FindDuplicates(catalog, proposals, self.judge, wanted, listener).run()
        finally:
            backend.close()


@pytest.fixture
def judged(tmp_path: Path, tiny_model: str) -> Iterator[JudgedLibrary]:
    with JudgedLibrary(tmp_path / "library", model=tiny_model) as opened:
        yield opened


@pytest.fixture
def pictures(album: Path) -> list[Path]:
    """The photographs of the album, before anything is added to it."""
    return sorted(album.iterdir())


def resized(source: Path, target: Path, share: float = 0.5, **options: Any) -> Path:
    with Image.open(source) as picture:
        picture.convert("RGB").resize((int(picture.width * share), int(picture.height * share))).save(target, **options)
    return target


def names(group: imsearch.DuplicateGroup) -> dict[str, str]:
    return {Path(file.path).name: file.relation for file in group.files}


def test_exact_and_edited_copies_are_one_group_and_say_how_they_relate(
    judged: JudgedLibrary, album: Path, pictures: list[Path]
) -> None:
    (album / "sub").mkdir()
    shutil.copy2(pictures[0], album / "sub" / "same-again.jpg")
    resized(pictures[0], album / "half.jpg")
    resized(album / "half.jpg", album / "quarter.png")
    shutil.copy2(pictures[1], album / "twin.jpg")
    judged.index(album)
    first, second = sorted(judged.duplicates(), key=lambda group: -len(group.files))
    assert (first.kind, names(first)) == (
        "copies",
        {
            "half.jpg": "edited",
            "quarter.png": "edited",
            pictures[0].name: "kept",
            "same-again.jpg": "exact",
        },
    )
    assert first.reason.startswith("unedited: shows all against shows less than another one")
    assert "shortest path" in first.reason
    assert first.kept.path == str(pictures[0])
    assert [file.path for file in first.files] == sorted(file.path for file in first.files)
    assert (second.kind, names(second)) == ("copies", {pictures[1].name: "exact", "twin.jpg": "kept"})
    status = (album / "twin.jpg").stat()
    with Image.open(album / "twin.jpg") as picture:
        size = picture.size
    kept = second.kept
    assert (kept.size, kept.mtime_ns, kept.width, kept.height) == (status.st_size, status.st_mtime_ns, *size)


def test_another_file_can_be_kept(judged: JudgedLibrary, album: Path, pictures: list[Path]) -> None:
    shutil.copy2(pictures[0], album / "zz-same.jpg")
    resized(pictures[0], album / "half.jpg")
    judged.index(album)
    (group,) = judged.duplicates()
    chosen = group.keeping([Path(file.path).name for file in group.files].index("half.jpg"), "smallest")
    assert (Path(chosen.kept.path).name, chosen.reason) == ("half.jpg", "smallest")
    assert names(chosen) == {"half.jpg": "kept", pictures[0].name: "edited", "zz-same.jpg": "edited"}
    assert chosen.keeping(group.keep, group.reason) == group
    digests = {Path(file.path).name: file.digest for file in group.files}
    assert digests["zz-same.jpg"] == digests[pictures[0].name] == sha256(pictures[0].read_bytes()).hexdigest()


def test_rules_and_preferred_folders_choose(judged: JudgedLibrary, album: Path, pictures: list[Path]) -> None:
    (album / "best").mkdir()
    resized(pictures[0], album / "best" / "small.jpg")
    os.utime(pictures[0], (2_000_000_000, 2_000_000_000))
    judged.index(album)
    (group,) = judged.duplicates()
    assert group.kept.path == str(pictures[0])
    (group,) = judged.duplicates(prefer=[album / "best"])
    assert (Path(group.kept.path).name, group.reason) == (
        "small.jpg",
        f"preferred: below {album / 'best'} against elsewhere",
    )
    (group,) = judged.duplicates(keep=["oldest"])
    assert Path(group.kept.path).name == "small.jpg"
    with pytest.raises(imsearch.UsageError, match="no rule 'nicest'"):
        judged.duplicates(keep=["nicest"])


def test_a_path_gives_whole_groups_that_reach_there(judged: JudgedLibrary, album: Path, pictures: list[Path]) -> None:
    (album / "sub").mkdir()
    shutil.copy(pictures[0], album / "sub" / "same.jpg")
    resized(pictures[1], album / "half.jpg")
    resized(pictures[2], album / "sub" / "half.jpg")
    judged.index(album)
    assert len(judged.duplicates()) == 3
    asked = judged.judge.asked if judged.judge else 0
    below = judged.duplicates(album / "sub")
    assert [sorted(names(group).values()) for group in below] == [["exact", "kept"], ["edited", "kept"]]
    assert all(len(group.files) == 2 for group in below)
    assert judged.judge is not None
    assert judged.judge.asked <= asked
    with pytest.raises(imsearch.UsageError, match="knows no picture at or below"):
        judged.duplicates(album / "none")


def test_progress_comes_as_events(judged: JudgedLibrary, album: Path, pictures: list[Path]) -> None:
    resized(pictures[0], album / "half.jpg")
    judged.index(album)
    events: list[object] = []
    judged.duplicates(listener=events.append)
    compared = [event for event in events if isinstance(event, imsearch.Compared)]
    assert compared[-1] == imsearch.Compared(13, 13)
    told = [event.done for event in events if isinstance(event, imsearch.Judged)]
    assert judged.judge is not None
    assert told == list(range(1, judged.judge.asked + 1))


def test_where_nobody_judges_exact_copies_are_found(
    library: imsearch.Library, album: Path, pictures: list[Path]
) -> None:
    shutil.copy(pictures[0], album / "same.jpg")
    resized(pictures[0], album / "half.jpg")
    library.index(album)
    code = (
        "import sys; sys.modules['cv2'] = None\n"
        "import imsearch\n"
        "(group,) = imsearch.open(sys.argv[1]).duplicates()\n"
        "print(group.kind, len(group.files))"
    )
    result = subprocess.run([sys.executable, "-c", code, library.path], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("copies 2\n", "")


def test_a_copy_whose_file_is_gone_is_judged_by_another(
    judged: JudgedLibrary, album: Path, pictures: list[Path]
) -> None:
    shutil.copy(pictures[0], album / "zz.jpg")
    resized(pictures[0], album / "half.jpg")
    judged.index(album)
    pictures[0].unlink()
    (group,) = judged.duplicates()
    assert len(group.files) == 3


# Series


@pytest.fixture
def burst(tmp_path: Path, photos: list[Path]) -> Path:
    """Near-alike photographs, of which three were taken one after the other, and a copy of one of them."""
    folder = tmp_path / "burst"
    folder.mkdir()
    start = datetime.datetime(2019, 7, 4, 9)
    photo = next(path for path in photos if path.suffix == ".jpg")
    for number, minutes in enumerate((0, 3, 6, 60)):
        exif = Image.Exif()
        taken = start + datetime.timedelta(minutes=minutes)
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{taken:%Y:%m:%d %H:%M:%S}"
        with Image.open(photo) as picture:
            frame = toy.near_alike(picture, across=number in (1, 2), down=number in (2, 3))
        frame.save(folder / f"{number}.jpg", quality=90, exif=exif)
    with Image.open(folder / "1.jpg") as picture:
        picture.resize((128, 128)).save(folder / "1-small.jpg", exif=picture.getexif())
    return folder


def test_series_are_apart_from_copies_and_hold_each_picture_once(judged: JudgedLibrary, burst: Path) -> None:
    judged.index(burst)
    (copies,) = judged.duplicates()
    assert (copies.kind, names(copies)) == ("copies", {"1.jpg": "kept", "1-small.jpg": "edited"})
    again, series = judged.duplicates(series=True)
    assert again == copies
    assert (series.kind, set(names(series))) == ("series", {"0.jpg", "1.jpg", "2.jpg"})
    assert sorted(names(series).values()) == ["alike", "alike", "kept"]
    assert datetime.timedelta(minutes=3) < SPAN < datetime.timedelta(minutes=54)
    judged.mark_different(burst / "1.jpg", burst / "2.jpg")
    judged.mark_different(burst / "0.jpg", burst / "2.jpg")
    (_, series) = judged.duplicates(series=True)
    assert set(names(series)) == {"0.jpg", "1.jpg"}


# Decisions


def test_what_a_person_calls_different_stays_apart_for_good(
    judged: JudgedLibrary, album: Path, pictures: list[Path]
) -> None:
    half = resized(pictures[0], album / "half.jpg")
    judged.index(album)
    assert len(judged.duplicates()) == 1
    assert judged.mark_different(pictures[0], half) == 1
    assert judged.mark_different(half, pictures[0]) == 0
    assert judged.duplicates() == []
    judged.remove(album)
    (first,) = judged.different()
    assert all(name.startswith("sha256:") for name in first)
    (album / "moved").mkdir()
    half = half.rename(album / "moved" / "elsewhere.jpg")
    judged.index(album)
    assert judged.duplicates() == []
    assert {*judged.different()[0]} == {str(pictures[0]), str(half)}
    assert judged.forget_different(half, pictures[0]) == 1
    assert len(judged.duplicates()) == 1
    assert judged.different() == []


def test_a_copy_of_both_goes_with_one_of_them(judged: JudgedLibrary, album: Path, pictures: list[Path]) -> None:
    half = resized(pictures[0], album / "half.jpg")
    resized(pictures[0], album / "most.jpg", 0.9)
    judged.index(album)
    assert len(judged.duplicates()[0].files) == 3
    judged.mark_different(pictures[0], half)
    (group,) = judged.duplicates()
    assert len(group.files) == 2
    assert "most.jpg" in names(group)


def test_decisions_are_about_pictures_that_need_not_be_indexed(
    judged: JudgedLibrary, album: Path, pictures: list[Path], tmp_path: Path
) -> None:
    judged.index(album)
    outside = [resized(pictures[0], tmp_path / f"{share}.jpg", share) for share in (0.5, 0.6)]
    assert judged.mark_different(pictures[0], *outside) == 3
    shutil.copy(outside[0], album)
    judged.index(album)
    assert judged.duplicates() == []
    same = shutil.copy(pictures[1], tmp_path / "same.jpg")
    with pytest.raises(imsearch.UsageError, match="hold the same bytes"):
        judged.mark_different(pictures[1], same)
    first, second = (Indexed(sha256(path.read_bytes()).hexdigest()) for path in outside)
    outside[0].unlink()
    assert judged.forget_different(first, second) == 1
    assert judged.mark_different(first, outside[1]) == 1
    with pytest.raises(imsearch.UsageError, match="two or more"):
        judged.mark_different(pictures[1])
    with pytest.raises(imsearch.ProbeError, match="no such file"):
        judged.mark_different(pictures[1], tmp_path / "none.jpg")
