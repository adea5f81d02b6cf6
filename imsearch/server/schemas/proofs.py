"""The proof of a hit, as the API gives it."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from imsearch.formatting.drawing import Side, draw_match, outlines
from imsearch.formatting.wording import changes
from imsearch.types.hits import Proof


class HitOverlap(BaseModel):
    """The share of each picture's area that both show."""

    probe: float
    hit: float


class HitOutlines(BaseModel):
    """The corners of what both pictures show, in pixels of each."""

    probe: list[tuple[float, float]]
    hit: list[tuple[float, float]]


class HitTransform(BaseModel):
    """What was done to a hit to make the probe: mirrored, then turned by degrees clockwise, then scaled. ``matrix`` is
    the homography from pixels of the probe to those of the hit."""

    model_config = ConfigDict(from_attributes=True)

    mirrored: bool
    turned: float
    scale: float
    matrix: list[list[float]]


class HitProof(BaseModel):
    """What comparing a hit with the probe has shown. ``how`` says it in words, ``drawing`` as an SVG document: the
    probe on the left, the hit on the right, as ``image`` elements without addresses, for the caller to fill in. There
    is none where the two were not aligned."""

    verdict: str
    how: str
    agreement: float
    inliers: int
    overlap: HitOverlap
    transform: HitTransform | None
    quadrilateral: list[tuple[float, float]] | None
    shared: HitOutlines | None
    matches: list[tuple[float, float, float, float]]
    drawing: str | None

    @classmethod
    def of(cls, proof: Proof, probe: Side, hit: Side, name: str) -> "HitProof":
        """The proof of a hit, which is called ``name`` in the drawing."""
        shared = drawing = None
        if proof.transform is not None:
            in_probe, in_hit = outlines(proof.transform.matrix, probe, hit)
            shared = HitOutlines(probe=_rounded(in_probe), hit=_rounded(in_hit))
            drawing = draw_match(proof, probe, hit, name)
        return cls(
            verdict=proof.verdict,
            how=changes(proof),
            agreement=proof.agreement,
            inliers=proof.inliers,
            overlap=HitOverlap(probe=proof.probe_overlap, hit=proof.hit_overlap),
            transform=None if proof.transform is None else HitTransform.model_validate(proof.transform),
            quadrilateral=None if proof.quadrilateral is None else _rounded(proof.quadrilateral),
            shared=shared,
            matches=[(round(a, 1), round(b, 1), round(c, 1), round(d, 1)) for a, b, c, d in proof.matches],
            drawing=drawing,
        )


def _rounded(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(round(x, 1), round(y, 1)) for x, y in points]
