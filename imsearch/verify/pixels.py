"""What the pixels of two aligned pictures show: how well they agree, how far they are displaced, where they differ."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision
from imsearch.verify.features import Appearance
from imsearch.verify.planes import corners, jacobian, local_scale, through, to_pixels, turn_of
from imsearch.verify.registration import Overlap

WINDOW = 15
"""The side of the windows that are compared, in pixels."""

STRIDE = 4
"""The distance between neighboring windows, in pixels."""

TEXTURE = 4.0
"""The standard deviation, in grey levels, from which a window is textured and so can be compared."""

FAINT = 2.0
"""The standard deviation from which a window that is textured in one picture is not flat in the other."""

COVERED = 8.0
"""The standard deviation from which a window that is flat in one picture was covered there, and not only made flat by
compression."""

FLAT = 2.0
"""The standard deviation below which a window shows nothing but, perhaps, noise."""

FLATTEST = 0.1
"""The share of windows that are taken for flat if fewer are."""

NOISY = 2.0
"""How many times stronger than the noise the texture of a window must be."""

EXPLAINED = 0.6
"""The correlation from which a window counts as showing the same in both pictures."""

LOST = 1.5
"""How many times the variance of a window must be that of the difference where the pictures agree, so that the window
shows a difference: fainter ones are lost in noise, or were lost to compression."""

CERTAIN = 0.8
"""The correlation of the windows whose displacements are measured."""

FEWEST = 20
"""The fewest textured windows that are compared; with fewer, nothing can be said."""

CELL = 40
"""The side, in pixels, of the squares over which displacements are averaged."""

FEWEST_POINTS = 4
"""The fewest points of a square, and the fewest squares, of which displacements are averaged."""

COARSE_WINDOW = 11
"""The side, in pixels, of the windows that are compared at half the size."""


@dataclass(frozen=True)
class Windows:
    """The correlation of two aligned pictures in each window, float32 (rows, columns), the larger of their variances
    there, and which windows are textured in both pictures, or in either. A window that is textured in only one of them
    agrees with nothing."""

    correlation: NDArray[np.float32]
    variance: NDArray[np.float32]
    both: NDArray[np.bool_]
    either: NDArray[np.bool_]

    @cached_property
    def agreement(self) -> NDArray[np.float32]:
        """The correlation of each window that is textured in either picture, (n,); 0 where only one is."""
        return np.where(self.both, self.correlation, np.float32(0))[self.either]

    @cached_property
    def differing(self) -> NDArray[np.bool_]:
        """The windows (rows, columns) that do not agree, with neighbors that do not: single ones are noise."""
        apart = self.either & (np.where(self.both, self.correlation, 0) < EXPLAINED)
        return vision.opened(apart & (self.variance > LOST * self._noise), 3)

    @cached_property
    def _noise(self) -> float:
        """The median variance of what the windows that agree do not explain of each other."""
        agreeing = self.both & (self.correlation >= EXPLAINED)
        if np.count_nonzero(agreeing) < FEWEST:
            return 0.0
        return float(np.median(((1 - self.correlation**2) * self.variance)[agreeing]))


def windows_of(overlap: Overlap) -> Windows:
    """The local normalized cross-correlation (Lewis 1995) of the pictures in all windows of their overlap.

    It is insensitive to brightness and contrast. The pictures are compared both equally sharp and as they are, as a
    thing that is laid over a part can make a picture look sharper than it is; the better correlation of the two counts.
    """
    soft = _correlated(overlap.laid_soft, overlap.below_soft, overlap.there, WINDOW, STRIDE)
    if overlap.laid_soft is overlap.laid and overlap.below_soft is overlap.below:
        return soft
    plain = _correlated(overlap.laid, overlap.below, overlap.there, WINDOW, STRIDE)
    better = np.maximum(soft.correlation, np.where(plain.both, plain.correlation, -1))
    return replace(soft, correlation=better)


def _correlated(
    one: NDArray[np.float32], other: NDArray[np.float32], there: NDArray[np.bool_], window: int, stride: int
) -> Windows:
    inside, mean_one, mean_other, square_one, square_other, product = (
        vision.mean_of_windows(image, window)[::stride, ::stride]
        for image in (there.astype(np.float32), one, other, one * one, other * other, one * other)
    )
    var_one = np.maximum(square_one - mean_one**2, 0)
    var_other = np.maximum(square_other - mean_other**2, 0)
    correlation = (product - mean_one * mean_other) / np.sqrt(np.maximum(var_one * var_other, 1e-3))
    whole = inside > 0.999
    strong_one, strong_other = _without_noise(var_one, var_other, whole), _without_noise(var_other, var_one, whole)
    least, most = np.minimum(strong_one, strong_other), np.maximum(strong_one, strong_other)
    both = whole & (least > FAINT**2) & (most > TEXTURE**2)
    return Windows(correlation, np.maximum(var_one, var_other), both, both | (whole & (most > COVERED**2)))


def _without_noise(
    variances: NDArray[np.float32], others: NDArray[np.float32], whole: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The variances of windows without that of the noise, which a picture has where the other one is flattest; windows
    that are not well above the noise have none."""
    if np.count_nonzero(whole) < FEWEST:
        return variances
    flat = whole & (variances <= max(FLAT**2, float(np.quantile(variances[whole], FLATTEST))))
    noise = max(float(np.median(variances[flat] - others[flat])), 0.0)
    return np.where(variances > NOISY**2 * noise, variances - np.float32(noise), np.float32(0))


