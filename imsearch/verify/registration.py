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
from imsearch.verify.sharpness import grain_of, softened, softness_of

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

LEFT_OUT = 4
"""By how many pixels the overlap may reach beyond what the first alignment took for it."""

NARROWEST = 24
"""The least width and height, in pixels, of an overlap whose pixels are compared."""

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


@dataclass(frozen=True, slots=True)
class _Frame:
    """A box of pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def corner(self) -> tuple[int, int]:
        """The top left of it."""
        return self.left, self.top

    @property
    def box(self) -> tuple[slice, slice]:
        """The index of its pixels in an image."""
        return np.s_[self.top : self.bottom, self.left : self.right]

    def beyond(self, other: "_Frame") -> int:
        """By how many pixels it reaches beyond another one, at most."""
        return max(other.left - self.left, other.top - self.top, self.right - other.right, self.bottom - other.bottom)


@dataclass(frozen=True, slots=True)
class _Refined:
    """What a refinement has found in its frame: fields of `Overlap`, and the blur of `sharpness.grain_of`."""

    laid: NDArray[np.float32]
    below: NDArray[np.float32]
    there: NDArray[np.bool_]
    softness: float
    grain: float
    points: NDArray[np.float32]
    drifts: NDArray[np.float32]


class _Registration:
    """One refinement: ``between`` maps pixels of the image ``fine`` to those of the image ``below``."""

    def __init__(self, fine: NDArray[np.float32], below: NDArray[np.float32], between: NDArray[np.float64]) -> None:
        self._fine = fine
        self._below = below
        self._between = between

    def overlap(self, upper: Drawn, lower: Drawn, swapped: bool) -> Overlap | None:
        """The refined overlap. Where the first alignment was so far off that it left out a part of it, it is refined
        again from there."""
        frame = self._frame()
        if frame is None:
            return None
        refined = self._refined(frame)
        again = self._frame()
        if again is not None and again.beyond(frame) > LEFT_OUT:
            frame, refined = again, self._refined(again)
        to_points = _inverted(to_pixels(lower.compared_side))
        matrix = to_points @ self._between @ to_pixels(upper.compared_side)
        to_lower = to_points @ _shift(frame.corner)
        return Overlap(
            refined.laid,
            refined.below,
            *softened(refined.laid, refined.below, refined.softness, refined.grain),
            refined.there,
            refined.softness,
            refined.points,
            refined.drifts,
            _inverted(matrix) if swapped else matrix,
            _inverted(matrix) @ to_lower if swapped else to_lower,
            self._between,
            frame.corner,
            swapped,
        )

    def _frame(self) -> "_Frame | None":
        """The part of the image below that is in the other one; None where it is too narrow."""
        _, there = vision.warp(self._fine, self._between, self._below.shape)
        rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
        if min(len(rows), len(columns)) < NARROWEST:
            return None
        return _Frame(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)

    def _refined(self, frame: "_Frame") -> "_Refined":
        """Refine the alignment by what is in the frame."""
        laid, there = self._laid(frame)
        below = self._below[frame.box]
        grain = grain_of(laid, below, there)
        softness = softness_of(vision.blur(laid, grain), vision.blur(below, grain), there)
        points = drifts = np.empty((0, 2), np.float32)
        for time in range(1, TIMES + 1):
            points, drifts, moved = self._tracked(*softened(laid, below, softness, grain), there, frame.corner)
            if moved is None:
                break
            laid, there = self._laid(frame)
            if moved < STILL or time == TIMES:
                break
        return _Refined(laid, below, there, softness, grain, points, drifts)

    def _laid(self, frame: "_Frame") -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The image above as it lies in the frame, and where it does."""
        laid, there = vision.warp(self._fine, self._between, self._below.shape)
        return laid[frame.box], there[frame.box]

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
