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
    sources: NDArray[np.float32], targets: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """The homography (3, 3) that maps most of the ``sources`` (n, 2) to their ``targets`` (n, 2), by MAGSAC++ (Barath
    et al. 2020), and a mask (n,) of the points that agree with it; None where there is none."""
    matrix, mask = cv2.findHomography(sources, targets, cv2.USAC_MAGSAC, WITHIN, maxIters=TRIALS, confidence=0.999)
    if matrix is None:
        return None
    return np.asarray(matrix, np.float64), np.asarray(mask).ravel().astype(bool)


def warp(
    grey: NDArray[np.float32], matrix: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The picture as the homography ``matrix`` maps it into an image of ``shape`` (height, width), and a mask of the
    pixels that it covers."""
    height, width = shape
    seen = cv2.warpPerspective(grey, matrix, (width, height), flags=cv2.INTER_LINEAR)
    there = cv2.warpPerspective(np.ones_like(grey), matrix, (width, height), flags=cv2.INTER_LINEAR)
    return np.asarray(seen, np.float32), np.asarray(there) > 0.999


def blur(image: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    """The image after a Gaussian blur; the pixels at the edge are repeated beyond it."""
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


def shrink(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The image resized to ``width`` by ``height`` pixels by averaging areas."""
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def halve(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image at half its size."""
    height, width = image.shape
    return shrink(image, max(1, width // 2), max(1, height // 2))


def compress(grey: NDArray[np.uint8]) -> bytes:
    """A grey picture as a JPEG."""
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return bytes(data)


def expand(data: bytes) -> NDArray[np.uint8]:
    """The grey picture, uint8 (height, width), in a JPEG that `compress` made."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
