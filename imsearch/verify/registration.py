"""Refining an alignment on the pixels, until the two pictures lie on each other to a fraction of a pixel where they
can.

Features are found at a few hundred places and to a pixel or so. Here points all over the overlap are tracked from one
picture into the other (Lucas and Kanade 1981), and the homography is fitted to them again. What is left of their
displacements tells a copy from another photograph: depth and moved things leave displacements that neighboring points
have in common, while noise and compression only scatter them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.types.hits import Quadrilateral
from imsearch.verify import vision
from imsearch.verify.features import Drawn
from imsearch.verify.planes import SIDE, corners, local_scale, through, to_pixels

STEP = 12
"""The side, in pixels, of the squares in each of which one point is tracked."""

FEWEST = 8
"""The fewest points to which the alignment is fitted again."""

ENOUGH = 60
"""The fewest points to which a homography is fitted; an affine map is fitted to fewer."""

WITHIN = 1.0
"""How far a point may be off the fit, in pixels."""

EXACT = 0.15
"""How far off a point may be, in pixels, and still be as near as points can be found."""

TIMES = 3
"""The most times that points are tracked, and that a fit is repeated."""

STILL = 0.2
"""Once a fit moves the corners of the overlap by less, in pixels, the alignment is not refined further."""

ASTRAY = 40.0
"""A fit that moves the corners by more pixels than this is not a refinement, and is not used."""

NARROWEST = 24
"""The least width and height, in pixels, of an overlap whose pixels are compared."""

BLURS = (0.5, 0.75, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6)
"""The standard deviations, in pixels, of the blurs that are tried to make the sharper picture as soft as the other."""

GRAIN = 7
"""The side, in pixels, of the windows in which noise is measured."""

GRAINY = 5.0
"""The standard deviation of noise, in grey levels, from which both pictures are blurred."""

TEXTURED = 2.0
"""The standard deviation of such a window, in grey levels, from which it is textured."""

SURROUNDINGS = 33
"""The side, in pixels, of the window by whose mean and deviation a pixel is normalized before points are tracked."""


@dataclass(frozen=True)
class Overlap:
    """The part that two pictures share, seen in the frame of the coarser one: the finer one is laid upon it.

    ``laid`` and ``below`` are float32 (height, width) in grey levels, ``there`` (height, width) is where both are.
    ``laid_soft`` and ``below_soft`` are the same, of which the sharper one is blurred to the other's sharpness.
    ``softness`` is the standard deviation of that blur in pixels, negative where ``below`` was the sharper one.
    ``points`` are float32 (n, 2), tracked from ``laid`` to ``below``; ``drifts``, float32 (n, 2), are the displacements
    that the homography does not explain. All are in pixels of the frame.

    ``matrix`` (3, 3) maps points of the probe to the hit, ``to_hit`` (3, 3) pixels of the frame to points of the hit;
    ``between`` (3, 3) maps pixels of the picture that is laid upon the other to pixels of that one, and ``corner`` (x,
    y) is where the frame begins there. The probe is the one that is laid upon the hit unless it is ``swapped``.
    """

    laid: NDArray[np.float32]
    below: NDArray[np.float32]
    laid_soft: NDArray[np.float32]
    below_soft: NDArray[np.float32]
    there: NDArray[np.bool_]
    softness: float
    points: NDArray[np.float32]
    drifts: NDArray[np.float32]
    matrix: NDArray[np.float64]
    to_hit: NDArray[np.float64]
    between: NDArray[np.float64]
    corner: tuple[int, int]
    swapped: bool

    def outline(self, box: tuple[int, int, int, int]) -> Quadrilateral:
        """The outline, in points of the hit, of a box of the overlap (left, top, right, bottom)."""
        return tuple((float(x), float(y)) for x, y in through(self.to_hit, corners(*box)))

    def colors(self, probe: Drawn, hit: Drawn) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The picture that is laid upon the other, and the other one, in color: uint8 (height, width, 3)."""
        upper, lower = (hit, probe) if self.swapped else (probe, hit)
        fine = _antialiased(upper.color.astype(np.float32), _scale(self.between, upper))
        below = lower.color
        laid, _ = vision.warp(fine, self.between, below.shape[:2])
        (left, top), (height, width) = self.corner, self.there.shape
        box = np.s_[top : top + height, left : left + width]
        return np.clip(laid[box], 0, 255).astype(np.uint8), below[box]


