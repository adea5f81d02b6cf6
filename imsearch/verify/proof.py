"""Comparing a probe with a hit, and the proof that results: the same pixels, a copy, or only similar."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.types.hits import Proof, Transform, Verdict
from imsearch.verify.alignment import Alignment, align, jacobian, whole
from imsearch.verify.features import Appearance, Features
from imsearch.verify.pixels import agreement

COPY = 0.89
"""The least evidence for a copy. docs/verification.md has the precision and recall with this value."""

CERTAIN = 0.3
"""How far features may be off without lowering the evidence, in pixels at a long side of `SIDE`: JPEG and scaling move
them by as much."""

PARALLAX = 0.1
"""How much each further pixel lowers the evidence: in another photograph, depth moves features away from any flat
fit."""

WHOLE = 0.8
"""The correlation of 32 x 32 pixels from which whole pictures are aligned."""

ALIGNED = 12
"""The number of agreeing features from which a similar hit counts as aligned: fewer than one of a hundred unrelated
pairs have as many by chance."""

LINES = 60
"""The most pairs of points in a proof."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An alignment of probe and hit, with the agreement of their pixels, in -1..1. ``evidence`` is the agreement minus
    a penalty for features that are off."""

    alignment: Alignment
    agreement: float
    evidence: float

    @property
    def is_copy(self) -> bool:
        """Whether the two pictures show the same photograph."""
        return self.evidence >= COPY


def compare(probe: Features, hits: Sequence[Features]) -> list[Comparison | None]:
    """The best comparison of the probe with each hit; None where the two cannot be aligned."""
    by_features = align(probe, hits)
    as_wholes = whole(probe, hits, WHOLE)
    return [
        _best(probe, hit, [*aligned, *([as_whole] if as_whole is not None else [])])
        for hit, aligned, as_whole in zip(hits, by_features, as_wholes, strict=True)
    ]


def copies_as_wholes(picture: Appearance, others: Sequence[Appearance]) -> list[bool]:
    """For each of the others, whether the two whole pictures show the same photograph."""
    return [
        as_whole is not None and _compared(picture, other, as_whole).is_copy
        for other, as_whole in zip(others, whole(picture, others, WHOLE), strict=True)
    ]


def copies_by_features(picture: Features, others: Sequence[Features]) -> list[bool]:
    """For each of the others, whether a part of it and a part of the picture show the same photograph."""
    return [
        any(_compared(picture, other, alignment).is_copy for alignment in alignments)
        for other, alignments in zip(others, align(picture, others), strict=True)
    ]


def _best(probe: Features, hit: Features, alignments: Sequence[Alignment]) -> Comparison | None:
    """The comparison by the alignment with the most features, a copy before others. An alignment without features only
    counts if it proves a copy."""
    best: Comparison | None = None
    for alignment in sorted(alignments, key=lambda each: -each.inliers):
        compared = _compared(probe, hit, alignment)
        if compared.is_copy:
            return compared
        if best is None and alignment.inliers:
            best = compared
    return best


def _compared(probe: Appearance, hit: Appearance, alignment: Alignment) -> Comparison:
    found = agreement(probe, hit, alignment.matrix)
    return Comparison(alignment, found, found - PARALLAX * max(_error(alignment) - CERTAIN, 0.0))


def prove(probe: Features, hit: Features, comparison: Comparison | None) -> Proof:
    """The proof that a comparison gives, in pixels of the upright originals."""
    if comparison is None:
        return Proof("similar")
    alignment = comparison.alignment
    if not comparison.is_copy and alignment.inliers < ALIGNED:
        return Proof("similar", inliers=alignment.inliers)
    verdict: Verdict = "copy" if comparison.is_copy else "similar"
    matrix = np.diag([hit.scale, hit.scale, 1]) @ alignment.matrix @ np.diag([1 / probe.scale, 1 / probe.scale, 1])
    matrix = matrix / matrix[2, 2]
    chosen = np.linspace(0, alignment.inliers - 1, min(alignment.inliers, LINES)).astype(int)
    points = np.hstack([alignment.sources[chosen] * probe.scale, alignment.targets[chosen] * hit.scale])
    return Proof(
        verdict,
        agreement=round(comparison.agreement, 4),
        inliers=alignment.inliers,
        probe_overlap=_overlap(alignment.matrix, probe.extent, hit.extent),
        hit_overlap=_overlap(np.linalg.inv(alignment.matrix).astype(np.float64), hit.extent, probe.extent),
        transform=_transform(matrix, probe),
        quadrilateral=_quadrilateral(matrix, probe),
        matches=tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in points.round(1)),
    )


def same(features: Features) -> Proof:
    """The proof of a hit with exactly the pixels of the probe; ``features`` are those of the probe."""
    identity = np.eye(3)
    return Proof(
        "exact",
        agreement=1.0,
        probe_overlap=1.0,
        hit_overlap=1.0,
        transform=_transform(identity, features),
        quadrilateral=_quadrilateral(identity, features),
    )


def _error(alignment: Alignment) -> float:
    """The median distance of features from where the transform maps them, in pixels at a long side of `SIDE`."""
    if not alignment.inliers:
        return 0.0
    seen = _through(alignment.matrix, alignment.sources)
    return float(np.median(np.linalg.norm(seen - alignment.targets, axis=1)))


def _through(matrix: NDArray[np.float64], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """The points (n, 2) to which a homography maps points (n, 2)."""
    seen = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(seen[:, :2] / seen[:, 2:])


def _overlap(matrix: NDArray[np.float64], picture: tuple[float, float], other: tuple[float, float]) -> float:
    """The share of a picture that ``matrix`` maps into the ``other``, counted on a grid of 64 x 64 points."""
    grid = (np.arange(64) + 0.5) / 64
    points = np.stack(np.meshgrid(grid * picture[0], grid * picture[1]), axis=-1).reshape(-1, 2)
    weights = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = weights[:, :2] / weights[:, 2:]
    inside = (weights[:, 2] * matrix[2, 2] > 0) & np.all((seen >= -0.5) & (seen <= np.array(other) + 0.5), axis=1)
    return round(float(inside.mean()), 3)


def _transform(matrix: NDArray[np.float64], probe: Features) -> Transform:
    """The transform that turns the hit into the probe, as it is at the probe's centre."""
    local = np.linalg.inv(jacobian(matrix, np.array([probe.width / 2, probe.height / 2])))
    mirrored = bool(np.linalg.det(local) < 0)
    if mirrored:  # mirrored left to right first, then turned
        local = local @ np.diag([-1.0, 1.0])
    turned = float(np.degrees(np.arctan2(local[1, 0] - local[0, 1], local[0, 0] + local[1, 1])))
    return Transform(
        mirrored=mirrored,
        turned=round(turned, 1) % 360,
        scale=round(float(np.sqrt(abs(np.linalg.det(local)))), 4),
        matrix=tuple(tuple(float(value) for value in row) for row in matrix),
    )


def _quadrilateral(matrix: NDArray[np.float64], probe: Features) -> tuple[tuple[float, float], ...]:
    width, height = probe.width, probe.height
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in _through(matrix, corners))
