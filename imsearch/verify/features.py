"""The appearance and the local features of a picture, by which pictures are compared."""

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from imsearch.images.facts import NO_FACTS, PictureFacts
from imsearch.verify import vision
from imsearch.verify.planes import SIDE, Canvas

if TYPE_CHECKING:
    from PIL import Image

COMPARED_SIDE = 480
"""The long side, in pixels, at which the pixels of pictures are compared; smaller pictures are compared as they are."""

DETECTED_SIDE = 224
"""The long side, in pixels, at which features of pictures of the library are detected. Detection takes most of the
time of a comparison."""

PROBE_SIDE = 448
"""The long side, in pixels, at which features of a probe are detected: larger, as a part of it may be what matters."""

COUNT = 250
"""The most features of a picture of the library."""

FEW = 160
"""With fewer features, a picture of the library is looked at again, as large as a probe: plain pictures have few, and a
part of one has hardly any of them."""

PROBE_COUNT = 400
"""The most features of a probe."""

PAGE = 0.55
"""The share of a picture that has nearly one tone, from which it is a page."""

ONE_TONE = 8
"""By how many levels, up and down, pixels of one tone differ."""

TINY = 32
"""The side, in pixels, of the square to which a whole picture is squeezed."""

_HEADER = struct.Struct("<IIiI")

_FACTS = msgspec.msgpack.Decoder(PictureFacts)

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

    @property
    def facts(self) -> PictureFacts | None:
        """What the picture's file says about it; None if it has none."""


@dataclass(frozen=True)
class Drawn(Canvas):
    """A picture of ``width`` x ``height`` pixels as it is compared: ``color`` is uint8 (height, width, 3), blue first,
    which may be smaller."""

    color: NDArray[np.uint8]

    @classmethod
    def of(cls, image: "Image.Image", side: int) -> "Drawn":
        """An RGB image with all of its pixels, at a long side of at most ``side``."""
        return cls(*image.size, at_most(vision.blue_first(np.asarray(image)), side))

    @property
    def compared_side(self) -> int:
        """The long side of `color`, in pixels."""
        return int(max(self.color.shape[:2]))


@dataclass(frozen=True)
class Appearance(Canvas):
    """The appearance of a whole upright picture of ``width`` x ``height`` pixels, without local features, and what its
    file says about it (``facts``).

    It is made faster than `Features`. ``tiny`` is the grey picture squeezed to uint8 (32, 32); ``compressed`` is the
    picture at a long side of at most `COMPARED_SIDE` as a JPEG.
    """

    facts: PictureFacts
    tiny: NDArray[np.uint8]
    compressed: bytes

    def drawn(self) -> Drawn:
        """The picture at a long side of at most `COMPARED_SIDE`, decoded anew each time."""
        return Drawn(self.width, self.height, vision.expand(self.compressed))

    @cached_property
    def half(self) -> NDArray[np.uint8]:
        """The grey picture at half of that size: uint8 (height, width)."""
        return vision.expand_half(self.compressed)

    @cached_property
    def is_page(self) -> bool:
        """Whether most of the picture is of one tone, as paper and the ground of a screen are."""
        counts = np.bincount(self.half.ravel(), minlength=256)
        return bool(np.convolve(counts, np.ones(2 * ONE_TONE + 1), "same").max() >= PAGE * self.half.size)

    @property
    def compared_size(self) -> tuple[float, float]:
        """Width and height at which it is compared, in pixels, before they are rounded."""
        factor = min(1.0, COMPARED_SIDE / max(self.width, self.height))
        return self.width * factor, self.height * factor

    def packed(self) -> bytes:
        """The appearance as bytes, about 40 KB, for `unpack`."""
        return self._packed(_NOT_DETECTED, b"")

    def _packed(self, count: int, detected: bytes) -> bytes:
        facts = msgspec.msgpack.encode(self.facts)
        header = _HEADER.pack(self.width, self.height, count, len(facts))
        return header + facts + detected + self.tiny.tobytes() + self.compressed


