"""How well the pixels of two aligned pictures agree: what tells a copy from another photograph of the same thing."""

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision
from imsearch.verify.alignment import jacobian
from imsearch.verify.features import SIDE, Appearance

WINDOW = 11
"""Side of the windows that are compared."""

TEXTURE = 4.0
"""Grey levels of deviation from which a window has something to compare."""

FEWEST_PIXELS = 400
"""Textured pixels below which pictures count as not agreeing."""

SHARED = 0.35
"""Share of the windows textured in either picture that must be textured in both: hidden and overexposed parts are
not."""

COARSE = 0.5
"""Agreement at half the size from which the full size is compared."""

ALIKE = 0.95
"""Agreement that is accepted without trying the pictures as they are, unblurred."""

BLURS = (1.0, 2.0, 3.0, 4.5, 6.5)
"""Standard deviations, in pixels, of the blurs that are tried to make the sharper picture as soft as the other."""


def agreement(probe: Appearance, hit: Appearance, matrix: NDArray[np.float64]) -> float:
    """How well the pictures correlate where ``matrix`` (3, 3) lays the probe on the hit, in -1..1.

    It is the median, over the textured windows of the overlap, of the local normalized cross-correlation (Lewis 1995),
    which is insensitive to brightness and contrast; as a median it ignores whatever hides less than half. In
    another photograph of the same thing light and parallax differ: it correlates here and there, but not throughout.
    The sharper picture is blurred first until it has no more detail than the other. 0 where there is too little to say.

    Pictures that do not agree at half the size are not compared at the full size.
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
    return max(found, _correlation(seen, softened, there, fewest))  # what hides a part looks like blur


def _equally_sharp(
    one: NDArray[np.float32], other: NDArray[np.float32], there: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both, the sharper one blurred."""
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
    """The median over textured windows; of four neighbours, which show nearly the same, one is counted."""
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
    """From coordinates of points to those of the grey image, which is smaller where the picture is, and in which
    OpenCV counts from the centre of the first pixel."""
    factor = max(grey.shape) / SIDE
    return np.array([[factor, 0, -0.5], [0, factor, -0.5], [0, 0, 1.0]])
