"""What pictures are compared by: a small grey image, and local features."""

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from imsearch.images import convert
from imsearch.verify import vision

if TYPE_CHECKING:
    from PIL import Image

SIDE = 320
"""Long side, in pixels, to which pictures are shrunk to be compared; points are in its pixels."""

DETECTED_SIDE = 224
"""Long side at which features are detected; detecting them takes most of the time of a comparison."""

PROBE_SIDE = 448
"""The same for a probe, of which only a part may be what is looked for."""

COUNT = 250
"""Features of a picture in the library."""

PROBE_COUNT = 400
"""Features of a probe."""

TINY = 32
"""Side of the square to which a whole picture is squeezed."""

_HEADER = struct.Struct("<IIi")

_NOT_DETECTED = -1


class DecodedPicture(Protocol):
    """An upright RGB picture; ``image`` may be smaller than the original of ``width`` x ``height`` pixels."""

    @property
    def image(self) -> "Image.Image":
        """The pixels."""

    @property
    def width(self) -> int:
        """In pixels of the original."""

    @property
    def height(self) -> int:
        """In pixels of the original."""


@dataclass(frozen=True)
class Appearance:
    """What an upright picture of ``width`` x ``height`` pixels looks like as a whole, made faster than
    `Features`.

    ``tiny`` is uint8 (32, 32), the picture squeezed; ``compressed`` its `grey` image as JPEG.
    """

    width: int
    height: int
    tiny: NDArray[np.uint8]
    compressed: bytes

    @cached_property
    def grey(self) -> NDArray[np.uint8]:
        """The picture shrunk to a long side of `SIDE` at most: uint8 (height, width)."""
        return vision.expand(self.compressed)

    @property
    def scale(self) -> float:
        """Pixels of the original picture for one of the points'."""
        return max(self.width, self.height) / SIDE

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height in the pixels of points."""
        return self.width / self.scale, self.height / self.scale

    def packed(self) -> bytes:
        """All of it in bytes, about 15 KB."""
        return self._packed(_NOT_DETECTED, b"")

    def _packed(self, count: int, detected: bytes) -> bytes:
        return _HEADER.pack(self.width, self.height, count) + detected + self.tiny.tobytes() + self.compressed


@dataclass(frozen=True)
class Features(Appearance):
    """A picture with its local features.

    ``points`` are float32 (n, 2), in pixels of the picture shrunk to a long side of `SIDE`, counted from its corner;
    ``descriptors`` uint8 (n, 128), RootSIFT.
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]

    def packed(self) -> bytes:
        """All of it in bytes, about 40 KB: points to a hundredth of a pixel."""
        points = np.round(self.points * 100).astype("<u2").tobytes()
        return self._packed(len(self.points), points + self.descriptors.tobytes())


def unpack(data: bytes) -> Appearance:
    """The value that was packed: `Features`, or an `Appearance` without them."""
    width, height, count = _HEADER.unpack_from(data)
    at = _HEADER.size
    begin = at + 132 * max(count, 0)
    tiny = np.frombuffer(data, np.uint8, TINY * TINY, begin).reshape(TINY, TINY)
    compressed = data[begin + TINY * TINY :]
    if count == _NOT_DETECTED:
        return Appearance(width, height, tiny, compressed)
    points = np.frombuffer(data, "<u2", 2 * count, at).reshape(count, 2).astype(np.float32) / np.float32(100)
    descriptors = np.frombuffer(data, np.uint8, 128 * count, at + 4 * count).reshape(count, 128)
    return Features(width, height, tiny, compressed, points, descriptors)


def features_of_probe(probe: DecodedPicture) -> Features:
    """The features of a probe: more and smaller ones, since what is looked for may fill only a part of it."""
    return _extract(convert.grey(probe.image), (probe.width, probe.height), side=PROBE_SIDE, count=PROBE_COUNT)


def features_of_picture(picture: DecodedPicture) -> Features:
    """The features of a picture in the library."""
    return _extract(convert.grey(picture.image), (picture.width, picture.height), side=DETECTED_SIDE, count=COUNT)


def appearance_of_picture(picture: DecodedPicture) -> Appearance:
    """The appearance of a picture."""
    return _appearance(convert.grey(picture.image), (picture.width, picture.height))


def _extract(grey: NDArray[np.uint8], size: tuple[int, int], *, side: int, count: int) -> Features:
    small = _at_most(grey, max(side, SIDE))
    working = _at_most(small, side)
    points, sizes, descriptors = vision.detect(working)
    chosen = _choose(sizes, count)
    scale = np.float32(SIDE / max(working.shape))
    whole = _appearance(small, size)
    points = (points[chosen] + np.float32(0.5)) * scale
    return Features(*size, whole.tiny, whole.compressed, points, descriptors[chosen])


def _appearance(grey: NDArray[np.uint8], size: tuple[int, int]) -> Appearance:
    compared = _at_most(grey, SIDE)
    return Appearance(*size, vision.shrink(compared, TINY, TINY), vision.compress(compared))


def _at_most(grey: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    height, width = grey.shape
    factor = side / max(height, width)
    if factor >= 1:
        return grey
    return vision.shrink(grey, max(1, round(width * factor)), max(1, round(height * factor)))


def _choose(sizes: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The strongest half, and of the others the largest: blur and JPEG leave little else of a picture."""
    if len(sizes) <= count:
        return np.arange(len(sizes))
    strongest = count // 2
    rest = strongest + np.argsort(-sizes[strongest:], kind="stable")[: count - strongest]
    return np.concatenate([np.arange(strongest), rest])
