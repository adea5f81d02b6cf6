"""Whether a picture was enlarged: it has more pixels than another one, but no more detail."""

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from imsearch.images import convert

if TYPE_CHECKING:
    from numpy.typing import NDArray

LITTLE = 0.38
"""The share of finer details, of those in the next coarser scale, below which a picture was enlarged. Photographs have
0.40 and more of them at half their size, pictures that were made twice as large 0.42 and less, the median being
0.26."""


def is_enlarged(image: Image.Image, factor: float) -> bool:
    """Whether an image has hardly any details that are lost when it is made ``factor`` times smaller."""
    smaller, details = _without_details(image, factor)
    _, coarser = _without_details(smaller, factor)
    return _strength(details) < LITTLE * _strength(coarser)


def _without_details(image: Image.Image, factor: float) -> "tuple[Image.Image, NDArray[np.float32]]":
    """The image made smaller, and what it has beyond that: float32 (height, width) in grey levels."""
    size = max(1, round(image.width / factor)), max(1, round(image.height / factor))
    smaller = image.resize(size, Image.Resampling.LANCZOS)
    again = smaller.resize(image.size, Image.Resampling.BICUBIC)
    return smaller, convert.grey(image).astype(np.float32) - convert.grey(again)


def _strength(details: "NDArray[np.float32]") -> float:
    return float(np.sqrt(np.mean(details * details)))
