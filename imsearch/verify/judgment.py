"""Judgments: what is kept of a comparison, and the proof that it gives. This works without OpenCV."""

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from imsearch.types.hits import Proof, Quadrilateral, Transform, Verdict
from imsearch.verify.planes import Canvas, corners, jacobian, overlap, through, turn_of

if TYPE_CHECKING:
    from imsearch.verify.proof import Comparison

LEAST_CHANGED = 0.0001
"""The least share of the overlap that is told as changed: a digit on a page may be less."""


class Judgment(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """What is kept of a comparison: whether two pictures, the first and the second, are copies, and how they lie on
    each other.

    ``matrix`` holds the rows of the homography from points of the first to points of the second; None if they could not
    be aligned. ``parts``, the outlines of what changed, are in points of the second. For each of the two, ``grey`` says
    whether it has lost colors that the other one has, ``enlarged`` whether it has more pixels than the other, but no
    more detail, ``later`` whether it was made from the other by compressing it again, and ``framed`` whether it has a
    frame around what both show, or other pictures. The other fields are those of `Comparison`.
    """

    copy: bool = False
    matrix: tuple[float, ...] | None = None
    agreement: float = 0.0
    inliers: int = 0
    changed: float = 0.0
    parts: tuple[Quadrilateral, ...] = ()
    photographed: bool = False
    softness: float = 0.0
    grey: tuple[bool, bool] = (False, False)
    apart: str | None = None
    enlarged: tuple[bool, bool] = (False, False)
    later: tuple[bool, bool] = (False, False)
    framed: tuple[bool, bool] = (False, False)

    @property
    def is_in_place(self) -> bool:
        """Whether each point of the first picture lies at the same place in the second one."""
        return self.matrix is not None and bool(np.abs(np.array(self.matrix) - np.eye(3).ravel()).max() < 0.5)

    @property
    def homography(self) -> NDArray[np.float64]:
        """The ``matrix`` (3, 3), which there must be."""
        assert self.matrix is not None
        return np.array(self.matrix, np.float64).reshape(3, 3)

    @property
    def scale(self) -> float:
        """Points of the second picture for each point of the first one; there must be a ``matrix``."""
        matrix = self.homography
        return float(np.sqrt(abs(np.linalg.det(matrix[:2, :2] / matrix[2, 2]))))

    @property
    def orientation(self) -> tuple[bool, int]:
        """Whether the first picture is mirrored in the second one, and by how many quarter turns it is turned, 0 to 3;
        there must be a ``matrix``."""
        affine = self.homography[:2, :2]
        return bool(np.linalg.det(affine) < 0), round(turn_of(affine) / 90) % 4

    @classmethod
    def of(cls, comparison: "Comparison | None") -> "Judgment":
        """The judgment that a comparison gives."""
        if comparison is None:
            return cls()
        copy = comparison.is_copy
        changes = comparison.changes if copy else None
        return cls(
            copy,
            tuple(comparison.alignment.matrix.ravel().tolist()),
            comparison.agreement,
            comparison.alignment.inliers,
            0.0 if changes is None else changes.share,
            () if changes is None else comparison.parts,
            copy and comparison.is_photographed,
            comparison.softness,
            (False, False) if changes is None else changes.grey,
            comparison.apart if comparison.looks_alike else None,
            framed=comparison.framed,
        )

    def reversed(self) -> "Judgment":
        """The same judgment of the second picture and the first."""
        if self.matrix is None:
            return self
        matrix = np.linalg.inv(self.homography).astype(np.float64)
        parts = tuple(tuple((float(x), float(y)) for x, y in through(matrix, np.array(part))) for part in self.parts)
        return msgspec.structs.replace(
            self,
            matrix=tuple(matrix.ravel().tolist()),
            parts=parts,
            softness=-self.softness,
            grey=self.grey[::-1],
            enlarged=self.enlarged[::-1],
            later=self.later[::-1],
            framed=self.framed[::-1],
        )


def prove(probe: Canvas, hit: Canvas, judgment: Judgment) -> Proof:
    """The proof that a judgment gives, in pixels of the upright originals. It must have an alignment."""
    aligned = judgment.homography
    matrix = np.diag([hit.scale, hit.scale, 1]) @ aligned @ np.diag([1 / probe.scale, 1 / probe.scale, 1])
    matrix = matrix / matrix[2, 2]
    verdict: Verdict = "copy" if judgment.copy else "similar"
    proof = Proof(
        verdict,
        agreement=round(judgment.agreement, 4),
        inliers=judgment.inliers,
        probe_overlap=overlap(aligned, probe.extent, hit.extent),
        hit_overlap=overlap(np.linalg.inv(aligned).astype(np.float64), hit.extent, probe.extent),
        transform=_transform(matrix, probe),
        quadrilateral=_quadrilateral(matrix, probe),
        photographed=judgment.photographed,
        apart=judgment.apart,
    )
    return with_changes(proof, hit, judgment.changed, judgment.parts)


def with_changes(proof: Proof, hit: Canvas, changed: float, parts: tuple[Quadrilateral, ...]) -> Proof:
    """A proof with the share of the overlap that ``changed``, and the outlines of it in points of the hit."""
    share = max(round(changed, 4), LEAST_CHANGED) if changed else 0.0
    return replace(proof, changed=share, changed_parts=tuple(_scaled(part, hit.scale) for part in parts))


def points_of(transform: Transform, probe: Canvas, hit: Canvas) -> NDArray[np.float64]:
    """The homography (3, 3) from points of the probe to points of the hit that a transform tells in pixels."""
    factors = np.diag([1 / hit.scale, 1 / hit.scale, 1]), np.diag([probe.scale, probe.scale, 1])
    return np.asarray(factors[0] @ np.array(transform.matrix, np.float64) @ factors[1])


def _scaled(part: Quadrilateral, scale: float) -> Quadrilateral:
    return tuple((round(x * scale, 1), round(y * scale, 1)) for x, y in part)


def same(picture: Canvas) -> Proof:
    """The proof of a hit with exactly the pixels of the probe; ``picture`` is the probe."""
    identity = np.eye(3)
    return Proof(
        "exact",
        agreement=1.0,
        probe_overlap=1.0,
        hit_overlap=1.0,
        transform=_transform(identity, picture),
        quadrilateral=_quadrilateral(identity, picture),
    )


def _transform(matrix: NDArray[np.float64], probe: Canvas) -> Transform:
    """The transform that turns the hit into the probe, as it is at the probe's centre."""
    local = np.linalg.inv(jacobian(matrix, np.array([probe.width / 2, probe.height / 2])))
    return Transform(
        mirrored=bool(np.linalg.det(local) < 0),
        turned=round(turn_of(local), 1) % 360,
        scale=round(float(np.sqrt(abs(np.linalg.det(local)))), 4),
        matrix=tuple(tuple(float(value) for value in row) for row in matrix),
    )


def _quadrilateral(matrix: NDArray[np.float64], probe: Canvas) -> tuple[tuple[float, float], ...]:
    edge = corners(0, 0, probe.width, probe.height)
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in through(matrix, edge))
