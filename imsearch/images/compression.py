"""How strongly a JPEG was compressed, by its quantization table (ITU-T T.81, annex K)."""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""The luma table of the standard, which encoders scale by their quality."""


def quality_of(table: Sequence[int]) -> int | None:
    """The quality, in 1..100, whose luma table in libjpeg is nearest to a table of 64 numbers in rows; None where it
    has another length. Tables of other encoders get the quality at which libjpeg loses about as much."""
    if len(table) != 64:
        return None
    gaps = np.abs(_tables() - np.asarray(table, np.int64)).sum(axis=1)
    return 100 - int(gaps[::-1].argmin())


@functools.cache
def _tables() -> NDArray[np.int64]:
    """The luma tables of libjpeg for the qualities 1 to 100: shape (100, 64)."""
    qualities = np.arange(1, 101)
    scales = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    tables: NDArray[np.int64] = (np.array(_LUMA).reshape(1, 64) * scales[:, None] + 50) // 100
    return tables.clip(1, 255)
