"""What a query answers with."""

import datetime
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["exact", "copy", "similar"]
"""``exact``: the same bytes or pixels; ``copy``: the same photograph, edited; ``similar``: neither was shown."""


@dataclass(frozen=True, slots=True)
class Transform:
    """What was done to a hit to make the probe: ``mirrored`` left to right, then ``turned`` by degrees clockwise
    (0..360), then scaled (pixels of the probe for one of the hit).

    ``matrix`` is the homography (3 x 3) from pixels of the probe to those of the hit; the rest is read off it at the
    probe's centre.
    """

    mirrored: bool
    turned: float
    scale: float
    matrix: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What the comparison of a probe with a hit has shown.

    ``agreement`` is how well the pixels correlate where both pictures overlap, -1..1; ``inliers`` counts the local
    features that agree on the transform; the overlaps are shares of the probe's and of the hit's area.
    ``quadrilateral`` is where the probe's corners lie in the hit, in pixels of the upright hit, clockwise from the
    probe's top left; ``matches`` are some of the inliers (x and y in the probe, x and y in the hit). Where nothing
    aligns the two, there is no transform and the overlaps are 0.
    """

    verdict: Verdict
    agreement: float = 0.0
    inliers: int = 0
    probe_overlap: float = 0.0
    hit_overlap: float = 0.0
    transform: Transform | None = None
    quadrilateral: tuple[tuple[float, float], ...] | None = None
    matches: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, in pixels of the upright picture, from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer. ``score`` is the cosine similarity to the probe, exact, in -1..1.

    ``digest`` names the picture: SHA-256 of the file's bytes, in hex. ``region`` is the part of the picture that has
    this score, None for the picture as a whole. ``path`` may hold surrogate escapes where a name is not UTF-8
    (`os.fsencode` gives the bytes back); ``width`` and ``height`` are those of the upright picture; ``taken`` is local
    time from EXIF; ``proof`` is None unless the query was to be verified and the hit was among those looked at.
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
    """What one probe of several got: its hits, or the error that kept it from being asked.

    ``size`` is width and height of what was asked with, upright and after a crop.
    """

    probe: str
    hits: list[Hit]
    seconds: float
    error: Exception | None = None
    size: tuple[int, int] | None = None
