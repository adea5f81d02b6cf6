"""A closer look at two copies, with more of their pixels: on a page that is made as small as pictures are compared, a
digit is a few pixels, and another one makes hardly a difference."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.types.hits import Quadrilateral
from imsearch.verify.changes import changes_of
from imsearch.verify.features import COMPARED_SIDE, Appearance, Drawn
from imsearch.verify.pixels import windows_of
from imsearch.verify.registration import register

if TYPE_CHECKING:
    from PIL import Image

CLOSE_SIDE = 1280
"""The long side, in pixels, at which pictures are compared closely."""

PAGE_SIDE = 2400
"""The same for two pages: A4 at 200 dots per inch, where a digit of 8 points has 12 x 16 pixels."""

CLOSE_ENOUGH = 1.4 * COMPARED_SIDE
"""The long side, in pixels, that both pictures must have, so that a closer look shows more."""

SOFTEST = 2.0
"""The blur, in pixels, that one of the two may have had: more leaves nothing that only a closer look shows."""


def shows_more(first: Appearance, second: Appearance) -> bool:
    """Whether both pictures have so many pixels that a closer look can show more."""
    return min(max(first.width, first.height), max(second.width, second.height)) >= CLOSE_ENOUGH


@dataclass(frozen=True)
class CloserLook:
    """What a closer look at two copies shows: the share of the overlap that ``changed``, 0 if nothing did, and the
    outlines of it in points of the second picture."""

    changed: float = 0.0
    parts: tuple[Quadrilateral, ...] = ()

    @classmethod
    def at(
        cls, first: "Image.Image", second: "Image.Image", matrix: NDArray[np.float64], side: int = CLOSE_SIDE
    ) -> "CloserLook":
        """The closer look at two RGB images with all of their pixels, at a long side of at most ``side``; ``matrix``
        (3, 3) is the homography from points of the first to points of the second."""
        one, other = Drawn.of(first, side), Drawn.of(second, side)
        overlap = register(one, other, matrix)
        if overlap is None or abs(overlap.softness) > SOFTEST:
            return cls()
        changes = changes_of(overlap, windows_of(overlap), *overlap.colors(one, other), closely=True)
        return cls(changes.share, tuple(overlap.outline(box) for box in changes.parts))


def side_for(first: Appearance, second: Appearance) -> int:
    """The long side at which two pictures are to be compared closely."""
    return PAGE_SIDE if first.is_page and second.is_page else CLOSE_SIDE