def register(probe: Drawn, hit: Drawn, matrix: NDArray[np.float64]) -> Overlap | None:
    """The overlap of two pictures, with the alignment by ``matrix`` (3, 3), from points of the probe to points of the
    hit, refined. None where the overlap is too narrow to be compared."""
    between = to_pixels(hit.compared_side) @ matrix @ np.linalg.inv(to_pixels(probe.compared_side))
    scale = _scale(between, probe)
    swapped = scale > 1
    upper, lower = (hit, probe) if swapped else (probe, hit)
    if swapped:
        between, scale = np.linalg.inv(between), 1 / scale
    fine = _antialiased(_grey(upper), scale)
    return _Registration(fine, _grey(lower), between).overlap(upper, lower, swapped)


def _grey(picture: Drawn) -> NDArray[np.float32]:
    return vision.grey(picture.color).astype(np.float32)


def _antialiased(image: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """The image blurred as far as it must be to be drawn at ``scale`` times its size."""
    return vision.blur(image, 0.5 * float(np.sqrt(max(scale**-2 - 1, 0))))


def _scale(between: NDArray[np.float64], probe: Drawn) -> float:
    """How many times larger the probe is drawn by ``between``, at its centre."""
    centre = np.array(probe.extent) / 2 * probe.compared_side / SIDE
    return local_scale(between, centre)


class _Registration:
    """One refinement: ``between`` maps pixels of the image ``fine`` to those of the image ``below``."""

    def __init__(self, fine: NDArray[np.float32], below: NDArray[np.float32], between: NDArray[np.float64]) -> None:
        self._fine = fine
        self._below = below
        self._between = between

    def overlap(self, upper: Drawn, lower: Drawn, swapped: bool) -> Overlap | None:
        laid, there = vision.warp(self._fine, self._between, self._below.shape)
        rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
        if min(len(rows), len(columns)) < NARROWEST:
            return None
        corner = (int(columns[0]), int(rows[0]))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        below = self._below[box]
        grain = _grain(laid[box], below, there[box])
        softness = _softness(vision.blur(laid[box], grain), vision.blur(below, grain), there[box])
        points = drifts = np.empty((0, 2), np.float32)
        for time in range(1, TIMES + 1):
            laid_soft, below_soft = _softened(laid[box], below, softness, grain)
            points, drifts, moved = self._tracked(laid_soft, below_soft, there[box], corner)
            if moved is None:
                break
            laid, there = vision.warp(self._fine, self._between, self._below.shape)
            if moved < STILL or time == TIMES:
                break
        laid_soft, below_soft = _softened(laid[box], below, softness, grain)
        to_points = _inverted(to_pixels(lower.compared_side))
        matrix = to_points @ self._between @ to_pixels(upper.compared_side)
        to_lower = to_points @ _shift(corner)
        return Overlap(
            laid[box],
            below,
            laid_soft,
            below_soft,
            there[box],
            softness,
            points,
            drifts,
            _inverted(matrix) if swapped else matrix,
            _inverted(matrix) @ to_lower if swapped else to_lower,
            self._between,
            corner,
            swapped,
        )

    def _tracked(
        self,
        laid: NDArray[np.float32],
        below: NDArray[np.float32],
        there: NDArray[np.bool_],
        corner: tuple[int, int],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], float | None]:
        """The points that were tracked, their displacements that the new fit does not explain, and by how much the fit
        moves the corners; None if there is no better fit. The new fit is used from now on."""
        one, other = _normalized(laid, there), _normalized(below, there)
        chosen = vision.corners(one, vision.eroded(there, vision.TRACKED), STEP)
        points, places = vision.track(one, other, chosen)
        fitted = _fitted(points, places)
        if fitted is None or fitted[1].sum() < FEWEST:
            return points, places - points, None
        matrix = fitted[0]
        height, width = below.shape
        edge = corners(0, 0, width, height)
        moved = float(np.abs(through(matrix, edge) - edge).max())
        if not moved < ASTRAY:
            return points, places - points, None
        self._between = _shift(corner) @ matrix @ np.linalg.inv(_shift(corner)) @ self._between
        return points, (places - through(matrix, points)).astype(np.float32), moved


