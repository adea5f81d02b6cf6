"""Whether a picture has a frame: something plain around what another one shows."""

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision
from imsearch.verify.features import Appearance
from imsearch.verify.planes import SIDE, through

WIDE = 0.03
"""The least share of a picture that its frame takes."""

PLAIN = 4.0
"""The gradient, in grey levels per pixel, below which a pixel is plain."""

NEARLY_ALL = 0.95
"""The share of a frame that is plain; the rest are its edges."""

STEP = 3
"""Of how many pixels, across and down, one is looked at."""

EDGE = 3.0
"""How far beyond the other picture the edge of a frame reaches, in points."""


def is_framed(picture: Appearance, other: Appearance, matrix: NDArray[np.floating]) -> bool:
    """Whether what a picture has around the other one is plain; ``matrix`` (3, 3) maps its points to those of the
    other."""
    height, width = picture.half.shape
    rows, columns = np.mgrid[:height:STEP, :width:STEP]
    points = np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5], axis=1) * (SIDE / max(height, width))
    seen = through(np.asarray(matrix, np.float64), points)
    inside = np.all((seen > -EDGE) & (seen < np.array(other.extent) + EDGE), axis=1).reshape(rows.shape)
    if (~inside).mean() < WIDE:
        return False
    gradients = vision.gradients(picture.half.astype(np.float32))[::STEP, ::STEP]
    return float((gradients[~inside] < PLAIN).mean()) > NEARLY_ALL
