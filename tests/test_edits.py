"""The standard edits: each changes the picture, in its own way, and always in the same."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imsearch.evaluation.edits import EDITS, SIDE, edited


@pytest.fixture(scope="module")
def picture(photos: list[Path]) -> Image.Image:
    (path,) = [photo for photo in photos if photo.name == "picos-de-europa.jpg"]
    return Image.open(path).convert("RGB")


@pytest.fixture(scope="module")
def small(picture: Image.Image) -> np.ndarray:
    """What edits begin with."""
    copy = picture.copy()
    copy.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(copy)


def pixels(picture: Image.Image, edit: str, seed: bytes = b"") -> np.ndarray:
    return np.asarray(edited(picture, edit, seed))


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_changes_the_picture_and_follows_its_seed(
    picture: Image.Image, small: np.ndarray, edit: str
) -> None:
    before = picture.tobytes()
    first = pixels(picture, edit)
    assert picture.tobytes() == before
    assert first.shape[2] == 3
    assert not np.array_equal(first, small)
    np.testing.assert_array_equal(first, pixels(picture, edit))
    chance = edit in ("crop50", "crop20", "colour", "overlay", "caption", "frame")
    assert chance == any(not np.array_equal(first, pixels(picture, edit, bytes([seed]))) for seed in range(12))
    assert min(edited(Image.new("RGB", (1, 1), (9, 9, 9)), edit, b"").size) > 0


@pytest.mark.parametrize(("edit", "share"), [("crop50", 0.5), ("crop20", 0.2)])
def test_crops_have_their_share_of_the_area_and_lie_inside(
    picture: Image.Image, small: np.ndarray, edit: str, share: float
) -> None:
    for seed in range(5):
        part = pixels(picture, edit, bytes([seed]))
        height, width, _ = part.shape
        assert part.size == pytest.approx(share * small.size, rel=0.01)
        corners = np.argwhere((small == part[0, 0]).all(axis=2))
        assert any(np.array_equal(small[top : top + height, left : left + width], part) for top, left in corners)


def test_edits_do_what_their_names_say(picture: Image.Image, small: np.ndarray) -> None:
    np.testing.assert_array_equal(pixels(picture, "mirror")[:, ::-1], small)
    np.testing.assert_array_equal(np.rot90(pixels(picture, "rotate90"), -1), small)
    grey = pixels(picture, "grey")
    assert (grey == grey[..., :1]).all()
    caption = pixels(picture, "caption")
    np.testing.assert_array_equal(caption[-len(small) :], small)
    band = caption[: -len(small)]
    assert (band == 255).mean() > 0.5
    assert (band < 64).mean() > 0.02
    frame = pixels(picture, "frame")
    assert frame.size == pytest.approx(1.6 * 1.9 * small.size, rel=0.01)
    sharp, soft = (np.abs(np.diff(image.mean(axis=2))).mean() for image in (small, pixels(picture, "blur")))
    assert soft < sharp / 2
