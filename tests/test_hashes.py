"""Perceptual hashes: their definition, the eight orientations, and what they tell apart."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageOps

from imsearch.images.decode import decode
from imsearch.images.hashes import BYTES, FLAT, hash_of, orientations
from imsearch.vectors.hash_index import LIMIT

TURNS = [None, *Image.Transpose]


def turned(picture: Image.Image, turn: Image.Transpose | None) -> Image.Image:
    return picture if turn is None else picture.transpose(turn)


def bits(hash_: bytes) -> np.ndarray:
    return np.unpackbits(np.frombuffer(hash_, np.uint8))


def distance(one: bytes, other: bytes) -> int:
    return int(np.count_nonzero(bits(one) != bits(other)))


def in_any_orientation(one: bytes, other: bytes) -> list[int]:
    (every,) = orientations(np.frombuffer(one, np.uint8)[None])
    return [distance(each.tobytes(), other) for each in every]


def by_definition(luma: np.ndarray) -> np.ndarray:
    """The bits of a PDQ hash by the formula of the discrete cosine transform, of luma (64, 64)."""
    places = np.arange(64)
    waves = np.empty((16, 16))
    for down in range(16):
        for across in range(16):
            rows = np.cos(np.pi / 128 * (down + 1) * (2 * places + 1))
            columns = np.cos(np.pi / 128 * (across + 1) * (2 * places + 1))
            waves[down, across] = (luma * rows[:, None] * columns[None]).sum() / 32
    return (waves > np.median(waves)).ravel()


def clouds(seed: int, size: tuple[int, int] = (96, 80)) -> Image.Image:
    """A picture of soft spots of many sizes, as no two seeds give it."""
    rng = np.random.default_rng(seed)
    layers = [
        Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
        for side in (3, 6, 12)
    ]
    return Image.blend(Image.blend(layers[0], layers[1], 0.5), layers[2], 0.3)


@pytest.fixture(scope="module")
def pictures(photos: list[Path]) -> list[Image.Image]:
    return [decode(photo.read_bytes()).image for photo in photos if photo.suffix == ".jpg"][:12]


def test_a_picture_of_64_pixels_has_the_bits_of_the_definition(pictures: list[Image.Image]) -> None:
    for picture in pictures:
        small = picture.resize((64, 64))
        luma = np.asarray(small, float) @ (0.299, 0.587, 0.114)
        assert np.count_nonzero(bits(hash_of(small)) != by_definition(luma)) <= 2  # of equal waves, but for rounding


@given(st.binary(min_size=BYTES, max_size=BYTES))
def test_the_orientations_of_an_orientation_are_the_same_eight(hash_: bytes) -> None:
    (every,) = orientations(np.frombuffer(hash_, np.uint8)[None])
    assert every[0].tobytes() == hash_
    assert every.shape == (8, BYTES)
    expected = sorted(each.tobytes() for each in every)
    for again in orientations(every):
        assert sorted(each.tobytes() for each in again) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1 << 32))
def test_a_turned_picture_has_the_hash_of_one_orientation(seed: int) -> None:
    picture = clouds(seed)
    hash_ = hash_of(picture)
    places = []
    for turn in TURNS:
        distances = in_any_orientation(hash_, hash_of(turned(picture, turn)))
        assert min(distances) <= 32
        places.append(int(np.argmin(distances)))
    assert sorted(places) == list(range(8))  # another one for each


def test_edited_copies_are_near_and_other_photographs_far(pictures: list[Image.Image]) -> None:
    hashes = [hash_of(picture) for picture in pictures]
    for at, picture in enumerate(pictures):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=8)
        tiny = picture.copy()
        tiny.thumbnail((64, 64))
        edited = {
            "compressed": decode(buffer.getvalue()).image,
            "grey": ImageOps.grayscale(picture).convert("RGB"),
            "blurred": picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 80)),
            "tiny and turned": tiny.rotate(90, expand=True),
            "stretched": picture.resize((picture.width * 4 // 3, picture.height)),
        }
        for name, copy in edited.items():
            assert min(in_any_orientation(hashes[at], hash_of(copy))) <= 40, name
        for other in hashes[:at]:
            assert min(in_any_orientation(hashes[at], other)) > LIMIT


@pytest.mark.parametrize("side", [64, 128, 224])
def test_a_smaller_rendering_has_nearly_the_same_hash(photos: list[Path], side: int) -> None:
    for photo in photos[:12]:
        data = photo.read_bytes()
        whole, small = decode(data), decode(data, side)
        assert distance(hash_of(whole.image), hash_of(small.image, (small.width, small.height))) <= 8


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_picture_with_nothing_in_it_has_none(value: int) -> None:
    plain = np.full((90, 120, 3), value, np.uint8)
    assert hash_of(Image.fromarray(plain)) == FLAT
    noisy = np.clip(plain + np.random.default_rng(1).normal(size=plain.shape), 0, 255)
    assert hash_of(Image.fromarray(noisy.astype(np.uint8))) == FLAT
    plain[30:60, 40:80] = 255 - value // 2
    assert len(hash_of(Image.fromarray(plain))) == BYTES


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (5, 5)])
def test_pictures_of_any_shape_are_taken(size: tuple[int, int]) -> None:
    assert len(hash_of(Image.effect_noise(size, 90).convert("RGB"))) in (0, BYTES)
