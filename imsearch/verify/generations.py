"""Generations of compression: whether a JPEG was made from another one by compressing it again.

A JPEG holds multiples of the steps of its quantization table. If its pixels are compressed again by finer steps, they
still lie near those multiples, which are as rare as chance in the JPEG of an original (Fridrich and Lukas 2003 find
double compression by this).
"""

import numpy as np
from numpy.typing import NDArray

from imsearch.images.facts import PictureFacts

NEAR = 0.17
"""The mean distance from the nearest multiple, in steps, below which the multiples are no chance: by chance it is
0.25."""

LEAST_STEP = 3
"""The least step whose multiples can be told from others after rounding to pixels."""

FEWEST = 500
"""The fewest coefficients that are looked at."""

_FREQUENCIES = np.arange(8)
_COSINES = np.sqrt(np.where(_FREQUENCIES == 0, 1, 2) / 8)[:, None] * np.cos(
    np.pi * _FREQUENCIES[:, None] * (2 * np.arange(8) + 1) / 16
)


def may_be_later(facts: PictureFacts, earlier: PictureFacts) -> bool:
    """Whether both pictures are JPEGs, and the steps of the first one are so much finer that it can be told."""
    return bool(_telling(facts, earlier).any())


def is_later(grey: NDArray[np.uint8], facts: PictureFacts, earlier: PictureFacts) -> bool:
    """Whether a JPEG with this luma, uint8 (height, width), was made from one with the facts ``earlier``, which must
    show the same pixels in the same place: it has finer steps, but its coefficients are multiples of the coarser ones.
    """
    telling = _telling(facts, earlier)
    if not telling.any() or earlier.luma_table is None:
        return False
    steps = _coefficients(grey)[:, telling] / np.array(earlier.luma_table, np.float64).reshape(8, 8)[telling]
    seen = np.abs(steps[np.abs(steps) > 0.5])
    return len(seen) >= FEWEST and float(np.abs(seen - np.round(seen)).mean()) < NEAR


def _telling(facts: PictureFacts, earlier: PictureFacts) -> NDArray[np.bool_]:
    """The frequencies (8, 8) whose steps are coarse enough, and finer in the first picture."""
    if facts.luma_table is None or earlier.luma_table is None:
        return np.zeros((8, 8), bool)
    fine, coarse = (np.array(table, np.float64).reshape(8, 8) for table in (facts.luma_table, earlier.luma_table))
    telling = (coarse >= LEAST_STEP) & (coarse >= 1.5 * fine)
    telling[0, 0] = False
    return telling


def _coefficients(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The cosine transform of each whole 8 x 8 block: float64 (n, 8, 8)."""
    rows, columns = grey.shape[0] // 8, grey.shape[1] // 8
    blocks = grey[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8).transpose(0, 2, 1, 3).reshape(-1, 8, 8)
    return np.asarray(_COSINES @ (blocks.astype(np.float64) - 128) @ _COSINES.T)
