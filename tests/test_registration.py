"""Whether a known transform of a photograph is found to a fraction of a pixel, and what it does not explain shows."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from comparing import appearance_in, features_in
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from imsearch.images import decode
from imsearch.verify.alignment import align
from imsearch.verify.features import COMPARED_SIDE
from imsearch.verify.planes import SIDE, through
from imsearch.verify.registration import Overlap, register

PIXELS = np.array([[COMPARED_SIDE / SIDE, 0, -0.5], [0, COMPARED_SIDE / SIDE, -0.5], [0, 0, 1]])
"""From points of a picture to its pixels as they are compared, counted from the centre of the first one."""

DISTURBANCES = ["none", "noise", "tone", "blur", "jpeg"]


@pytest.fixture(scope="module")
def photo(photos: list[Path]) -> Image.Image:
    """A photograph with texture nearly everywhere, at the size at which pictures are compared."""
    path = next(path for path in photos if path.name == "dogs.jpg")
    image = decode.decode(path.read_bytes()).image
    image.thumbnail((COMPARED_SIDE, COMPARED_SIDE), Image.Resampling.LANCZOS)
    return image


def seen_through(photo: Image.Image, truth: NDArray[np.float64]) -> Image.Image:
    """The photograph as a homography, from pixels of the result to its own, shows it; black beyond its edges."""
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return Image.fromarray(cv2.warpPerspective(np.asarray(photo), truth, photo.size, flags=flags))


def disturbed(image: Image.Image, disturbance: str) -> Image.Image:
    pixels = np.asarray(image, np.float64)
    if disturbance == "noise":
        pixels = pixels + np.random.default_rng(1).normal(0, 12, pixels.shape)
    if disturbance == "tone":
        pixels = 255 * (pixels / 255) ** 0.6 * [1, 0.9, 0.7]
    if disturbance == "blur":
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.5), np.float64)
    made = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if disturbance == "jpeg":
        buffer = io.BytesIO()
        made.save(buffer, "JPEG", quality=30)
        made = Image.open(buffer).convert("RGB")
    return made


def off(matrix: NDArray[np.float64], corners: list[tuple[float, float]], size: tuple[int, int]) -> NDArray[np.float64]:
    """The homography that brings each corner of a picture of this ``size`` some pixels away from where another does."""
    width, height = size
    edge = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    moved = through(matrix, edge) + np.array(corners)
    return np.asarray(cv2.getPerspectiveTransform(edge.astype(np.float32), moved.astype(np.float32)), np.float64)


def registered(probe: Image.Image, hit: Image.Image, pixels: NDArray[np.float64]) -> Overlap | None:
    """Register two pictures from the homography between their ``pixels``."""
    return register(appearance_in(probe).drawn(), appearance_in(hit).drawn(), np.linalg.inv(PIXELS) @ pixels @ PIXELS)


def error(overlap: Overlap, truth: NDArray[np.float64], size: tuple[int, int]) -> float:
    """The largest displacement, in pixels, of any place that both pictures have."""
    width, height = size
    grid = np.stack(np.meshgrid(np.linspace(0, width - 1, 15), np.linspace(0, height - 1, 15)), -1).reshape(-1, 2)
    places = through(truth, grid)
    found = through(PIXELS @ overlap.matrix @ np.linalg.inv(PIXELS), grid)
    inside = np.all((places >= 0) & (places <= [width - 1, height - 1]), axis=1)
    return float(np.linalg.norm(found - places, axis=1)[inside].max())


three_pixels = st.tuples(st.floats(-2, 2), st.floats(-2, 2))


@settings(max_examples=40, deadline=None)
@given(
    degrees=st.floats(-30, 30),
    scale=st.floats(0.75, 1.3),
    stretch=st.floats(-0.1, 0.1),
    perspective=st.tuples(st.floats(-1e-4, 1e-4), st.floats(-1e-4, 1e-4)),
    shift=st.tuples(st.floats(-40, 40), st.floats(-40, 40)),
    start=st.lists(three_pixels, min_size=4, max_size=4),
    disturbance=st.sampled_from(DISTURBANCES),
)
def test_a_known_homography_is_found_to_a_fraction_of_a_pixel(
    photo: Image.Image,
    degrees: float,
    scale: float,
    stretch: float,
    perspective: tuple[float, float],
    shift: tuple[float, float],
    start: list[tuple[float, float]],
    disturbance: str,
) -> None:
    """From an alignment that is off by up to three pixels. Corners that were turned in from beyond the edge are black
    in one picture, and hide something of the other."""
    middle = np.array([photo.width / 2, photo.height / 2])
    turn = np.radians(degrees)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag([1, 1 + stretch])
    truth = np.eye(3)
    truth[:2, :2] = linear
    truth[:2, 2] = middle - linear @ middle + np.array(shift)
    truth = truth @ np.array([[1, 0, 0], [0, 1, 0], [*perspective, 1]])
    probe = disturbed(seen_through(photo, truth), disturbance)
    overlap = registered(probe, photo, off(truth, start, photo.size))
    assert overlap is not None
    assert error(overlap, truth, photo.size) < (0.2 if disturbance in ("none", "tone") else 0.3)


@pytest.mark.parametrize("degrees", [20, 48, 110, 158, 220, 345])
def test_black_corners_of_a_turned_picture_are_no_blur(photo: Image.Image, degrees: int) -> None:
    """They hide something of the other picture, which is as sharp as this one for all that."""
    width, height = photo.size
    part = photo.crop((50, 60, width - 50, height - 60))
    turned = part.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
    probe, hit = features_in(turned), features_in(photo)
    (alignment, *_) = align(probe, [hit])[0]
    overlap = register(probe.drawn(), hit.drawn(), alignment.matrix)
    assert overlap is not None
    assert abs(overlap.softness) <= 0.75
    # The picture's middle is that of the part.
    middle = np.array([[turned.width / 2, turned.height / 2]]) * SIDE / max(turned.size)
    found = through(overlap.matrix, middle)[0] * max(photo.size) / SIDE
    np.testing.assert_allclose(found, [width / 2, height / 2], atol=0.75)  # sizes are rounded to whole pixels


def test_the_blur_of_one_side_is_measured(photo: Image.Image) -> None:
    soft = disturbed(photo, "blur")
    there, back = registered(soft, photo, np.eye(3)), registered(photo, soft, np.eye(3))
    assert there is not None
    assert back is not None
    assert there.softness == -back.softness
    assert back.softness == pytest.approx(1.5, abs=0.5)  # the probe must be blurred by as much
    same = registered(photo, photo, np.eye(3))
    assert same is not None
    assert same.softness == 0


def test_what_was_moved_shows_as_displacement(photo: Image.Image) -> None:
    moved = photo.copy()
    box = (100, 150, 220, 300)
    moved.paste(photo.crop((box[0] - 4, box[1], box[2] - 4, box[3])), box[:2])
    overlap = registered(moved, photo, np.eye(3))
    assert overlap is not None
    x, y = overlap.points.T
    inside = (x > box[0] + 15) & (x < box[2] - 15) & (y > box[1] + 15) & (y < box[3] - 15)
    outside = (x < box[0] - 15) | (x > box[2] + 15) | (y < box[1] - 15) | (y > box[3] + 15)
    assert inside.sum() > 20
    np.testing.assert_allclose(np.median(overlap.drifts[inside], axis=0), [-4, 0], atol=0.5)
    assert np.median(np.linalg.norm(overlap.drifts[outside], axis=1)) < 0.2


@pytest.mark.parametrize("disturbance", DISTURBANCES)
def test_the_pixels_of_both_pictures_lie_on_each_other(photo: Image.Image, disturbance: str) -> None:
    """The finer picture is laid upon the coarser one, whichever was the probe."""
    half = disturbed(photo, disturbance).resize((photo.width // 2, photo.height // 2), Image.Resampling.LANCZOS)
    whole = appearance_in(photo).drawn()
    small = appearance_in(half).drawn()
    for probe, hit, swapped in ((whole, small, False), (small, whole, True)):
        overlap = register(probe, hit, np.eye(3))
        assert overlap is not None
        assert overlap.swapped is swapped
        assert overlap.below.shape == (half.height, half.width)
        laid, below = overlap.laid_soft[overlap.there], overlap.below_soft[overlap.there]
        assert np.corrcoef(laid, below)[0, 1] > 0.95
        upper, lower = overlap.colors(probe, hit)
        assert upper.shape == lower.shape == (*overlap.below.shape, 3)
        assert np.corrcoef(upper[..., 2][overlap.there], lower[..., 2][overlap.there])[0, 1] > 0.9


@pytest.mark.parametrize("shift", [(1, 0), (0, 1), (1, 1)])
def test_a_narrow_overlap_is_not_compared(photo: Image.Image, shift: tuple[int, int]) -> None:
    for width, compared in ((15, False), (40, True)):
        truth = np.eye(3)
        truth[:2, 2] = np.array(shift) * (np.array(photo.size) - width)
        assert (registered(photo, photo, truth) is not None) == compared


@pytest.mark.parametrize("shift", [(8, 0), (-8, 0), (0, 8), (0, -8)])
def test_what_the_first_alignment_left_out_is_compared_too(photo: Image.Image, shift: tuple[int, int]) -> None:
    """A part of a photograph is looked for some pixels beside its place, where a strip of it would be outside."""
    width, height = photo.size
    left, top = (width // 2 if shift[0] > 0 else 0), (height // 2 if shift[1] > 0 else 0)
    part = photo.crop((left, top, left + width // 2, top + height // 2))
    truth = np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]])
    small, large = appearance_in(part), appearance_in(photo)
    factors = [SIDE / max(picture.width, picture.height) for picture in (small, large)]
    scaled = np.diag([factors[1], factors[1], 1]) @ truth @ np.diag([1 / factors[0], 1 / factors[0], 1])
    astray = np.array([[1, 0, shift[0] * factors[1]], [0, 1, shift[1] * factors[1]], [0, 0, 1.0]]) @ scaled
    overlap = register(small.drawn(), large.drawn(), astray)
    assert overlap is not None
    assert np.abs(through(overlap.matrix, np.array([[0.0, 0.0]])) - through(scaled, np.array([[0.0, 0.0]]))).max() < 0.5
    assert overlap.there.shape[0] >= height // 2 - 3
    assert overlap.there.shape[1] >= width // 2 - 3
    assert overlap.there.mean() > 0.97
