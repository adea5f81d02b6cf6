"""Resizing and cropping pictures for models."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imsearch.images.decode import Picture
from imsearch.types.preprocessing import Preprocessing


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
    image = image.resize(_resized(whole, preprocessing.resize), filter_, _box(image, whole))
    if preprocessing.crop is not None:
        height, width = preprocessing.crop
        rounded = preprocessing.corner == "round"
        left, top = _corner(image.width, width, rounded), _corner(image.height, height, rounded)
        image = image.crop((left, top, left + width, top + height))
    return np.asarray(image)


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
