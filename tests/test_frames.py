"""Frames: what is around a picture is plain or belongs to other pictures, and a crop is no such thing."""

from pathlib import Path

import numpy as np
import pytest
from comparing import features_in
from PIL import Image, ImageOps

from imsearch.verify.proof import compare


def framed(one: Image.Image, other: Image.Image) -> tuple[bool, bool] | None:
    """For each of two copies, whether it has a frame around what both show; None if they are not proven copies."""
    (comparison,) = compare(features_in(one), [features_in(other)])
    return comparison.framed if comparison is not None and comparison.is_copy else None


def shares(found: list[tuple[bool, bool] | None]) -> tuple[float, float]:
    """How many of the first and of the second pictures frame the other; nearly all must be proven copies."""
    proven = [each for each in found if each is not None]
    assert len(proven) >= len(found) - 1
    first, second = np.mean(proven, axis=0)
    return float(first), float(second)


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


@pytest.fixture
def pictures(album: Path) -> list[Image.Image]:
    return [opened(path) for path in sorted(album.iterdir())]


def pasted(picture: Image.Image, others: list[Image.Image], turn: int) -> Image.Image:
    """Four pictures beside each other, the first of them in one of the corners."""
    tile = (320, 240)
    sheet = Image.new("RGB", (640, 480))
    for place, each in enumerate([picture, *others]):
        at = (place + turn) % 4
        sheet.paste(each.resize(tile), (at % 2 * tile[0], at // 2 * tile[1]))
    return sheet


@pytest.mark.parametrize("turn", range(4))
def test_other_pictures_around_it_are_no_part_of_a_picture(pictures: list[Image.Image], turn: int) -> None:
    found = [
        framed(picture, pasted(picture, pictures[at - 3 : at], turn)) for at, picture in enumerate(pictures[3:], 3)
    ]
    picture, sheet = shares(found)
    assert picture == 0
    assert sheet >= 0.85


def test_a_mount_is_a_frame_of_any_tone(pictures: list[Image.Image]) -> None:
    for tone in ("white", "black", (90, 60, 30)):
        found = [framed(each, ImageOps.expand(each, each.width // 12, tone)) for each in pictures]
        picture, mounted = shares(found)
        assert picture == 0
        assert mounted >= 0.9


@pytest.mark.parametrize("share", [0.8, 0.6, 0.5])
def test_what_a_crop_has_lost_is_no_frame(pictures: list[Image.Image], share: float) -> None:
    found = []
    for picture in pictures:
        width, height = round(picture.width * share), round(picture.height * share)
        left, top = (picture.width - width) // 3, (picture.height - height) // 2
        found.append(framed(picture.crop((left, top, left + width, top + height)), picture))
    part, whole = shares(found)
    assert part == 0
    assert whole <= 0.1
