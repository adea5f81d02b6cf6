"""Matching the features of two pictures, and fitting the transform that most matches agree on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.verify import vision
from imsearch.verify.features import Appearance, Features
from imsearch.verify.planes import jacobian

RATIO = 0.8
"""A feature matches its nearest feature if that is nearer than this share of the distance to the second nearest (Lowe
2004)."""

FEWEST = 6
"""The fewest matches for which a fit is tried: any four points fit a homography exactly."""

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
"""Indices that turn a descriptor into that of the mirrored picture: the 4 x 4 x 8 histograms with rows and directions
reversed. So features need not be extracted from the mirrored picture (measured: dot products of 1.0000)."""

# OpenCV rejects homographies that mirror, so points are flipped before the fit.
_AS_IT_IS = np.array([1, 1], np.float32)
_FLIPPED = np.array([-1, 1], np.float32)


@dataclass(frozen=True, slots=True)
class Alignment:
    """A homography ``matrix`` (3, 3) from the probe to the hit.

    ``sources`` in the probe and ``targets`` in the hit, both (n, 2), are the matched points that agree with it.
    Coordinates are in pixels of the pictures shrunk to a long side of `features.SIDE`.
    """

    matrix: NDArray[np.float64]
    sources: NDArray[np.float32]
    targets: NDArray[np.float32]

    @property
    def inliers(self) -> int:
        """How many matches agree with the homography."""
        return len(self.sources)


def align(probe: Features, hits: Sequence[Features]) -> list[list[Alignment]]:
    """For each hit the plausible alignments with the probe, of which there are at most two: unmirrored and mirrored."""
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
    """For each hit the indices of matching features: of the probe, where each occurs once, and of the hit."""
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
    """Whether a homography can be the view of a flat picture: around the ``points`` (n, 2) it must neither fold the
    picture nor distort it too much."""
    around = _corners(points)
    behind = around @ matrix[2, :2] + matrix[2, 2]
    if np.any(behind * np.sign(matrix[2, 2] or 1) <= 1e-6):
        return False
    longest, shortest = np.linalg.svd(jacobian(matrix, points.mean(axis=0)), compute_uv=False)
    return bool(shortest > 1 / 16 and longest < 16 and longest < 3 * shortest)


def _corners(points: NDArray[np.float32]) -> NDArray[np.float32]:
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def whole(probe: Appearance, hits: Sequence[Appearance], least: float) -> list[Alignment | None]:
    """For each hit the alignment of the whole pictures by the quarter turn, mirrored or not, with the best correlation.

    It is None where that correlation is below ``least``. This finds copies that are so blurred or compressed that no
    features are left.
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
    """The image turned by 0..3 quarters counter-clockwise; ``turn`` 4..7 means mirrored first."""
    return np.rot90(image[:, ::-1] if turn >= 4 else image, turn % 4)


def _normal(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    centred = image - image.mean(dtype=np.float32)
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), np.float32)


def _whole(probe: Appearance, hit: Appearance, turn: int) -> Alignment:
    """The affine alignment that maps the whole probe to the whole hit."""
    width, height = probe.extent
    to_unit = np.diag([1 / width, 1 / height, 1.0])
    if turn >= 4:
        to_unit = np.array([[-1, 0, 1], [0, 1, 0], [0, 0, 1.0]]) @ to_unit
    quarter = np.array([[0, 1, 0], [-1, 0, 1], [0, 0, 1.0]])
    width, height = hit.extent
    matrix = np.diag([width, height, 1.0]) @ np.linalg.matrix_power(quarter, turn % 4) @ to_unit
    nothing = np.empty((0, 2), np.float32)
    return Alignment(matrix, nothing, nothing)