@dataclass(frozen=True)
class Features(Appearance):
    """The appearance of a picture, with its local features.

    ``points`` are float32 (n, 2), in pixels of the picture shrunk to a long side of `SIDE`, from its top left corner;
    ``descriptors`` are RootSIFT, uint8 (n, 128).
    """

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]

    def packed(self) -> bytes:
        """The features as bytes, about 70 KB, for `unpack`. Points are rounded to a hundredth of a pixel."""
        points = np.round(self.points * 100).astype("<u2").tobytes()
        return self._packed(len(self.points), points + self.descriptors.tobytes())


def unpack(data: bytes) -> Appearance:
    """The value that was packed: `Features`, or an `Appearance` without features."""
    width, height, count, length = _HEADER.unpack_from(data)
    at = _HEADER.size + length
    facts = _FACTS.decode(data[_HEADER.size : at])
    begin = at + 132 * max(count, 0)
    tiny = np.frombuffer(data, np.uint8, TINY * TINY, begin).reshape(TINY, TINY)
    compressed = data[begin + TINY * TINY :]
    if count == _NOT_DETECTED:
        return Appearance(width, height, facts, tiny, compressed)
    points = np.frombuffer(data, "<u2", 2 * count, at).reshape(count, 2).astype(np.float32) / np.float32(100)
    descriptors = np.frombuffer(data, np.uint8, 128 * count, at + 4 * count).reshape(count, 128)
    return Features(width, height, facts, tiny, compressed, points, descriptors)


def features_of_probe(probe: DecodedPicture) -> Features:
    """The features of a probe: more and smaller ones, as only a part of it may be what is looked for."""
    small = _shrunk(probe)
    return _features(probe, small, _detected(small, side=PROBE_SIDE, count=PROBE_COUNT))


def features_of_picture(picture: DecodedPicture) -> Features:
    """The features of a picture of the library."""
    small = _shrunk(picture)
    found = _detected(small, side=DETECTED_SIDE, count=COUNT)
    if len(found[0]) < FEW:
        found = _detected(small, side=PROBE_SIDE, count=COUNT)
    return _features(picture, small, found)


def appearance_of_picture(picture: DecodedPicture) -> Appearance:
    """The appearance of a picture."""
    return _appearance(_shrunk(picture), picture)


def _detected(small: NDArray[np.uint8], *, side: int, count: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The points and the descriptors, as in `Features`, of at most ``count`` features at a long side of ``side``."""
    working = at_most(vision.grey(small), side)
    points, sizes, descriptors = vision.detect(working)
    chosen = _choose(sizes, count)
    scale = np.float32(SIDE / max(working.shape))
    return (points[chosen] + np.float32(0.5)) * scale, descriptors[chosen]


def _features(
    picture: DecodedPicture, small: NDArray[np.uint8], found: tuple[NDArray[np.float32], NDArray[np.uint8]]
) -> Features:
    whole = _appearance(small, picture)
    return Features(picture.width, picture.height, whole.facts, whole.tiny, whole.compressed, *found)


def _appearance(small: NDArray[np.uint8], picture: DecodedPicture) -> Appearance:
    tiny = vision.shrink(vision.grey(small), TINY, TINY)
    return Appearance(picture.width, picture.height, picture.facts or NO_FACTS, tiny, vision.compress(small))


def _shrunk(picture: DecodedPicture) -> NDArray[np.uint8]:
    """The pixels at a long side of at most `COMPARED_SIDE`: uint8 (height, width, 3), blue first."""
    return at_most(vision.blue_first(np.asarray(picture.image)), COMPARED_SIDE)


def at_most(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """An image shrunk to a long side of at most this many pixels."""
    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return image
    return vision.shrink(image, max(1, round(width * factor)), max(1, round(height * factor)))


def _choose(sizes: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The indices of ``count`` features: half of them the strongest, half the largest of the others, as these survive
    blur and JPEG."""
    if len(sizes) <= count:
        return np.arange(len(sizes))
    strongest = count // 2
    rest = strongest + np.argsort(-sizes[strongest:], kind="stable")[: count - strongest]
    return np.concatenate([np.arange(strongest), rest])
