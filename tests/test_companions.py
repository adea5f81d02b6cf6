"""Which files belong to a picture."""

from pathlib import Path

import pytest

from imsearch.duplicates.companions import Surroundings, is_raw


def beside(folder: Path, *names: str) -> Surroundings:
    for name in names:
        (folder / name).touch()
    return Surroundings()


def test_raw_data_and_films_of_a_shot_are_named_like_the_picture(tmp_path: Path) -> None:
    found = beside(
        tmp_path,
        "IMG_1.JPG",
        "img_1.nef",
        "IMG_1.mov",
        "IMG_1.txt",
        "IMG_10.NEF",
        "IMG_1.NEF.jpg",
        "IMG_1.heic",
    )
    shot = found.shot(str(tmp_path / "IMG_1.JPG"))
    assert shot.pictures == (str(tmp_path / "IMG_1.JPG"), str(tmp_path / "IMG_1.heic"))
    assert shot.partners(str(tmp_path / "IMG_1.JPG")) == (str(tmp_path / "img_1.nef"), str(tmp_path / "IMG_1.mov"))
    assert set(shot.partners(str(tmp_path / "img_1.nef"))) == {*shot.pictures, str(tmp_path / "IMG_1.mov")}
    assert shot.like("/elsewhere/x.CR3") == shot.raws
    assert shot.like("/elsewhere/x.MP4") == shot.films
    assert shot.like("/elsewhere/x.png") == shot.pictures


def test_raw_data_is_known_by_its_ending() -> None:
    for ending in ["nef", "CR2", "cr3", "arw", "DNG", "raf", "rw2", "orf", "pef", "srw"]:
        assert is_raw(f"/a/b.{ending}")
    assert not is_raw("/a/nef")
    assert not is_raw("/a/b.tif")


@pytest.mark.parametrize(
    ("picture", "sidecar"),
    [
        ("IMG_1.JPG", "IMG_1.xmp"),
        ("IMG_1.JPG", "img_1.AAE"),
        ("IMG_1.JPG", "IMG_1.JPG.xmp"),
        ("IMG_1.JPG", "IMG_1.json"),
        ("IMG_1.JPG", "IMG_1.jpg.json"),
        ("IMG_1.JPG", "IMG_1.JPG.supplemental-metadata.json"),
        ("IMG_1.JPG", "IMG_1.JPG.supplemental-me.json"),
        ("IMG_1(2).JPG", "IMG_1.JPG(2).json"),
        ("IMG_1(2).JPG", "IMG_1.JPG.supplemental-metadata(2).json"),
        ("IMG_1(2).JPG", "IMG_1(2).xmp"),
        ("a.b.jpg", "a.b.xmp"),
    ],
)
def test_sidecars_belong_to_their_picture(tmp_path: Path, picture: str, sidecar: str) -> None:
    found = beside(tmp_path, picture, sidecar, "IMG_9.jpg")
    assert found.sidecars(str(tmp_path / picture)) == (str(tmp_path / sidecar),)
    assert found.owners(str(tmp_path / sidecar)) == {str(tmp_path / picture)}
    assert found.sidecars(str(tmp_path / "IMG_9.jpg")) == ()


def test_a_sidecar_without_the_ending_of_a_picture_belongs_to_all_of_that_name(tmp_path: Path) -> None:
    found = beside(tmp_path, "1.jpg", "1.nef", "1.xmp", "1.nef.xmp", "1.mov", "notes.json")
    assert found.owners(str(tmp_path / "1.xmp")) == {str(tmp_path / "1.jpg"), str(tmp_path / "1.nef")}
    assert found.owners(str(tmp_path / "1.nef.xmp")) == {str(tmp_path / "1.nef")}
    assert found.sidecars(str(tmp_path / "1.jpg")) == (str(tmp_path / "1.xmp"),)
    assert found.sidecars(str(tmp_path / "1.nef")) == (str(tmp_path / "1.nef.xmp"), str(tmp_path / "1.xmp"))
    assert found.owners(str(tmp_path / "notes.json")) == frozenset()
