"""Hits of a query and the proofs of hits."""

import datetime
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["exact", "copy", "similar"]
"""``exact``: the same bytes or pixels; ``copy``: the same photograph, edited; ``similar``: neither was proven."""

Quadrilateral = tuple[tuple[float, float], ...]
"""Four corners, clockwise, each x and y in pixels of an upright picture."""


@dataclass(frozen=True, slots=True)
class Transform:
    """What turns a hit into the probe, in this order.

    The hit is ``mirrored`` left to right, ``turned`` clockwise by degrees in 0..360, and scaled: ``scale`` pixels of
    the probe show one pixel of the hit. ``matrix`` is the homography (3 x 3) from pixels of the probe to pixels of the
    hit; the other fields describe it at the probe's centre.
    """

    mirrored: bool
    turned: float
    scale: float
    matrix: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of comparing a probe with a hit.

    ``agreement`` is the correlation of the pixels where both pictures overlap, in -1..1; ``inliers`` counts the local
    features that agree on the transform; the overlaps are shares of the probe's and of the hit's area, in 0..1.
    ``quadrilateral`` holds the places of the probe's corners in the hit, in pixels of the upright hit, clockwise from
    the probe's top left; ``matches`` are some of the inliers (x and y in the probe, x and y in the hit). If the two
    cannot be aligned, there is no transform and the overlaps are 0.

    ``changed`` is the share of the overlap, in 0..1, where a copy shows something else although all around it agrees: a
    caption, a bar, another number in a form. ``changed_parts`` are outlines of it, in pixels of the upright hit. A copy
    that was ``photographed`` is a photograph or a scan of the other picture, printed or on a screen. ``apart`` says, in
    words, how cameras tell the two apart as two shots: such pictures are never copies.
    """

    verdict: Verdict
    agreement: float = 0.0
    inliers: int = 0
    probe_overlap: float = 0.0
    hit_overlap: float = 0.0
    transform: Transform | None = None
    quadrilateral: Quadrilateral | None = None
    matches: tuple[tuple[float, float, float, float], ...] = ()
    changed: float = 0.0
    changed_parts: tuple[Quadrilateral, ...] = ()
    photographed: bool = False
    apart: str | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of a picture, in pixels of the upright picture; ``x`` and ``y`` are from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A file that a query found. ``score`` is the exact cosine similarity to the probe, in -1..1.

    ``rank`` counts from 1. ``digest`` names the picture: the SHA-256 of the file's bytes, in hex. ``region`` is the
    part of the picture that has this score, None for the whole picture. ``path`` may hold surrogate escapes where a
    name is not UTF-8 (`os.fsencode` gives the bytes back); ``width`` and ``height`` are pixels of the upright picture;
    ``taken`` is local time from EXIF or XMP; ``proof`` is None unless verification was asked for and covered this hit.
    """

    rank: int
    path: str
    digest: str
    score: float
    width: int
    height: int
    format: str
    taken: datetime.datetime | None
    region: Region | None = None
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one of several probes: its hits or, where it could not be read, the ``error``.

    ``probe`` is its name. ``size`` is the width and height of the probe in pixels, upright and after the crop; None
    where it is not known.
    """

    probe: str
    hits: list[Hit]
    seconds: float
    error: Exception | None = None
    size: tuple[int, int] | None = None
