"""Whether one picture shows all that another one shows, by the judgment of the two. No I/O."""

from dataclasses import dataclass

import numpy as np

from imsearch.images.facts import PictureFacts
from imsearch.types.duplicates import Difference
from imsearch.verify.judgment import Judgment
from imsearch.verify.planes import SIDE, Canvas, corners, through

BEYOND = 1.0
"""How far the corners of a picture may lie beyond the edge of another that shows all of it, in pixels at a long side of
`SIDE`; for smaller pictures in their own pixels."""

FINER = 1.03
"""How many times more pixels a picture may have for the same detail than one that shows all of it."""

SOFTER = 0.7
"""The blur, in pixels as they are compared, from which a picture lacks detail that the other has."""

MUCH_SOFTER = 1.2
"""The same for a picture that has many more pixels: small ones are often sharpened when they are made."""

FEWER = 0.7
"""How many times the pixels of another one a small picture has, at most."""

COARSER = 15
"""How much lower the quality of compression may be, if the pixels do not agree `CLOSELY`."""

CLOSELY = 0.97


@dataclass(frozen=True, slots=True)
class Side:
    """One of two pictures that were judged: its size in pixels, and what its file says about it."""

    canvas: Canvas
    facts: PictureFacts


def differences(other: Side, kept: Side, judgment: Judgment) -> tuple[Difference, ...]:
    """What is lost if ``kept`` is kept and ``other`` is not; nothing, if ``kept`` shows all that ``other`` shows.

    ``judgment`` is that of ``other`` and ``kept``, in this order, which must be copies.
    """
    found: dict[Difference, bool] = {
        "changed": judgment.changed > 0,
        "field-of-view": _reaches_beyond(other.canvas, kept.canvas, judgment),
        "resolution": _is_finer(other, kept, judgment),
        "color": judgment.grey[0] != judgment.grey[1],
        "photographed": judgment.photographed,
        "frames": other.facts.frames != kept.facts.frames or other.facts.frames > 1,
        "transparency": other.facts.transparent and not kept.facts.transparent,
        "raw": other.facts.raw or kept.facts.raw,
    }
    return tuple(name for name, differs in found.items() if differs)


def _reaches_beyond(other: Canvas, kept: Canvas, judgment: Judgment) -> bool:
    """Whether the other picture shows something outside of what the kept one shows."""
    seen = through(judgment.homography, corners(0, 0, *other.extent))
    pixel = max(SIDE / max(other.width, other.height) * judgment.scale, SIDE / max(kept.width, kept.height))
    room = max(BEYOND, pixel)
    return bool(np.any(seen < -room) or np.any(seen > np.array(kept.extent) + room))


def _is_finer(other: Side, kept: Side, judgment: Judgment) -> bool:
    """Whether the other picture has more detail: more pixels for it, a sharper rendering, or less compression."""
    pixels = more_pixels(other.canvas, kept.canvas, judgment)
    softer = SOFTER if pixels > FEWER else MUCH_SOFTER
    compressed = (other.facts.quality or 100) - (kept.facts.quality or 100) > COARSER and not judgment.later[0]
    return (
        (pixels > FINER and not judgment.enlarged[0])
        or judgment.softness > softer
        or (compressed and judgment.agreement < CLOSELY)
    )


def more_pixels(first: Canvas, second: Canvas, judgment: Judgment) -> float:
    """How many times more pixels the first picture of a judgment has than the second for the same detail, in each
    direction."""
    return first.scale / max(second.scale * judgment.scale, 1e-9)
