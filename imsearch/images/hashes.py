"""Perceptual hashes: 256 bits by which edited copies of a whole picture are found, however they are turned.

The method is PDQ (Facebook 2019, `hashing/hashing.pdf` in github.com/facebook/ThreatExchange): the luma of the picture
in 64 x 64 pixels, the 16 x 16 lowest frequencies of its cosine transform without the constant ones, and a bit for each
that exceeds their median. It differs in how a picture is shrunk: PDQ blurs it by two box filters and takes single
pixels, which is sensitive to the size at which a picture was decoded; here the colors around each pixel are averaged.
About 7 of the 256 bits differ for that reason at 450 pixels, and 12 at 300.

A change of the method needs a migration that empties the table of hashes in the catalog.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.images.preprocess import square

if TYPE_CHECKING:
    from PIL import Image

BYTES = 32
"""The length of a hash."""

FLAT = b""
"""The hash of a picture with too little in it for one that means anything."""

QUALITY = 20
"""A picture of less quality, by PDQ's measure, is flat."""

_SIDE = 64
_FREQUENCIES = 16
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)

_COSINES = np.sqrt(2 / _SIDE) * np.cos(
    np.pi / (2 * _SIDE) * np.outer(np.arange(1, _FREQUENCIES + 1), 2 * np.arange(_SIDE) + 1)
).astype(np.float32)
"""Rows of the cosine transform, float32 (16, 64), from the first that is not constant."""

_ODD = np.arange(_FREQUENCIES) % 2 == 0
"""Which rows of `_COSINES` are odd functions: these change their signs where a picture is mirrored."""


def hash_of(image: "Image.Image", whole: tuple[int, int] | None = None) -> bytes:
    """The hash of an upright RGB picture: `BYTES` bytes, or `FLAT`.

    ``whole`` is the original width and height, for an image that `decode` made smaller.
    """
    luma = square(image, _SIDE, whole) @ _LUMA
    if _quality(luma) < QUALITY:
        return FLAT
    waves = _COSINES @ luma @ _COSINES.T
    return np.packbits(waves > np.median(waves)).tobytes()


def orientations(hashes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The hashes of pictures in their eight orientations, the given one first: uint8 (n, 32) becomes (n, 8, 32).

    Turning a picture swaps its frequencies or their signs. A bit whose sign changes is inverted, which is exact up to
    the frequencies between the median and its negative: the median is near zero, so these are a few.
    """
    bits = np.unpackbits(hashes, axis=1).reshape(-1, _FREQUENCIES, _FREQUENCIES)
    across, down = _ODD[None, :], _ODD[:, None]
    mirrored = np.stack([bits, bits ^ across, bits ^ down, bits ^ across ^ down], axis=1)
    every = np.concatenate([mirrored, mirrored.swapaxes(2, 3)], axis=1)
    return np.packbits(every.reshape(len(hashes), 8, 8 * BYTES), axis=2)


def _quality(luma: NDArray[np.float32]) -> float:
    """How much there is in a picture, by PDQ's measure: the differences of neighboring pixels, in whole per cent."""
    steps = [np.abs(np.trunc(np.diff(luma, axis=axis) * (100 / 255))).sum() for axis in (0, 1)]
    return float(sum(steps)) / 90
