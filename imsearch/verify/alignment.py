"""Which features of two pictures are the same thing, and the transform between them that most agree on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision
from imsearch.verify.features import Appearance, Features

RATIO = 0.8
"""A feature matches its nearest where that is closer than this share of the distance of the second (Lowe 2004)."""

FEWEST = 6
"""Matches below which no fit is tried: any four points fit a homography exactly."""

TOGETHER = 16
"""Pictures that are compared in one matrix product, so that it stays in the processor's cache."""

MIRROR = np.array(
    [
        ((3 - row) * 4 + column) * 8 + (-direction) % 8
        for row in range(4)
        for column in range(4)
        for direction in range(8)
    ]
)
"""Where each number of a descriptor stands in that of the mirrored picture: the rows of the 4 x 4 x 8 histograms are in
reverse, and the directions too. So one extraction serves both (measured: dot products of 1.0000)."""

# OpenCV rejects homographies that mirror, so points are flipped before the fit.
_AS_IT_IS = np.array([1, 1], np.float32)
_FLIPPED = np.array([-1, 1], np.float32)


@dataclass(frozen=True, slots=True)
class Alignment:
    """A transform from probe to hit, in pixels of pictures of a long side of `features.SIDE`, as a homography (3, 3).

    ``sources`` and ``targets`` (n, 2) are the matched points that agree with it.
    """

    matrix: NDArray[np.float64]
    sources: NDArray[np.float32]
    targets: NDArray[np.float32]

    @property
    def inliers(self) -> int:
        """How many features agree."""
        return len(self.sources)


def align(probe: Features, hits: Sequence[Features]) -> list[list[Alignment]]:
    """For each hit the plausible alignments with the probe: one with it as it is, one with it mirrored, or none."""
    plain = probe.descriptors.astype(np.float32) / np.float32(255)
    found: list[list[Alignment]] = [[] for _ in hits]
    if len(probe.points) < FEWEST:
        return found
    for begin in range(0, len(hits), TOGETHER):
        part = hits[begin : begin + TOGETHER]
        targets = np.concatenate([hit.descriptors for hit in part]).astype(np.float32) / np.float32(255)
        for descriptors, flip in ((plain, _AS_IT_IS), (plain[:, MIRROR], _FLIPPED)):
            for at, (sources_at, targets_at) in enumerate(_matches(descriptors, targets, part)):
                alignment = _fitted(probe.points[sources_at], part[at].points[targets_at], flip)
                if alignment is not None:
                    found[begin + at].append(alignment)
    return found


def _matches(
    probe: NDArray[np.float32], targets: NDArray[np.float32], hits: Sequence[Features]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """For each hit, which features of the probe and of the hit are the same thing; each of the probe's once."""
    similar = targets @ probe.T
    rows = np.arange(len(similar))
    nearest = similar.argmax(axis=1)
    best = similar[rows, nearest].copy()
    similar[rows, nearest] = -1
    second = similar.max(axis=1)
    # The distance between unit vectors is sqrt(2 - 2 dot).
    distinct = 1 - best < RATIO**2 * (1 - second)
    ends = np.cumsum([len(hit.points) for hit in hits])
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        good = begin + np.flatnonzero(distinct[begin:end])
        good = good[np.argsort(-best[good], kind="stable")]
        sources, first = np.unique(nearest[good], return_index=True)
        yield sources, good[first] - begin


def _fitted(sources: NDArray[np.float32], targets: NDArray[np.float32], flip: NDArray[np.float32]) -> Alignment | None:
    if len(sources) < FEWEST:
        return None
    fitted = vision.fit(sources * flip, targets)
    if fitted is None:
        return None
    matrix, agree = fitted[0] @ np.diag([*flip, 1.0]), fitted[1]
    if agree.sum() < FEWEST or not plausible(matrix, sources[agree]):
        return None
    return Alignment(matrix, sources[agree], targets[agree])


def plausible(matrix: NDArray[np.float64], points: NDArray[np.float32]) -> bool:
    """Whether a homography is the view of a flat picture: near the ``points`` (n, 2) it neither folds nor squeezes."""
    around = _corners(points)
    behind = around @ matrix[2, :2] + matrix[2, 2]
    if np.any(behind * np.sign(matrix[2, 2] or 1) <= 1e-6):
        return False
    longest, shortest = np.linalg.svd(jacobian(matrix, points.mean(axis=0)), compute_uv=False)
    return bool(shortest > 1 / 16 and longest < 16 and longest < 3 * shortest)


def _corners(points: NDArray[np.float32]) -> NDArray[np.float32]:
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def jacobian(matrix: NDArray[np.float64], point: NDArray[np.floating]) -> NDArray[np.float64]:
    """The affine part (2, 2) of a homography at a point."""
    x, y, w = matrix @ [*point, 1.0]
    return np.array((matrix[:2, :2] * w - np.outer([x, y], matrix[2, :2])) / w**2)


def whole(probe: Appearance, hits: Sequence[Appearance], least: float) -> list[Alignment | None]:
    """For each hit the quarter turn, mirrored or not, under which the whole pictures correlate best, if by ``least``.

    It finds copies so blurred or compressed that no features are left.
    """
    if not hits:
        return []
    upright = _normal(probe.tiny)
    turned = np.stack([_turn(upright, turn).ravel() for turn in range(8)])
    scores = turned @ np.stack([_normal(hit.tiny).ravel() for hit in hits]).T
    best = scores.argmax(axis=0)
    return [
        _whole(probe, hit, int(turn)) if scores[turn, at] >= least else None
        for at, (turn, hit) in enumerate(zip(best, hits, strict=True))
    ]


def _turn(image: NDArray[np.float32], turn: int) -> NDArray[np.float32]:
    """Turn 0..3 quarters counter-clockwise; from 4 on mirrored before."""
    return np.rot90(image[:, ::-1] if turn >= 4 else image, turn % 4)


def _normal(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    centred = image - image.mean(dtype=np.float32)
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), np.float32)


def _whole(probe: Appearance, hit: Appearance, turn: int) -> Alignment:
    """The affine map of the whole probe on the whole hit."""
    width, height = probe.extent
    to_unit = np.diag([1 / width, 1 / height, 1.0])
    if turn >= 4:
        to_unit = np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1.0]]) @ to_unit
    quarter = np.array([[0, 1, 0], [-1, 0, 1], [0, 0, 1.0]])
    width, height = hit.extent
    matrix = np.diag([width, height, 1.0]) @ np.linalg.matrix_power(quarter, turn % 4) @ to_unit
    nothing = np.empty((0, 2), np.float32)
    return Alignment(matrix, nothing, nothing)
