"""Duplicates among real pictures, judged by what they show: copies, versions, and what is kept of them."""

import datetime
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageDraw, ImageFilter, ImageFont, ImageOps

import imsearch
from imsearch.images import decode

NOON = datetime.datetime(2019, 7, 4, 12, 0, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def dogs(photos: list[Path]) -> Image.Image:
    return decode.decode(next(path for path in photos if path.name == "dogs.jpg").read_bytes()).image


@pytest.fixture(scope="module")
def clock(photos: list[Path]) -> Image.Image:
    return decode.decode(next(path for path in photos if path.name == "clock.jpg").read_bytes()).image


def exif(taken: datetime.datetime | None = NOON, **texts: str) -> Image.Exif:
    """What a camera notes."""
    made = Image.Exif()
    made[ExifTags.Base.Make] = texts.get("make", "Maker")
    made[ExifTags.Base.Model] = texts.get("model", "Model 7")
    if "software" in texts:
        made[ExifTags.Base.Software] = texts["software"]
    if taken is not None:
        made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{taken:%Y:%m:%d %H:%M:%S}"
    return made


def captioned(image: Image.Image, text: str = "NOT TODAY") -> Image.Image:
    out = image.copy()
    font = ImageFont.load_default(image.width // 9)
    place = (image.width // 20, image.height // 2)
    ImageDraw.Draw(out).text(place, text, (255, 255, 255), font, stroke_width=4, stroke_fill=(0, 0, 0))
    return out


def shares(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """A part of an image, whose box is in shares of its sides."""
    width, height = image.size
    return image.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))


def half(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def found(library: imsearch.Library, **options: Any) -> list[imsearch.DuplicateGroup]:
    return library.duplicates(**options)


def relations(group: imsearch.DuplicateGroup) -> dict[str, str]:
    return {Path(file.path).name: file.relation for file in group.files}


def file_of(group: imsearch.DuplicateGroup, name: str) -> imsearch.DuplicateFile:
    return next(file for file in group.files if Path(file.path).name == name)


def proposed(groups: list[imsearch.DuplicateGroup]) -> set[str]:
    return {Path(file.path).name for group in groups for file in group.proposed(edited=True)}


# Copies and versions


def test_what_shows_less_is_a_copy(library: imsearch.Library, folder: Path, dogs: Image.Image) -> None:
    dogs.save(folder / "original.png")
    half(dogs).save(folder / "half.jpg", quality=85)
    shares(dogs, 0.1, 0.1, 0.8, 0.9).save(folder / "part.jpg", quality=85)
    ImageOps.mirror(dogs).save(folder / "mirrored.jpg", quality=85)
    dogs.transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", quality=85)
    library.index(folder)
    (group,) = found(library)
    assert group.kind == "copies"
    assert relations(group) == {
        "original.png": "kept",
        "half.jpg": "edited",
        "part.jpg": "edited",
        "mirrored.jpg": "edited",
        "turned.jpg": "edited",
    }
    assert proposed([group]) == {"half.jpg", "part.jpg", "mirrored.jpg", "turned.jpg"}
    assert group.proposed() == ()
    part = file_of(group, "part.jpg").proof
    assert part is not None
    assert (part.verdict, part.changed) == ("copy", 0)
    assert part.hit_overlap == pytest.approx(0.56, abs=0.03)


def test_a_caption_makes_a_version(library: imsearch.Library, folder: Path, dogs: Image.Image) -> None:
    dogs.save(folder / "original.jpg", quality=92)
    captioned(dogs).save(folder / "captioned.jpg", quality=92)
    library.index(folder)
    (group,) = found(library)
    assert (group.kind, sorted(relations(group).values())) == ("versions", ["kept", "version"])
    version = next(file for file in group.files if file.relation == "version")
    assert "changed" in version.differs
    assert version.proof is not None
    assert version.proof.changed > 0
    assert version.proof.changed_parts
    assert proposed([group]) == set()
    assert library.trash([group], edited=True, dry_run=True).moved == ()


def test_two_parts_of_a_picture_that_is_not_there_are_versions(
    library: imsearch.Library, folder: Path, dogs: Image.Image
) -> None:
    shares(dogs, 0, 0, 0.94, 0.97).save(folder / "left.jpg", quality=92)
    shares(dogs, 0.06, 0.03, 1, 1).save(folder / "right.jpg", quality=92)
    library.index(folder)
    (group,) = found(library)
    assert group.kind == "versions"
    assert [file.differs for file in group.files if file.relation == "version"] == [("field-of-view",)]
    dogs.save(folder / "whole.png")
    library.index(folder)
    (group,) = found(library)
    assert (group.kind, Path(group.kept.path).name) == ("copies", "whole.png")
    assert proposed([group]) == {"left.jpg", "right.jpg"}


def test_grey_and_color_are_versions_which_can_be_left_alone(
    library: imsearch.Library, folder: Path, dogs: Image.Image
) -> None:
    dogs.save(folder / "color.jpg", quality=92)
    ImageOps.grayscale(dogs).save(folder / "grey.jpg", quality=92)
    library.index(folder)
    (group,) = found(library)
    assert group.kind == "versions"
    assert [file.differs for file in group.files if file.relation == "version"] == [("color",)]
    assert found(library, leave_greyscale=True) == []


def test_a_chain_does_not_make_a_group(
    library: imsearch.Library, folder: Path, dogs: Image.Image, clock: Image.Image
) -> None:
    """A collage is a copy of both its pictures, which have nothing in common."""
    tile = (480, 480)
    one, other = (ImageOps.fit(image, tile) for image in (dogs, clock))
    collage = Image.new("RGB", (960, 480))
    collage.paste(one, (0, 0))
    collage.paste(other, (480, 0))
    one.save(folder / "one.jpg", quality=90)
    other.save(folder / "other.jpg", quality=90)
    collage.save(folder / "collage.jpg", quality=90)
    library.index(folder)
    for group in found(library):
        assert not {"one.jpg", "other.jpg"} <= set(relations(group))


def test_a_blurred_picture_that_was_made_larger_is_not_kept_for_the_sharp_one(
    library: imsearch.Library, folder: Path, dogs: Image.Image
) -> None:
    dogs.save(folder / "sharp.jpg", quality=92)
    blurred = dogs.filter(ImageFilter.GaussianBlur(2))
    blurred.resize((800, 1200), Image.Resampling.BICUBIC).save(folder / "large.jpg", quality=92)
    library.index(folder)
    assert "sharp.jpg" not in proposed(found(library))


# What would be lost with a file


def test_an_animation_and_its_poster_are_both_left(
    library: imsearch.Library, folder: Path, dogs: Image.Image, clock: Image.Image
) -> None:
    first, second = (ImageOps.fit(image, (400, 400)) for image in (dogs, clock))
    first.save(folder / "moving.webp", save_all=True, append_images=[second, first], lossless=True)
    first.save(folder / "poster.png")
    library.index(folder)
    groups = found(library)
    assert [group.kind for group in groups] == ["versions"]
    assert all(file.differs == ("frames",) for file in groups[0].files if file.relation == "version")
    assert proposed(groups) == set()


def test_two_documents_with_one_cover_are_both_left(
    library: imsearch.Library, folder: Path, dogs: Image.Image, clock: Image.Image
) -> None:
    cover, one, other = (ImageOps.fit(image, (400, 400)) for image in (dogs, clock, ImageOps.mirror(clock)))
    cover.save(folder / "one.tiff", save_all=True, append_images=[one])
    cover.save(folder / "other.tiff", save_all=True, append_images=[other])
    library.index(folder)
    assert proposed(found(library)) == set()


def test_transparent_parts_are_not_lost(library: imsearch.Library, folder: Path, dogs: Image.Image) -> None:
    """Even where the picture without them is larger."""
    alpha = Image.new("L", dogs.size, 255)
    ImageDraw.Draw(alpha).ellipse((100, 100, 200, 200), fill=0)
    cut = dogs.copy()
    cut.putalpha(alpha)
    half(cut).save(folder / "cut.png")
    flat = Image.new("RGB", dogs.size, (255, 255, 255))
    flat.paste(cut, mask=alpha)
    flat.save(folder / "flat.png")
    library.index(folder)
    assert "cut.png" not in proposed(found(library))


def test_raw_data_stay(library: imsearch.Library, folder: Path, dogs: Image.Image) -> None:
    """A DNG, as a TIFF that says so, beside the JPEG of the same shot."""
    dogs.save(folder / "shot.jpg", quality=95, exif=exif())
    half(dogs).save(folder / "shot.dng", "TIFF", tiffinfo={50706: b"\x01\x04\x00\x00"})
    library.index(folder)
    assert "shot.dng" not in proposed(found(library))


# Which one is kept


def test_the_file_of_the_camera_is_kept(library: imsearch.Library, folder: Path, dogs: Image.Image) -> None:
    """Whatever is larger, turned, lossless, or has more bytes."""
    dogs.save(folder / "IMG_1.jpg", quality=88, exif=exif())
    again = Image.open(folder / "IMG_1.jpg").convert("RGB")
    again.transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", quality=98)
    again.resize((again.width * 2, again.height * 2), Image.Resampling.BICUBIC).save(folder / "larger.jpg", quality=95)
    again.save(folder / "lossless.png")
    library.index(folder)
    assert (folder / "turned.jpg").stat().st_size > (folder / "IMG_1.jpg").stat().st_size
    (group,) = found(library)
    assert group.kind == "copies"
    assert Path(group.kept.path).name == "IMG_1.jpg"
    assert group.reason.startswith("original: camera and date noted")
    assert proposed([group]) == {"turned.jpg", "larger.jpg", "lossless.png"}


def test_those_who_finish_their_pictures_keep_what_was_edited(
    library: imsearch.Library, folder: Path, dogs: Image.Image
) -> None:
    dogs.save(folder / "IMG_1.jpg", quality=92, exif=exif())
    lighter = dogs.point(lambda level: int(255 * (level / 255) ** 0.8))
    lighter.save(folder / "finished.jpg", quality=92, exif=exif(software="Adobe Lightroom Classic 13"))
    library.index(folder)
    (group,) = found(library)
    assert Path(group.kept.path).name == "IMG_1.jpg"
    (group,) = found(library, keep=["edited"])
    assert Path(group.kept.path).name == "finished.jpg"
    assert "edited with Adobe Lightroom" in group.reason


# Shots


def test_shots_that_cameras_tell_apart_are_no_copies(
    library: imsearch.Library, folder: Path, dogs: Image.Image
) -> None:
    """Although their pixels are nearly the same, as from a tripod."""
    dogs.save(folder / "1.jpg", quality=90, exif=exif(NOON))
    dogs.save(folder / "2.jpg", quality=88, exif=exif(NOON + datetime.timedelta(seconds=2)))
    library.index(folder)
    assert found(library) == []
    (series,) = found(library, series=True)
    assert series.kind == "series"
    hit = next(hit for hit in library.query(folder / "1.jpg", verify=True) if hit.path.endswith("2.jpg"))
    assert hit.proof is not None
    assert hit.proof.verdict == "similar"
    assert hit.proof.apart == "taken at 12:00:00 and 12:00:02"


def test_a_copy_that_lost_its_date_is_a_copy_of_one_shot_only(
    library: imsearch.Library, folder: Path, dogs: Image.Image
) -> None:
    """It could be of either of two shots, which stay apart."""
    dogs.save(folder / "1.jpg", quality=90, exif=exif(NOON))
    dogs.save(folder / "2.jpg", quality=88, exif=exif(NOON + datetime.timedelta(seconds=2)))
    half(dogs).save(folder / "sent.jpg", quality=80)
    library.index(folder)
    groups = found(library)
    assert not any({"1.jpg", "2.jpg"} <= set(relations(group)) for group in groups)
    assert proposed(groups) == {"sent.jpg"}


# Folders


@pytest.fixture
def folders(library: imsearch.Library, folder: Path, dogs: Image.Image, clock: Image.Image) -> Path:
    """A folder with two copies of one picture, and another one with a third copy and two of another picture."""
    for name in ("a", "b"):
        (folder / name).mkdir()
    dogs.save(folder / "a" / "dogs.png")
    half(dogs).save(folder / "a" / "half.jpg")
    shutil.copy(folder / "a" / "dogs.png", folder / "b" / "again.png")
    clock.save(folder / "b" / "clock.png")
    half(clock).save(folder / "b" / "small.jpg")
    library.index(folder)
    return folder


def test_only_groups_across_folders_can_be_asked_for(library: imsearch.Library, folders: Path) -> None:
    assert len(found(library)) == 2
    (group,) = found(library, across_folders=True)
    assert set(relations(group)) == {"dogs.png", "half.jpg", "again.png"}


def test_only_files_of_one_folder_can_be_grouped(library: imsearch.Library, folders: Path) -> None:
    groups = found(library, within_folder=True)
    assert [set(relations(group)) for group in groups] == [{"dogs.png", "half.jpg"}, {"clock.png", "small.jpg"}]


def test_protected_files_are_never_proposed(library: imsearch.Library, folders: Path) -> None:
    groups = found(library, protect=[folders / "b"])
    assert proposed(groups) == {"half.jpg"}
    assert {Path(file.path).name for group in groups for file in group.files if file.protected} == {
        "again.png",
        "clock.png",
        "small.jpg",
    }


# Searching again


@pytest.fixture
def many(library: imsearch.Library, folder: Path, photos: list[Path]) -> Path:
    for path in photos[:8]:
        image = decode.decode(path.read_bytes()).image
        image.save(folder / f"{path.stem}.png")
        half(image).save(folder / f"{path.stem}-half.jpg", quality=85)
        shares(image, 0.1, 0, 1, 0.9).save(folder / f"{path.stem}-part.jpg", quality=85)
    library.index(folder)
    return folder


def rows_in(library: imsearch.Library, name: str) -> dict[bytes, bytes]:

    with sqlite3.connect(library.path / name) as connection:
        return dict(connection.execute("SELECT digest, data FROM kept"))


def test_a_second_search_looks_at_nothing_anew(library: imsearch.Library, many: Path) -> None:
    first = found(library)
    before = rows_in(library, "judgments.sqlite3"), rows_in(library, "features.sqlite3")
    hidden = many.rename(many.parent / "out of reach")  # so that no file could be read again
    assert found(library) == first
    assert (rows_in(library, "judgments.sqlite3"), rows_in(library, "features.sqlite3")) == before
    hidden.rename(many)


def test_one_new_picture_costs_only_its_own_pairs(library: imsearch.Library, many: Path, photos: list[Path]) -> None:
    found(library)
    before = rows_in(library, "judgments.sqlite3")
    source = next(many.glob("*-half.jpg"))
    with Image.open(source) as picture:
        picture.resize((picture.width * 2 // 3, picture.height * 2 // 3)).save(many / "new.jpg", quality=85)
    library.index(many)
    groups = found(library)
    digest = next(
        bytes.fromhex(file.digest) for group in groups for file in group.files if file.path.endswith("new.jpg")
    )
    new = rows_in(library, "judgments.sqlite3").keys() - before.keys()
    assert new
    assert all(digest in (pair[:32], pair[32:]) for pair in new)
