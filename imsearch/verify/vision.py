"""OpenCV's part in verification: local features, robust fits and warps. The only module that imports cv2."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CONTRAST = 0.02
"""The contrast threshold of SIFT: half of OpenCV's own, so that blurred and faded pictures have features too."""

MOST = 400
"""The most features detected in a picture, of which some are chosen."""

WITHIN = 4.0
"""How far a match may be off the fit, in pixels at a long side of `features.SIDE`; MAGSAC weights nearer matches."""

TRIALS = 1000

TRACKED = 21
"""The side, in pixels, of the window around a point that is tracked."""

FAINTEST = 1e-4
"""The least texture of a point that is tracked, as OpenCV's `cornerMinEigenVal` gives it."""


def threads() -> int:
    """The number of threads that OpenCV may use, in the whole process."""
    return int(cv2.getNumThreads())


def set_threads(count: int) -> None:
    """Set the number of threads that OpenCV may use, in the whole process."""
    cv2.setNumThreads(count)


def detect(grey: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
    """SIFT features (Lowe 2004) of a grey picture, uint8 (height, width), strongest first.

    Returns their points, float32 (n, 2), sizes, float32 (n,), and RootSIFT descriptors, uint8 (n, 128). These are the
    square roots of the shares of each bin, times 255 (Arandjelovic and Zisserman 2012), so that dot products are
    Hellinger similarities.
    """
    keypoints, found = cv2.SIFT.create(MOST, contrastThreshold=CONTRAST).detectAndCompute(grey, None)
    if found is None or not len(keypoints):
        return np.empty((0, 2), np.float32), np.empty(0, np.float32), np.empty((0, 128), np.uint8)
    order = np.argsort([-keypoint.response for keypoint in keypoints], kind="stable")
    points = np.array([keypoints[at].pt for at in order], np.float32)
    sizes = np.array([keypoints[at].size for at in order], np.float32)
    descriptors = np.asarray(found, np.float32)[order]
    shares = descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9)
    return points, sizes, np.round(np.sqrt(shares) * 255).astype(np.uint8)


