"""What is kept of a picture to compare it with others: local features and a small grey image of it."""

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imsearch.verifying import vision

SIDE = 320
"""Long side, in pixels, to which pictures are shrunk to be compared; points are in its pixels."""

DETECTED_SIDE = 224
"""Long side at which features are looked for: most of the time of a comparison goes there."""

PROBE_SIDE = 448
"""The same for a probe, which may show much around what is looked for."""

COUNT = 250
"""Features that are kept of a picture in the library."""

PROBE_COUNT = 400

TINY = 32
"""Side of the square to which a whole picture is squeezed."""

_HEADER = struct.Struct("<III")


@dataclass(frozen=True)
class Features:
    """Local features of an upright picture of ``width`` x ``height`` pixels.

    ``points`` are float32 (n, 2), in pixels of the picture shrunk to a long side of `SIDE`; ``descriptors`` uint8
    (n, 128), RootSIFT; ``tiny`` uint8 (32, 32), the whole picture squeezed; ``compressed`` its `grey` image as JPEG.
    """

    width: int
    height: int
    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
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

    def packed(self) -> bytes:
        """All of it in bytes, about 50 KB: points to a hundredth of a pixel."""
        header = _HEADER.pack(self.width, self.height, len(self.points))
        points = np.round(self.points * 100).astype("<u2").tobytes()
        return header + points + self.descriptors.tobytes() + self.tiny.tobytes() + self.compressed

    @classmethod
    def unpacked(cls, data: bytes) -> "Features":
        """What `packed` gave."""
        width, height, count = _HEADER.unpack_from(data)
        at = _HEADER.size
        points = np.frombuffer(data, "<u2", 2 * count, at).reshape(count, 2).astype(np.float32) / np.float32(100)
        at += 4 * count
        descriptors = np.frombuffer(data, np.uint8, 128 * count, at).reshape(count, 128)
        at += 128 * count
        tiny = np.frombuffer(data, np.uint8, TINY * TINY, at).reshape(TINY, TINY)
        return cls(width, height, points, descriptors, tiny, data[at + TINY * TINY :])


def extract(
    grey: NDArray[np.uint8], size: tuple[int, int], *, side: int = DETECTED_SIDE, count: int = COUNT
) -> Features:
    """The features of a picture of original ``size`` (width, height), of which ``grey`` may be a smaller rendering."""
    small = _at_most(grey, max(side, SIDE))
    working = _at_most(small, side)
    points, sizes, descriptors = vision.detect(working)
    kept = _choose(sizes, count)
    scale = np.float32(SIDE / max(working.shape))
    compared = _at_most(small, SIDE)
    tiny = vision.shrink(compared, TINY, TINY)
    return Features(*size, points[kept] * scale, descriptors[kept], tiny, vision.compress(compared))


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
