"""Whether a picture frames another one: what it has around what both show is plain, or does not go on from there."""

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision
from imsearch.verify.features import Appearance
from imsearch.verify.planes import SIDE, corners, through, to_pixels

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

SPOTS = 100
"""The places along each side of the other picture at which a seam is looked for."""

ACROSS = np.array([-3, -2, -1, 1, 2, 3])
"""Where each of them is looked at, in pixels: three inside of the other picture and three outside."""

MOSTLY = 0.5
"""The share of these places on a side that are in the picture, so that the side counts."""

STEEP = 2.5
"""How many times more a picture changes across a seam than beside it. Of crops of photographs, 1 of 100 was cut where
the photograph changes more than 2.2 times; of tiles of collages, 19 of 20 have a seam of more than 3.4."""


def is_framed(picture: Appearance, other: Appearance, matrix: NDArray[np.floating]) -> bool:
    """Whether what a picture has around the other one is a frame, or other pictures as in a collage; ``matrix`` (3, 3)
    maps its points to those of the other."""
    height, width = picture.half.shape
    rows, columns = np.mgrid[:height:STEP, :width:STEP]
    points = np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5], axis=1) * (SIDE / max(height, width))
    seen = through(np.asarray(matrix, np.float64), points)
    inside = np.all((seen > -EDGE) & (seen < np.array(other.extent) + EDGE), axis=1).reshape(rows.shape)
    if (~inside).mean() < WIDE:
        return False
    gradients = vision.gradients(picture.half.astype(np.float32))[::STEP, ::STEP]
    plain = float((gradients[~inside] < PLAIN).mean()) > NEARLY_ALL
    return plain or _has_seam(picture, other, np.linalg.inv(matrix))


def _has_seam(picture: Appearance, other: Appearance, matrix: NDArray[np.float64]) -> bool:
    """Whether a picture changes more along the sides of the other one, which ``matrix`` (3, 3) maps to its points, than
    just inside and outside of them."""
    to_half = to_pixels(max(picture.half.shape)) @ matrix
    edges = corners(0, 0, *other.extent)
    across = beside = 0.0
    for begin, end in zip(edges, np.roll(edges, -1, axis=0), strict=True):
        values = _beside(picture.half, through(to_half, _along(begin, end)), through(to_half, edges).mean(axis=0))
        if len(values) >= MOSTLY * SPOTS:
            steps = np.abs(np.diff(values, axis=1)).mean(axis=0)
            middle = len(ACROSS) // 2 - 1
            across += float(steps[middle])
            beside += float(np.delete(steps, middle).max())
    return across > STEEP * beside


def _along(begin: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """`SPOTS` points between two others."""
    return begin + (end - begin) * ((np.arange(SPOTS) + 0.5) / SPOTS)[:, None]


def _beside(grey: NDArray[np.uint8], spots: NDArray[np.float64], middle: NDArray[np.float64]) -> NDArray[np.float32]:
    """What a grey picture shows `ACROSS` each spot (n, 2) of a line, at first on the side of the ``middle``: float32
    (m, 6), without the spots at which any of it is outside."""
    along = spots[-1] - spots[0]
    normal = np.array([along[1], -along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    outward = normal * np.sign((spots.mean(axis=0) - middle) @ normal)
    places = spots[:, None] + ACROSS[None, :, None] * outward
    inside = np.all((places >= 0) & (places <= np.array(grey.shape[::-1]) - 1), axis=(1, 2))
    return vision.sampled(grey.astype(np.float32), places[inside])
