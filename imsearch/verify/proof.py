"""Comparing a probe with a hit: whether they are copies, and the proof."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imsearch.images.shots import told_apart
from imsearch.types.hits import Proof, Quadrilateral
from imsearch.verify import evidence, judgment
from imsearch.verify.alignment import Alignment, align, whole
from imsearch.verify.changes import Changes, changes_of
from imsearch.verify.features import Appearance, Features
from imsearch.verify.frames import is_framed
from imsearch.verify.judgment import Judgment
from imsearch.verify.pixels import Measures, coarse_agreement, measures_of, windows_of
from imsearch.verify.planes import Canvas
from imsearch.verify.registration import register

COARSE = 0.5
"""The agreement at half the size from which pictures are compared at full size."""

WHOLE = 0.8
"""The correlation of 32 x 32 pixels from which whole pictures are aligned."""

CHANGED = 0.5
"""The largest share of the textured overlap that differs in a copy."""

CHANGED_IF_ROUGH = 0.15
"""The same where the rest agrees only `ROUGHLY`: pages of one layout do, and so do copies of little quality, in which
little was changed."""

ROUGHLY = 0.8
"""The explained correlation up to which the rest of two pictures agrees only roughly."""

MUTUAL = 0.05
"""The largest share of the textured overlap in which each of two copies may show something of its own, such as another
number in a form."""

PHOTOGRAPHED = 2.5
"""The perspective, in pixels, from which a copy is taken for a photograph of the other picture: copies that programs
make have none."""

MUTUAL_IF_IDENTICAL = 0.08
"""The same where the rest is `IDENTICAL`, such as under a logo; two captions on one template are more."""

IDENTICAL = 0.985
"""The explained correlation from which the rest of two pictures is the same but for compression. Photographs of two
moments have unlike noise."""

ALIGNED = 12
"""The number of agreeing features from which a similar hit counts as aligned: fewer than one of a hundred unrelated
pairs have as many by chance."""

LINES = 60
"""The most pairs of points in a proof."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An alignment of probe and hit, with what their pixels show.

    ``agreement`` is the median correlation of windows, in -1..1; ``evidence`` the log-odds that all of the overlap but
    for the ``changes`` is explained by one transform and one change of tone. Without ``measures`` only half the size
    was compared. ``softness`` is the blur, in pixels at `COMPARED_SIDE`, that makes the probe as soft as the hit;
    negative where the hit is the sharper one. ``parts`` are the outlines of the changes, in points of the hit.
    ``framed`` says for probe and hit whether it has a frame around what both show, or other pictures. ``apart``
    says, in words, how cameras tell the two apart as two shots.
    """

    alignment: Alignment
    agreement: float
    evidence: float = -np.inf
    measures: Measures | None = None
    changes: Changes | None = None
    softness: float = 0.0
    parts: tuple[Quadrilateral, ...] = ()
    framed: tuple[bool, bool] = (False, False)
    apart: str | None = None

    @property
    def is_copy(self) -> bool:
        """Whether the two pictures show the same photograph."""
        return self.looks_alike and self.apart is None

    @property
    def looks_alike(self) -> bool:
        """Whether the pixels say that the two pictures show the same photograph, whatever cameras say."""
        if self.measures is None or self.changes is None:
            return False
        if self.evidence < evidence.COPY:
            return False
        mutual = MUTUAL if self.measures.explained < IDENTICAL else MUTUAL_IF_IDENTICAL
        changed = CHANGED if self.measures.explained > ROUGHLY else CHANGED_IF_ROUGH
        return self.changes.textured <= changed and self.changes.mutual <= mutual

    @property
    def is_photographed(self) -> bool:
        """Whether one of the two seems to be a photograph of the other, as their transform has a perspective."""
        return self.measures is not None and self.measures.perspective > PHOTOGRAPHED


def compare(probe: Features, hits: Sequence[Features]) -> list[Comparison | None]:
    """The best comparison of the probe with each hit; None where the two cannot be aligned."""
    by_features = align(probe, hits)
    as_wholes = whole(probe, hits, WHOLE)
    return [
        _best(probe, hit, [*aligned, *([as_whole] if as_whole is not None else [])])
        for hit, aligned, as_whole in zip(hits, by_features, as_wholes, strict=True)
    ]


def compare_wholes(picture: Appearance, others: Sequence[Appearance]) -> list[Comparison | None]:
    """The comparison of the whole picture with each of the others as a whole; None where they are too unlike."""
    return [
        None if as_whole is None else _compared(picture, other, as_whole)
        for other, as_whole in zip(others, whole(picture, others, WHOLE), strict=True)
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
    coarse = coarse_agreement(probe, hit, alignment.matrix)
    if coarse < COARSE:
        return Comparison(alignment, coarse)
    drawn = probe.drawn(), hit.drawn()
    overlap = register(*drawn, alignment.matrix)
    if overlap is None:
        return Comparison(alignment, coarse)
    windows = windows_of(overlap)
    measures = measures_of(overlap, windows, (hit if overlap.swapped else probe).compared_size)
    if measures is None:
        return Comparison(alignment, coarse)
    found = evidence.of(measures)
    refined = replace(alignment, matrix=overlap.matrix)
    if found < evidence.COPY:
        return Comparison(refined, measures.agreement, found, measures)
    changes = changes_of(overlap, windows, *overlap.colors(*drawn))
    if overlap.swapped:
        changes = replace(changes, grey=changes.grey[::-1])
    softness = -overlap.softness if overlap.swapped else overlap.softness
    parts = tuple(overlap.outline(box) for box in changes.parts)
    framed = is_framed(probe, hit, overlap.matrix), is_framed(hit, probe, np.linalg.inv(overlap.matrix))
    apart = told_apart(probe.facts, hit.facts)
    return Comparison(refined, measures.agreement, found, measures, changes, softness, parts, framed, apart)


def prove(probe: Canvas, hit: Canvas, comparison: Comparison | None) -> Proof:
    """The proof that a comparison gives, in pixels of the upright originals."""
    if comparison is None:
        return Proof("similar")
    alignment = comparison.alignment
    if not comparison.is_copy and alignment.inliers < ALIGNED:
        return Proof("similar", inliers=alignment.inliers, apart=comparison.apart)
    chosen = np.linspace(0, alignment.inliers - 1, min(alignment.inliers, LINES)).astype(int)
    points = np.hstack([alignment.sources[chosen] * probe.scale, alignment.targets[chosen] * hit.scale])
    matches = tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in points.round(1))
    return replace(judgment.prove(probe, hit, Judgment.of(comparison)), matches=matches)