def _fitted(
    points: NDArray[np.float32], places: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    if len(points) < FEWEST:
        return None
    if len(points) < ENOUGH:
        return vision.fit_affine(points, places, WITHIN)
    fitted = vision.fit(points, places, WITHIN, trials=300)
    return None if fitted is None else (_settled(fitted[0], points, places), fitted[1])


def _settled(
    matrix: NDArray[np.float64], points: NDArray[np.float32], places: NDArray[np.float32]
) -> NDArray[np.float64]:
    """A homography fitted again to the points that are nearest to it (trimmed least squares): the best of those that
    were tried is off by half a pixel at the corners, this one by a tenth."""
    for _ in range(TIMES):
        away = np.linalg.norm(through(matrix, points) - places, axis=1)
        near = away < WITHIN
        if near.sum() < ENOUGH:
            break
        nearest = away < max(3 * float(np.median(away[near])), EXACT)
        matrix = vision.fit_least_squares(points[nearest], places[nearest])
    return matrix


def _inverted(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _shift(corner: tuple[int, int]) -> NDArray[np.float64]:
    return np.array([[1, 0, corner[0]], [0, 1, corner[1]], [0, 0, 1.0]])


def _normalized(image: NDArray[np.float32], there: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The image with the mean and the deviation around each pixel made equal, so that a change of light or of tone does
    not look like a movement."""
    mean, variance = vision.statistics_of_windows(image, there.astype(np.float32), SURROUNDINGS)
    return np.asarray(np.clip(128 + 40 * (image - mean) / np.sqrt(variance + 16), 0, 255), np.uint8)


def _softness(one: NDArray[np.float32], other: NDArray[np.float32], there: NDArray[np.bool_]) -> float:
    """The standard deviation of the blur that makes the sharper image as soft as the other: of the first if it is
    positive, of the other one if it is negative, 0 if both are equally sharp."""
    there = _textured(one, other, there)
    first, second = vision.detail(one, there), vision.detail(other, there)
    sharper, least, sign = (one, second, 1) if first > second else (other, first, -1)
    used = 0.0
    for sigma in BLURS:
        softer = vision.blur(sharper, used) if used else sharper
        if vision.detail(softer, there) <= 1.05 * least:
            break
        used = sigma
    return sign * used


def _textured(one: NDArray[np.float32], other: NDArray[np.float32], there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels around which both images have texture; all that are there if these are few. What was covered in one of
    them, or filled up when it was turned, is not soft."""
    both = there & (np.minimum(_variances(one), _variances(other)) > TEXTURED**2)
    return both if both.sum() > 0.05 * there.sum() else there


def _variances(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The variance of the window of `GRAIN` pixels around each pixel."""
    square, mean = vision.mean_of_windows(image * image, GRAIN), vision.mean_of_windows(image, GRAIN)
    return np.maximum(square - mean * mean, np.float32(0))


def _grain(one: NDArray[np.float32], other: NDArray[np.float32], there: NDArray[np.bool_]) -> float:
    """The standard deviation of the blur, in pixels, that brings both images below the noise that one of them has; 0
    where there is little. Noise is what one image has where the other one is flattest."""
    variances = [_variances(one), _variances(other)]
    inside = vision.eroded(there, GRAIN)
    if not inside.any():
        return 0.0
    noise = 0.0
    for noisy, clean in (variances, variances[::-1]):
        flat = inside & (noisy <= np.quantile(noisy[inside][::7], 0.1))
        noise = max(noise, float(np.median(noisy[flat] - clean[flat])))
    level = float(np.sqrt(noise))
    return 0.0 if level < GRAINY else min(level / 8, 2.0)


def _softened(
    one: NDArray[np.float32], other: NDArray[np.float32], softness: float, grain: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both images without grain, the sharper one as soft as the other."""
    one, other = vision.blur(one, grain), vision.blur(other, grain)
    if softness > 0:
        return vision.blur(one, softness), other
    return one, vision.blur(other, -softness) if softness < 0 else other
