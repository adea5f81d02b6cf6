"""The appearance and the local features of a picture, by which pictures are compared."""

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
"""The long side, in pixels, to which pictures are shrunk for comparison. Points are in pixels of that size."""

DETECTED_SIDE = 224
"""The long side, in pixels, at which features of pictures of the library are detected. Detection takes most of the
time of a comparison."""

PROBE_SIDE = 448
"""The long side, in pixels, at which features of a probe are detected: larger, as a part of it may be what matters."""

COUNT = 250
"""The most features of a picture of the library."""

PROBE_COUNT = 400
"""The most features of a probe."""

TINY = 32
"""The side, in pixels, of the square to which a whole picture is squeezed."""

_HEADER = struct.Struct("<IIi")

_NOT_DETECTED = -1


class DecodedPicture(Protocol):
    """An upright RGB picture; ``image`` may be smaller than the original of ``width`` x ``height`` pixels."""

    @property
    def image(self) -> "Image.Image":
        """The pixels."""

    @property
    def width(self) -> int:
        """The width of the original, in pixels."""

    @property
    def height(self) -> int:
        """The height of the original, in pixels."""


@dataclass(frozen=True)
class Appearance:
    """The appearance of a whole upright picture of ``width`` x ``height`` pixels, without local features.

    It is made faster than `Features`. ``tiny`` is the grey picture squeezed to uint8 (32, 32); ``compressed`` is its
    `grey` image as a JPEG.
    """

    width: int
    height: int
    tiny: NDArray[np.uint8]
    compressed: bytes

    @cached_property
    def grey(self) -> NDArray[np.uint8]:
        """The grey picture shrunk to a long side of at most `SIDE`: uint8 (height, width)."""
        return vision.expand(self.compressed)

    @property
    def scale(self) -> float:
        """Pixels of the original picture per pixel in which points are given."""
        return max(self.width, self.height) / SIDE

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the picture in the pixels in which points are given."""
        return self.width / self.scale, self.height / self.scale

    def packed(self) -> bytes:
        """The appearance as bytes, about 15 KB, for `unpack`."""
        return self._packed(_NOT_DETECTED, b"")

    def _packed(self, count: int, detected: bytes) -> bytes:
        return _HEADER.pack(self.width, self.height, count) + detected + self.tiny.tobytes() + self.compressed


@dataclass(frozen=True)
class Features(Appearance):
    """The appearance of a picture, with its local features.

    ``points`` are float32 (n, 2), in pixels of the picture shrunk to a long side of `SIDE`, from its top left corner;
    ``descriptors`` are RootSIFT, uint8 (n, 128).
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]

    def packed(self) -> bytes:
        """The features as bytes, about 40 KB, for `unpack`. Points are rounded to a hundredth of a pixel."""
        points = np.round(self.points * 100).astype("<u2").tobytes()
        return self._packed(len(self.points), points + self.descriptors.tobytes())


def unpack(data: bytes) -> Appearance:
    """The value that was packed: `Features`, or an `Appearance` without features."""
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
    """The features of a probe: more and smaller ones, as only a part of it may be what is looked for."""
    return _extract(convert.grey(probe.image), (probe.width, probe.height), side=PROBE_SIDE, count=PROBE_COUNT)


def features_of_picture(picture: DecodedPicture) -> Features:
    """The features of a picture of the library."""
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
    """The indices of ``count`` features: half of them the strongest, half the largest of the others, as these survive
    blur and JPEG."""
    if len(sizes) <= count:
        return np.arange(len(sizes))
    strongest = count // 2
    rest = strongest + np.argsort(-sizes[strongest:], kind="stable")[: count - strongest]
    return np.concatenate([np.arange(strongest), rest])