def fit(
    sources: NDArray[np.float32], targets: NDArray[np.float32], within: float = WITHIN, trials: int = TRIALS
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """The homography (3, 3) that maps most of the ``sources`` (n, 2) to their ``targets`` (n, 2), by MAGSAC++ (Barath
    et al. 2020), and a mask (n,) of the points that agree with it ``within`` some pixels; None where there is none."""
    matrix, mask = cv2.findHomography(sources, targets, cv2.USAC_MAGSAC, within, maxIters=trials, confidence=0.999)
    if matrix is None:
        return None
    return np.asarray(matrix, np.float64), np.asarray(mask).ravel().astype(bool)


def fit_least_squares(sources: NDArray[np.float32], targets: NDArray[np.float32]) -> NDArray[np.float64]:
    """The homography (3, 3) that maps the ``sources`` (n, 2) to their ``targets`` (n, 2) with the least squares of the
    distances. There must be enough points, all of them good."""
    matrix, _ = cv2.findHomography(sources, targets, 0)
    return np.asarray(matrix, np.float64)


def fit_affine(
    sources: NDArray[np.float32], targets: NDArray[np.float32], within: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """The same as `fit` with an affine map, by RANSAC: for points too few for a homography, which would explain
    whatever they do."""
    affine, mask = cv2.estimateAffine2D(sources, targets, method=cv2.RANSAC, ransacReprojThreshold=within)
    if affine is None:
        return None
    matrix = np.vstack([affine, [0, 0, 1]]).astype(np.float64)
    return matrix, np.asarray(mask).ravel().astype(bool)


def warp(
    image: NDArray[np.float32], matrix: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The image as the homography ``matrix`` maps it into one of ``shape`` (height, width), and a mask of the pixels
    that it covers."""
    height, width = shape
    seen = cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    whole = np.ones(image.shape[:2], np.float32)
    there = cv2.warpPerspective(whole, matrix, (width, height), flags=cv2.INTER_LINEAR)
    return np.asarray(seen, np.float32), np.asarray(there) > 0.999


def sampled(image: NDArray[np.float32], places: NDArray[np.floating]) -> NDArray[np.float32]:
    """The values of an image at places (n, m, 2) between its pixels: float32 (n, m)."""
    if not len(places):
        return np.empty(places.shape[:2], np.float32)
    across, down = places[..., 0].astype(np.float32), places[..., 1].astype(np.float32)
    return np.asarray(cv2.remap(image, across, down, cv2.INTER_LINEAR), np.float32)


def blur(image: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    """The image after a Gaussian blur, in which the pixels at the edge are repeated beyond it; the image itself, if the
    blur would change nothing to be seen."""
    if sigma < 0.1:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32)


def detail(image: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    """The mean difference between horizontal neighbors, divided by the standard deviation of all pixels in the mask."""
    mask = where.astype(np.uint8)
    across = cv2.absdiff(image[:, 1:], image[:, :-1])
    _, deviation = cv2.meanStdDev(image, mask=mask)
    return float(cv2.mean(across, mask=mask[:, 1:] & mask[:, :-1])[0] / max(float(deviation.item()), 1e-3))


def mean_of_windows(image: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The mean of the square window around each pixel."""
    return np.asarray(cv2.boxFilter(image, cv2.CV_32F, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)


def statistics_of_windows(
    image: NDArray[np.float32], weights: NDArray[np.float32], side: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The weighted mean and variance of the square window around each pixel, float32 (height, width) both; ``weights``
    (height, width) are in 0..1."""
    total = np.maximum(mean_of_windows(weights, side), np.float32(1e-3))
    weighted = image * weights
    mean = np.asarray(mean_of_windows(weighted, side) / total, np.float32)
    square = np.asarray(mean_of_windows(weighted * image, side) / total, np.float32)
    return mean, np.maximum(square - mean * mean, np.float32(0))


def shrink(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The image resized to ``width`` by ``height`` pixels by averaging areas."""
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The luma of an image whose colors are blue first: uint8 (height, width)."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def blue_first(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An RGB image with its colors in OpenCV's order, and the other way round."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)


def compress(image: NDArray[np.uint8]) -> bytes:
    """An image whose colors are blue first as a JPEG."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return bytes(data)


def expand(data: bytes) -> NDArray[np.uint8]:
    """The image, uint8 (height, width, 3) and blue first, in a JPEG that `compress` made."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def expand_half(data: bytes) -> NDArray[np.uint8]:
    """The same image in grey and at half its size, uint8 (height, width), which is decoded faster."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_2), np.uint8)


def expand_eighth(data: bytes) -> NDArray[np.uint8]:
    """The same image in color and at an eighth of its size, uint8 (height, width, 3)."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_COLOR_8), np.uint8)


def corners(grey: NDArray[np.uint8], inside: NDArray[np.bool_], step: int) -> NDArray[np.float32]:
    """The point with the most texture in each square of ``step`` pixels, float32 (n, 2): the one with the largest
    smaller eigenvalue of the gradients around it (Shi and Tomasi 1994), if it is ``inside`` (height, width)."""
    strength = np.where(inside, cv2.cornerMinEigenVal(grey, 9), -1)
    rows, columns = (side // step for side in grey.shape)
    parts = strength[: rows * step, : columns * step].reshape(rows, step, columns, step)
    squares = parts.transpose(0, 2, 1, 3).reshape(rows, columns, step * step)
    best = squares.argmax(axis=2)
    at_y, at_x = np.nonzero(squares.max(axis=2) > FAINTEST)
    chosen = best[at_y, at_x]
    return np.stack([at_x * step + chosen % step, at_y * step + chosen // step], axis=1).astype(np.float32)


def track(
    one: NDArray[np.uint8], other: NDArray[np.uint8], points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where what is around the ``points`` (n, 2) of one grey image lies in the other one, to a fraction of a pixel.

    Lucas and Kanade 1981, in pyramids as by Bouguet. Returns those of the points that were found, and their places.
    """
    if not len(points):
        return points, points
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 12, 0.02)
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        one, other, points, points.copy(), winSize=(TRACKED, TRACKED), maxLevel=1, criteria=criteria
    )
    good = np.asarray(status).ravel().astype(bool)
    return points[good], np.asarray(found, np.float32)[good]


def eroded(mask: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """The pixels of a mask around which a square of ``side`` pixels is in it; beyond the image nothing is."""
    square = np.ones((side, side), np.uint8)
    return np.asarray(cv2.erode(mask.astype(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=0)) > 0


def opened(mask: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """The pixels of a mask that are in a square of ``side`` pixels that is wholly in it."""
    square = np.ones((side, side), np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, square)) > 0


def grown(mask: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """All pixels of the squares of ``side`` pixels around those of a mask."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8))) > 0


def parts(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[tuple[int, int, int, int]]]:
    """The connected parts of a mask: for each pixel the number of its part, from 1, or 0; and the boxes of the parts
    (left, top, right, bottom)."""
    count, numbers, found, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    boxes = [(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in found[1:count]]
    return np.asarray(numbers, np.int32), boxes


def gradients(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The magnitude of the gradient at each pixel, in levels per pixel (Scharr's filter)."""
    across, down = cv2.Scharr(image, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(image, cv2.CV_32F, 0, 1) / 32
    return np.asarray(cv2.magnitude(across, down), np.float32)


def outside(image: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel is beyond the darkest and the lightest pixel of the 3 x 3 around it in another image."""
    square = np.ones((3, 3), np.uint8)
    return np.asarray(np.maximum(image - cv2.dilate(other, square), cv2.erode(other, square) - image), np.float32)
