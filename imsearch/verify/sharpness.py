"""The sharpness of two pictures that lie on each other, and their grain: the softer one cannot be sharpened, so that
the other one is blurred before they are compared."""

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision

BLURS = (0.5, 0.75, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6)
"""The standard deviations, in pixels, of the blurs that are tried to make the sharper picture as soft as the other."""

GRAIN = 7
"""The side, in pixels, of the windows in which noise is measured."""

GRAINY = 5.0
"""The standard deviation of noise, in grey levels, from which both pictures are blurred."""

TEXTURED = 2.0
"""The standard deviation of such a window, in grey levels, from which it is textured."""


def softness_of(one: NDArray[np.float32], other: NDArray[np.float32], there: NDArray[np.bool_]) -> float:
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


def grain_of(one: NDArray[np.float32], other: NDArray[np.float32], there: NDArray[np.bool_]) -> float:
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


def softened(
    one: NDArray[np.float32], other: NDArray[np.float32], softness: float, grain: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both images without grain, the sharper one as soft as the other."""
    one, other = vision.blur(one, grain), vision.blur(other, grain)
    if softness > 0:
        return vision.blur(one, softness), other
    return one, vision.blur(other, -softness) if softness < 0 else other
