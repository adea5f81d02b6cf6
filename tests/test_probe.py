"""Probes from wherever they come, and the reasons given for unavailable ones."""

import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imsearch.errors import ProbeError, UsageError
from imsearch.search.probes import name_of, read_probe, read_stdin
from imsearch.sources.digests import digest_of
from imsearch.types.preprocessing import Preprocessing
from imsearch.types.probes import CLIPBOARD, Crop, Length


def test_kinds_of_probes_agree(photos: list[Path]) -> None:
    photo = photos[0]
    with Image.open(photo) as image:
        image.load()
    expected = read_probe(photo)
    assert (expected.name, expected.path) == (str(photo), os.fsencode(photo))
    assert expected.digest == digest_of(photo.read_bytes())
    for source in (str(photo), photo.read_bytes(), image, np.asarray(image.convert("RGB"))):
        assert read_probe(source).image.tobytes() == expected.image.tobytes()
    assert read_probe(photo, Crop.parse("0,0,10,10")).digest is None
    assert [name_of(source) for source in (photo, b"", CLIPBOARD, image)] == [
        str(photo),
        "the picture",
        "(clipboard)",
        "(image)",
    ]


@pytest.mark.parametrize("name", [b"a b.jpg", b"line\nbreak.jpg", b"\xff\xfe.jpg", "ü图.jpg".encode(), b"-", b"http:"])
def test_names_of_any_bytes(tmp_path: Path, name: bytes, stripes: bytes) -> None:
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), name))
    Path(path).write_bytes(stripes)
    assert read_probe(path).path == os.fsencode(path)


def test_paths_that_are_no_probes(tmp_path: Path, stripes: bytes) -> None:
    (tmp_path / "text.jpg").write_text("text")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "half.jpg").write_bytes(stripes[:1500])
    for name, message in {
        "none.jpg": "no such file: .*none.jpg",
        ".": "a folder is no probe",
        "text.jpg": "text.jpg cannot be used: not a picture",
        "empty.jpg": "empty.jpg cannot be used: empty",
        "half.jpg": "half.jpg cannot be used: truncated",
        "a\0b": "cannot be read",
        "text.jpg/x": "cannot be read: not a directory|cannot be read: Not a directory",
    }.items():
        with pytest.raises(ProbeError, match=message):
            read_probe(f"{tmp_path}/{name}")
    with pytest.raises(UsageError, match="not int"):
        read_probe(7)


def test_stdin() -> None:
    assert read_stdin(io.BytesIO(b"bytes")) == b"bytes"
    with pytest.raises(ProbeError, match="standard input"):
        read_stdin(io.BytesIO(b""))


NUMBERS = st.floats(-500, 1500)
SIDES = st.integers(1, 1000)


@given(NUMBERS, NUMBERS, st.floats(0.01, 1500), st.floats(0.01, 1500), SIDES, SIDES)
def test_a_crop_lies_inside_or_is_refused(x: float, y: float, w: float, h: float, width: int, height: int) -> None:
    crop = Crop.parse(f"{x},{y},{w},{h}")
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        with pytest.raises(ProbeError, match=f"{width} x {height}"):
            crop.box(width, height)
        return
    left, top, right, bottom = crop.box(width, height)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert left <= max(0, x) < left + 1
    assert right >= min(width, x + w) > right - 1


@given(st.integers(0, 99), st.integers(1, 100), SIDES)
def test_per_cent_are_shares_of_the_side(start: int, share: int, side: int) -> None:
    by_share = Crop.parse(f"{start}%,0,{share}%,100%")
    in_pixels = Crop(Length(start * side / 100), Length(0), Length(share * side / 100), Length(side))
    assert by_share.box(side, side) == in_pixels.box(side, side)


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,0,0,10", "0,0,10,-1", "nan,0,5,5", "0,0,inf,5"]
)
def test_crops_that_make_no_sense(text: str) -> None:
    with pytest.raises(UsageError, match="crop"):
        Crop.parse(text)


def test_without_a_clipboard_the_helper_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProbeError, match=r"wl-clipboard.*xclip"):
        read_probe(CLIPBOARD)


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if shutil.which("Xvfb") is None or shutil.which("xclip") is None:
        pytest.skip("a clipboard to test with needs Xvfb and xclip")
    read, write = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "64x64x24"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    monkeypatch.setenv("DISPLAY", f":{number}")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    yield
    process.terminate()
    process.wait()


@pytest.mark.usefixtures("display")
def test_the_clipboard(photos: list[Path]) -> None:
    with pytest.raises(ProbeError, match="clipboard"):
        read_probe(CLIPBOARD)
    photo = next(path for path in photos if path.suffix == ".png")
    subprocess.run(
        ["xclip", "-selection", "clipboard", "-t", "image/png", "-i", photo],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert read_probe(CLIPBOARD).image.tobytes() == read_probe(photo).image.tobytes()


def test_a_large_photograph_comes_small_for_a_model_but_not_for_a_crop(tmp_path: Path) -> None:
    preprocessing = Preprocessing(60, (50, 50), "bicubic", (0.0,) * 3, (1.0,) * 3)
    Image.effect_noise((800, 600), 40).convert("RGB").save(tmp_path / "large.jpg")
    probe = read_probe(tmp_path / "large.jpg", None, preprocessing)
    assert (probe.image.size, probe.width, probe.height) == ((200, 150), 800, 600)
    crop = Crop.parse("0,0,50%,50%")
    cropped = read_probe(tmp_path / "large.jpg", crop, preprocessing)
    assert (cropped.image.size, cropped.width, cropped.height) == ((400, 300), 400, 300)
    assert cropped.image.tobytes() == read_probe(tmp_path / "large.jpg", crop).image.tobytes()
