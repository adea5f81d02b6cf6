"""Visual words: local features as numbers, so that pictures with like features are found by counting them.

Each half of a descriptor is told by the nearest of 1024 typical halves (product quantization, as in Babenko and
Lempitsky, The Inverted Multi-Index, 2012). The lower half is mirrored before, so that a mirrored feature has the same
two numbers in the other order. A word is made of both, the smaller first, so that mirrored pictures have the same
words. The typical halves, `codebook.npy`, are centres of halves of features of photographs; docs/duplicates.md says
which, and `scripts/bench codebook` makes them.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision
from imsearch.verify.alignment import MIRROR
from imsearch.verify.features import Features

CODEBOOK = Path(__file__).with_name("codebook.npy")
"""The typical halves: uint8 (1024, 64)."""

HALF = 64
"""The numbers in half of a descriptor."""


COLORED = 3.0
"""The mean difference between the channels, in levels, from which a picture has colors."""


@dataclass(frozen=True, slots=True)
class Description:
    """The different ``words`` of a picture, int32 (n,) and ascending, and how much speaks for its being an original:
    its ``standing`` is 2 if a camera noted itself and no editor wrote the file, and 1 more if it has colors."""

    words: NDArray[np.int32]
    standing: int

    @classmethod
    def of(cls, picture: Features) -> "Description":
        """The description of a picture."""
        noted = picture.facts.camera is not None and picture.facts.edited_with is None
        colored = float(np.ptp(vision.expand_eighth(picture.compressed), axis=2).mean()) > COLORED
        return cls(words_of(picture.descriptors), 2 * noted + colored)

    def packed(self) -> bytes:
        """The description as bytes, about 1 KB, for `unpack`."""
        return bytes([self.standing]) + self.words.astype("<i4").tobytes()


def unpack(data: bytes) -> Description:
    """The description that was packed."""
    return Description(np.frombuffer(data, "<i4", offset=1), data[0])


def words_of(descriptors: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The different words of RootSIFT descriptors, uint8 (n, 128), ascending: int32 (m,)."""
    upper, lower = _nearest(descriptors[:, :HALF]), _nearest(descriptors[:, MIRROR[:HALF]])
    return np.unique(np.minimum(upper, lower) * len(_codebook()) + np.maximum(upper, lower)).astype(np.int32)


def _nearest(halves: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The number of the typical half nearest to each."""
    centres = _codebook()
    return np.asarray((halves.astype(np.float32) @ centres.T - (centres * centres).sum(axis=1) / 2).argmax(axis=1))


@functools.cache
def _codebook() -> NDArray[np.float32]:
    return np.asarray(np.load(CODEBOOK), np.float32)
