"""Pictures as planes, and the homographies between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 320
"""Points are in pixels of the picture at this long side."""


@dataclass(frozen=True)
class Canvas:
    """The plane of an upright picture of ``width`` x ``height`` pixels."""

    width: int
    height: int

    @property
    def scale(self) -> float:
        """Pixels of the original picture per pixel in which points are given."""
        return max(self.width, self.height) / SIDE

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the picture in the pixels in which points are given."""
        return self.width / self.scale, self.height / self.scale


def through(matrix: NDArray[np.float64], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """The points (n, 2) to which a homography maps points (n, 2)."""
    seen = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(seen[:, :2] / seen[:, 2:])


def jacobian(matrix: NDArray[np.float64], point: NDArray[np.floating]) -> NDArray[np.float64]:
    """The affine part (2, 2) of a homography at a point."""
    x, y, w = matrix @ [*point, 1.0]
    return np.array((matrix[:2, :2] * w - np.outer([x, y], matrix[2, :2])) / w**2)


def local_scale(matrix: NDArray[np.float64], point: NDArray[np.floating]) -> float:
    """How many times larger a homography draws what is at a point."""
    return float(np.sqrt(abs(np.linalg.det(jacobian(matrix, point)))))


def turn_of(affine: NDArray[np.floating]) -> float:
    """By how many degrees an affine map (2, 2) turns, after it has mirrored left to right if it mirrors."""
    plain = affine @ np.diag([-1.0, 1.0]) if np.linalg.det(affine) < 0 else affine
    return float(np.degrees(np.arctan2(plain[1, 0] - plain[0, 1], plain[0, 0] + plain[1, 1])))


def corners(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    """The corners (4, 2) of a box, clockwise from its top left."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def to_pixels(side: int) -> NDArray[np.float64]:
    """The matrix (3, 3) from points of a picture to its pixels at a long side of ``side``, which OpenCV counts from the
    centre of the first one."""
    factor = side / SIDE
    return np.array([[factor, 0, -0.5], [0, factor, -0.5], [0, 0, 1.0]])


def overlap(matrix: NDArray[np.float64], picture: tuple[float, float], other: tuple[float, float]) -> float:
    """The share of a picture that ``matrix`` maps into the ``other``, counted on a grid of 64 x 64 points."""
    grid = (np.arange(64) + 0.5) / 64
    points = np.stack(np.meshgrid(grid * picture[0], grid * picture[1]), axis=-1).reshape(-1, 2)
    weights = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = weights[:, :2] / weights[:, 2:]
    inside = (weights[:, 2] * matrix[2, 2] > 0) & np.all((seen >= -0.5) & (seen <= np.array(other) + 0.5), axis=1)
    return round(float(inside.mean()), 3)
