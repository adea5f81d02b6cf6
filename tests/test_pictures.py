"""Pictures of a library by their digest: facts, thumbnails, and probes."""

import io
import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

import imsearch
from imsearch.search.thumbnails import CACHED_SIDE


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def rendered(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def test_facts_name_every_file(library: imsearch.Library, album: Path) -> None:
    photo = sorted(album.iterdir())[0]
    copy = album / "zz copy.jpg"
    shutil.copy(photo, copy)
    library.index(album)
    facts = library.picture(digest(photo))
    assert [file.path for file in facts.files] == [str(photo), str(copy)]
    assert facts.files[0].size == photo.stat().st_size
    assert facts.files[0].mtime_ns == photo.stat().st_mtime_ns
    with Image.open(photo) as picture:
        assert (facts.width, facts.height) == picture.size
    assert facts.digest == digest(photo) == library.query(photo, k=1)[0].digest


@pytest.mark.parametrize("name", ["", "abc", "../catalog.sqlite3", "0" * 64, "\udcff", "é" * 64])
def test_what_is_no_picture_of_the_library_is_told_so(
    library: imsearch.Library, indexed_album: Path, name: str
) -> None:
    for ask in (library.picture, library.thumbnail, lambda name: library.query(imsearch.Indexed(name))):
        with pytest.raises(imsearch.UnknownPictureError, match="no picture"):
            ask(name)


def test_a_thumbnail_is_upright_and_fits(library: imsearch.Library, tmp_path: Path, photos: list[Path]) -> None:
    folder = tmp_path / "turned"
    folder.mkdir()
    with Image.open(photos[0]) as picture:
        exif = picture.getexif()
        exif[0x0112] = 6  # to be turned right
        wide = picture.resize((900, 300))
        wide.save(folder / "turned.jpg", exif=exif)
    library.index(folder)
    small = rendered(library.thumbnail(digest(folder / "turned.jpg")))
    assert small.format == "JPEG"
    assert small.size == (round(CACHED_SIDE / 3), CACHED_SIDE)
    assert max(rendered(library.thumbnail(digest(folder / "turned.jpg"), 1280)).size) == 900  # never enlarged


def test_a_cached_thumbnail_outlives_the_reach_of_its_file(library: imsearch.Library, indexed_album: Path) -> None:
    photo, other = sorted(indexed_album.iterdir())[:2]
    names = digest(photo), digest(other)
    small = library.thumbnail(names[0])
    photo.unlink()
    other.unlink()
    assert library.thumbnail(names[0]) == small
    with pytest.raises(imsearch.OutOfReachError, match="as it was when it was indexed") as caught:
        library.thumbnail(names[1])
    assert caught.value.digest == names[1]
    assert library.query(imsearch.Indexed(names[0]))[0].path == str(photo)  # its vector is there
    with pytest.raises(imsearch.OutOfReachError):
        library.query(imsearch.Indexed(names[0]), crop="0,0,50%,50%")
    library.index(indexed_album)
    with pytest.raises(imsearch.UnknownPictureError):  # what is not in the library is not shown
        library.thumbnail(names[0])


def test_another_picture_in_its_place_is_not_shown(
    library: imsearch.Library, indexed_album: Path, stripes: bytes
) -> None:
    photo = sorted(indexed_album.iterdir())[0]
    name, status = digest(photo), photo.stat()
    photo.write_bytes(stripes.ljust(status.st_size, b"\0"))
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(imsearch.OutOfReachError, match="has changed"):
        library.thumbnail(name)


def test_an_indexed_picture_asks_as_its_file_does(library: imsearch.Library, indexed_album: Path) -> None:
    photo = sorted(indexed_album.iterdir())[3]
    by_file = library.query(photo, k=5, crop="10%,10%,50%,50%")
    assert library.query(imsearch.Indexed(digest(photo)), k=5, crop="10%,10%,50%,50%") == by_file
    assert library.query(imsearch.Indexed(digest(photo)), k=5) == library.query(photo, k=5)
