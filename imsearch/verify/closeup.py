"""A closer look at two copies, with more of their pixels: on a page that is made as small as pictures are compared, a
digit is a few pixels, and another one makes hardly a difference."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision
from imsearch.verify.changes import changes_of
from imsearch.verify.features import COMPARED_SIDE
from imsearch.verify.pixels import windows_of
from imsearch.verify.planes import Canvas
from imsearch.verify.registration import register

if TYPE_CHECKING:
    from PIL import Image

CLOSE_SIDE = 1280
"""The long side, in pixels, at which pictures are compared closely."""

CLOSE_ENOUGH = 1.4 * COMPARED_SIDE
"""The long side, in pixels, that both pictures must have, so that a closer look shows more."""


@dataclass(frozen=True)
class Closeup(Canvas):
    """A picture of ``width`` x ``height`` pixels at a long side of at most `CLOSE_SIDE`: ``color`` is uint8 (height,
    width, 3), blue first."""

    color: NDArray[np.uint8]

    @classmethod
    def of(cls, image: "Image.Image") -> "Closeup":
        """The closer look at an RGB image with all of its pixels."""
        factor = min(1.0, CLOSE_SIDE / max(image.size))
        width, height = (max(1, round(side * factor)) for side in image.size)
        return cls(*image.size, vision.shrink(vision.blue_first(np.asarray(image)), width, height))

    @property
    def compared_side(self) -> int:
        """The long side of `color`, in pixels."""
        return int(max(self.color.shape))


def share_of_changes(first: "Image.Image", second: "Image.Image", matrix: tuple[float, ...]) -> float:
    """The share of the overlap of two copies that differs in a closer look; ``matrix`` holds the rows of the homography
    from points of the first to points of the second. 0 where they have hardly more pixels than were compared already.
    """
    aligned = np.array(matrix, np.float64).reshape(3, 3)
    one, other = Closeup.of(first), Closeup.of(second)
    if min(one.compared_side, other.compared_side) < CLOSE_ENOUGH:
        return 0.0
    overlap = register(one, other, aligned)
    if overlap is None:
        return 0.0
    return changes_of(overlap, windows_of(overlap), *overlap.colors(one, other)).share
