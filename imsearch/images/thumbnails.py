"""Thumbnails: small JPEGs to look at."""

import io
from typing import TYPE_CHECKING

from imsearch.images.decode import decode

if TYPE_CHECKING:
    from PIL import Image


def thumbnail(image: "Image.Image", side: int) -> bytes:
    """A JPEG of the picture that fits a square of ``side`` pixels."""
    small = image.copy()
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def thumbnail_of(data: bytes, side: int) -> bytes:
    """A JPEG of an encoded picture, upright, that fits a square of ``side`` pixels. Raises `PictureError`."""
    return thumbnail(decode(data, side).image, side)
