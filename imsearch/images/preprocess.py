"""Resizing and cropping pictures for models."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imsearch.images.decode import Picture
from imsearch.types.preprocessing import Preprocessing

MOST_RESIZED = 1 << 24
"""The most pixels of a resized picture from which the crop is cut. Of a larger one, such as a strip of one by some
thousand pixels, only the crop is resized, which may round some pixels otherwise."""


def prepare(
    image: Image.Image, preprocessing: Preprocessing, whole: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """The input of a model: the image resized and cropped by ``preprocessing``, uint8 (height, width, 3).

    ``whole`` is the original width and height, for an image that `decode` made smaller.

    The arithmetic is that of torchvision's Resize and CenterCrop on Pillow images (torchvision 0.29, transforms/
    functional.py): the length of the long side is truncated, and a small picture is padded with black.
    """
    filter_ = Image.Resampling[preprocessing.interpolation.upper()]
    whole = whole or image.size
    size, box = _resized(whole, preprocessing.resize), _box(image, whole)
    if preprocessing.crop is None:
        return np.asarray(image.resize(size, filter_, box))
    height, width = preprocessing.crop
    rounded = preprocessing.corner == "round"
    corner = _corner(size[0], width, rounded), _corner(size[1], height, rounded)
    if size[0] * size[1] > MOST_RESIZED:
        size, box, corner = _middle(size, box, corner, (width, height))
    left, top = corner
    return np.asarray(image.resize(size, filter_, box).crop((left, top, left + width, top + height)))


def _middle(
    size: tuple[int, int], box: tuple[float, float, float, float], corner: tuple[int, int], crop: tuple[int, int]
) -> tuple[tuple[int, int], tuple[float, float, float, float], tuple[int, int]]:
    """What to resize of a picture that would be of this ``size``, so that it is no larger than the ``crop`` (width,
    height): the new size, the box of the image that it shows, and the corner of the crop in it."""
    begins = [max(each, 0) for each in corner]
    sides = [min(wanted, length - begin) for wanted, length, begin in zip(crop, size, begins, strict=True)]
    across, down = (box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1]
    left, top = box[0] + begins[0] * across, box[1] + begins[1] * down
    shown = (left, top, left + sides[0] * across, top + sides[1] * down)
    return (sides[0], sides[1]), shown, (corner[0] - begins[0], corner[1] - begins[1])


def _box(image: Image.Image, whole: tuple[int, int]) -> tuple[float, float, float, float]:
    """The part of a reduced image that shows the picture, whose original size is ``whole``: left, top, right, bottom.

    If the scale does not divide a side of the original, the last column or row of the image is only partly filled.
    """
    scale = round(whole[0] / image.width)
    return 0, 0, whole[0] / scale, whole[1] / scale


def _resized(size: tuple[int, int], target: int | tuple[int, int]) -> tuple[int, int]:
    if isinstance(target, tuple):
        return target[1], target[0]
    width, height = size
    if width <= height:
        return target, max(1, int(target * height / width))
    return max(1, int(target * width / height)), target


def _corner(length: int, wanted: int, rounded: bool) -> int:
    if length >= wanted:
        return round((length - wanted) / 2) if rounded else (length - wanted) // 2
    return -((wanted - length) // 2)


def rendering(picture: Picture, most: int) -> NDArray[np.uint8]:
    """The whole picture in at most ``most`` pixels, never enlarged: uint8 (height, width, 3)."""
    scale = min(1.0, math.sqrt(most / (picture.width * picture.height)))
    width, height = (min(most, max(1, int(side * scale))) for side in (picture.width, picture.height))
    size = (width, height)  # a side of less than a pixel becomes one, so that the other may have to give
    if picture.image.size == size:
        return np.asarray(picture.image)
    box = _box(picture.image, (picture.width, picture.height))
    return np.asarray(picture.image.resize(size, Image.Resampling.BICUBIC, box))


def square(image: Image.Image, side: int, whole: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """The whole picture squeezed into a square of ``side`` pixels: uint8 (side, side, 3).

    ``whole`` is the original width and height, for an image that `decode` made smaller.
    """
    box = _box(image, whole or image.size)
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR, box, reducing_gap=2.0))