@dataclass(frozen=True, slots=True)
class Measures:
    """The numbers by which a copy is told from another photograph; docs/verification.md says what each shows.

    ``drift`` is the median, over squares of `CELL` pixels, of the displacement that the points of a square have in
    common; ``scatter`` is the median displacement of single points: both in pixels. ``explained`` is the lowest tenth
    of the correlations of the windows that show the same, ``agreement`` the median of all. ``perspective`` is how far
    the homography departs from an affine map at the corners, in pixels; ``turn`` its angle from the nearest quarter
    turn, in degrees. ``textured`` counts the windows that are textured in either picture.
    """

    drift: float
    scatter: float
    explained: float
    agreement: float
    perspective: float
    turn: float
    textured: int


def measures_of(overlap: Overlap, windows: Windows, size: tuple[float, float]) -> Measures | None:
    """The measures of an overlap; ``size`` is the width and height of the picture that is laid upon the other, in
    pixels as they are compared. None where too little is textured to say anything."""
    agreement = windows.agreement
    if len(agreement) < FEWEST:
        return None
    explained = agreement[agreement > EXPLAINED]
    drift, scatter = _displacements(overlap, windows)
    return Measures(
        drift,
        scatter,
        float(np.quantile(explained, 0.1)) if len(explained) >= FEWEST // 2 else 0.0,
        float(np.median(agreement)),
        *_geometry(overlap.between, size),
        len(agreement),
    )


FAR = 9.0
"""The displacement that is reported, in pixels, where too few points could be tracked."""


def _displacements(overlap: Overlap, windows: Windows) -> tuple[float, float]:
    """The median displacement of squares, and that of points, where the windows certainly show the same."""
    rows, columns = (
        np.clip(overlap.points[:, axis].astype(int) // STRIDE, 0, length - 1)
        for axis, length in ((1, windows.correlation.shape[0]), (0, windows.correlation.shape[1]))
    )
    certain = windows.correlation[rows, columns] > CERTAIN
    points, drifts = overlap.points[certain], overlap.drifts[certain]
    if len(points) < 2 * FEWEST_POINTS:
        return FAR, FAR
    scatter = float(np.median(np.linalg.norm(drifts, axis=1)))
    means = _square_means(points, drifts)
    if len(means) < FEWEST_POINTS:
        return float(np.linalg.norm(np.median(drifts, axis=0))), scatter
    return float(np.median(means)), scatter


def _square_means(points: NDArray[np.float32], drifts: NDArray[np.float32]) -> NDArray[np.floating]:
    """The length of the median displacement of each square with enough points."""
    squares = (points // CELL).astype(int)
    order = np.lexsort((squares[:, 1], squares[:, 0]))
    ends = np.flatnonzero(np.any(np.diff(squares[order], axis=0), axis=1)) + 1
    parts = np.split(drifts[order], ends)
    return np.array([np.linalg.norm(np.median(part, axis=0)) for part in parts if len(part) >= FEWEST_POINTS])


def _geometry(matrix: NDArray[np.float64], size: tuple[float, float]) -> tuple[float, float]:
    """Perspective and turn of a homography on a picture of this width and height, as in `Measures`."""
    width, height = size
    edge, centre = corners(0, 0, width, height), np.array([width / 2, height / 2])
    affine = jacobian(matrix, centre)
    expected = through(matrix, centre[None]) + (edge - centre) @ affine.T
    away = np.abs(through(matrix, edge) - expected).max()
    return float(away / max(local_scale(matrix, centre), 1e-6)), abs((turn_of(affine) + 45) % 90 - 45)


def coarse_agreement(probe: Appearance, hit: Appearance, matrix: NDArray[np.float64]) -> float:
    """The median correlation of the textured windows at half the size, in -1..1, for passing over alignments that show
    nothing in common; ``matrix`` (3, 3) maps points of the probe to the hit. 0 where too few windows are textured."""
    source, target = probe.half, hit.half
    between = to_pixels(max(target.shape)) @ matrix @ np.linalg.inv(to_pixels(max(source.shape)))
    height, width = source.shape
    size = local_scale(between, np.array([width / 2, height / 2]))
    seen, there = vision.warp(vision.blur(source.astype(np.float32), 1.1 / min(size, 1.0)), between, target.shape)
    softened = vision.blur(target.astype(np.float32), 1.1 * max(size, 1.0))
    windows = _correlated(seen, softened, there, COARSE_WINDOW, 2)
    found = windows.correlation[windows.both]
    return float(np.median(found)) if len(found) >= FEWEST else 0.0
