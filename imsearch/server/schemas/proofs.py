"""The proof of a hit, as the API gives it."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from imsearch.formatting.drawing import Side, draw_match, outlines
from imsearch.formatting.wording import changes, printable
from imsearch.types.hits import Proof


class HitOverlap(BaseModel):
    """For each picture, the share of its area that both show."""

    probe: float
    hit: float


class HitOutlines(BaseModel):
    """For each picture, the corners of the part that both show, in its pixels."""

    probe: list[tuple[float, float]]
    hit: list[tuple[float, float]]


class HitTransform(BaseModel):
    """What turns the hit into the probe: it is mirrored, then turned clockwise by degrees, then scaled. ``matrix`` is
    the homography from pixels of the probe to pixels of the hit."""

    model_config = ConfigDict(from_attributes=True)

    mirrored: bool
    turned: float
    scale: float
    matrix: list[list[float]]


class HitProof(BaseModel):
    """The result of comparing a hit with the probe.

    ``how`` says it in words. ``changed`` is the share of the overlap of a copy that shows something else, and
    ``changed_parts`` are its outlines in the hit; ``photographed`` says whether one seems to be a photograph of the
    other, ``apart`` how cameras tell the two apart as two shots. ``drawing`` is an SVG document with the probe on the
    left and the hit on the right, as ``image`` elements whose addresses the client fills in; it is null where the two
    could not be aligned.
    """

    verdict: str
    how: str
    agreement: float
    inliers: int
    overlap: HitOverlap
    transform: HitTransform | None
    quadrilateral: list[tuple[float, float]] | None
    changed: float
    changed_parts: list[list[tuple[float, float]]]
    photographed: bool
    apart: str | None
    shared: HitOutlines | None
    matches: list[tuple[float, float, float, float]]
    drawing: str | None

    @classmethod
    def of(cls, proof: Proof, probe: Side, hit: Side, name: str) -> "HitProof":
        """The description of a proof. ``name`` is the hit's name in the drawing."""
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
            changed=proof.changed,
            changed_parts=[_rounded(part) for part in proof.changed_parts],
            photographed=proof.photographed,
            apart=None if proof.apart is None else printable(proof.apart),
            shared=shared,
            matches=[(round(a, 1), round(b, 1), round(c, 1), round(d, 1)) for a, b, c, d in proof.matches],
            drawing=drawing,
        )


def _rounded(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(round(x, 1), round(y, 1)) for x, y in points]
