"""The agreement of the pixels of two aligned pictures, which distinguishes a copy from another photograph of the same
thing."""

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision
from imsearch.verify.alignment import jacobian
from imsearch.verify.features import SIDE, Appearance

WINDOW = 11
"""The side of the windows that are compared, in pixels."""

TEXTURE = 4.0
"""The standard deviation, in grey levels, from which a window is textured and so can be compared."""

FEWEST_PIXELS = 400
"""The fewest textured pixels that are compared; with fewer, the agreement is 0."""

SHARED = 0.35
"""The share of the windows textured in either picture that must be textured in both. Parts that are hidden or
overexposed in one picture are textured only in the other."""

COARSE = 0.5
"""The agreement at half the size from which pictures are compared at full size."""

ALIKE = 0.95
"""The agreement of equally sharp pictures from which the unblurred pictures are not compared too."""

BLURS = (1.0, 2.0, 3.0, 4.5, 6.5)
"""The standard deviations, in pixels, of the blurs that are tried to make the sharper picture as soft as the other."""


def agreement(probe: Appearance, hit: Appearance, matrix: NDArray[np.float64]) -> float:
    """The correlation of the two pictures where the homography ``matrix`` (3, 3) maps the probe into the hit, in -1..1.

    It is the median, over the textured windows of the overlap, of the local normalized cross-correlation (Lewis 1995),
    which is insensitive to brightness and contrast. As a median it ignores anything that hides less than half of the
    overlap. Another photograph of the same thing has other light and parallax: it correlates in some windows, but not
    in most. The sharper picture is blurred first, until it has no more detail than the other. The result is 0 where too
    few windows are textured.

    Pictures that do not agree at half the size are not compared at full size.
    """
    source, target = probe.grey, hit.grey
    coarse = _agreement(vision.halve(source), vision.halve(target), matrix, FEWEST_PIXELS // 4)
    return _agreement(source, target, matrix, FEWEST_PIXELS) if coarse >= COARSE else coarse


def _agreement(source: NDArray[np.uint8], target: NDArray[np.uint8], matrix: NDArray[np.float64], fewest: int) -> float:
    between = _to_grey(target) @ matrix @ np.linalg.inv(_to_grey(source))
    height, width = source.shape
    size = float(np.sqrt(abs(np.linalg.det(jacobian(between, np.array([width / 2, height / 2]))))))
    seen, there = vision.warp(vision.blur(source.astype(np.float32), 1.1 / min(size, 1.0)), between, target.shape)
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not len(rows):
        return 0.0
    softened = vision.blur(target.astype(np.float32), 1.1 * max(size, 1.0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    seen, softened, there = seen[box], softened[box], there[box]
    equal = _equally_sharp(seen, softened, there)
    found = _correlation(*equal, there, fewest)
    if found >= ALIKE or (equal[0] is seen and equal[1] is softened):
        return found
    return max(found, _correlation(seen, softened, there, fewest))  # an object laid over a part can look like blur


def _equally_sharp(
    one: NDArray[np.float32], other: NDArray[np.float32], there: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both pictures, of which the sharper one has been blurred to have no more detail than the other."""
    first, second = vision.detail(one, there), vision.detail(other, there)
    if first > second:
        return _soften(one, there, second), other
    return one, _soften(other, there, first)


def _soften(image: NDArray[np.float32], there: NDArray[np.bool_], detail: float) -> NDArray[np.float32]:
    softer = image
    for sigma in BLURS:
        if vision.detail(softer, there) <= 1.1 * detail:
            break
        softer = vision.blur(image, sigma)
    return softer


def _correlation(
    seen: NDArray[np.float32], target: NDArray[np.float32], there: NDArray[np.bool_], fewest: int
) -> float:
    """The median of the correlations of textured windows. Only every second row and column of windows is used, as
    neighboring windows show nearly the same."""
    inside, mean_seen, mean_target, square_seen, square_target, product = (
        vision.mean_of_windows(image, WINDOW)[::2, ::2]
        for image in (there.astype(np.float32), seen, target, seen * seen, target * target, seen * target)
    )
    var_seen, var_target = square_seen - mean_seen**2, square_target - mean_target**2
    least, most = np.minimum(var_seen, var_target), np.maximum(var_seen, var_target)
    textured = (inside > 0.999) & (least > TEXTURE**2)
    count = np.count_nonzero(textured)
    if 4 * count < fewest or count < SHARED * np.count_nonzero((inside > 0.999) & (most > TEXTURE**2)):
        return 0.0
    covariance = product[textured] - mean_seen[textured] * mean_target[textured]
    return float(np.median(covariance / np.sqrt(least[textured] * most[textured])))


def _to_grey(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The matrix from coordinates of points to those of the grey image, which is smaller if the picture is small, and
    in which OpenCV counts from the centre of the first pixel."""
    factor = max(grey.shape) / SIDE
    return np.array([[factor, 0, -0.5], [0, factor, -0.5], [0, 0, 1.0]])
