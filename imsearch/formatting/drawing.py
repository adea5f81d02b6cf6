"""A match as a drawing: probe and hit side by side, what both show outlined, and lines between what was found again."""

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from imsearch.formatting.wording import changes
from imsearch.types.hits import Proof

Point = tuple[float, float]
Row = tuple[float, ...]
"""Of a homography."""

BOX = 500
"""Side of the square that each picture is fitted into, in units of the drawing."""

GAP = 24

_NEAR = 1e-6
"""A homography takes points with less weight to infinity, or behind the viewer."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two pictures: the size that points count in, and what is drawn for it (the address of an image)."""

    width: int
    height: int
    address: str = ""

    @property
    def scale(self) -> float:
        """Units of the drawing for a pixel."""
        return BOX / max(self.width, self.height)


def draw(proof: Proof, probe: Side, hit: Side, name: str) -> str:
    """The match as SVG, with nothing outside it; ``name`` is that of the hit. The proof must have a transform."""
    assert proof.transform is not None
    in_probe, in_hit = outlines(proof.transform.matrix, probe, hit)
    left, right = _placed(probe, 0), _placed(hit, BOX + GAP)
    height = max(probe.height * probe.scale, hit.height * hit.scale)
    top = (height - BOX) / 2
    said = f"{proof.verdict}: the probe on the left, {name} on the right"
    said += f" ({words})" if (words := changes(proof)) else ""
    return (
        f'<svg class="match" role="img" viewBox="-3 {_number(-3 - top)} {2 * BOX + GAP + 6} {_number(height + 6)}">'
        f"<title>{html.escape(said)}</title>"
        f"{_picture(probe, left)}{_picture(hit, right)}"
        f"{_outline(map(left, in_probe))}{_outline(map(right, in_hit))}"
        f"{_lines(((left((a, b)), right((c, d))) for a, b, c, d in proof.matches))}</svg>"
    )


def outlines(matrix: Sequence[Row], probe: Side, hit: Side) -> tuple[list[Point], list[Point]]:
    """The corners of what both pictures show, in pixels of the probe and of the hit."""
    in_probe = shared(matrix, probe, hit)
    return in_probe, [_through(matrix, point) for point in in_probe]


def shared(matrix: Sequence[Row], probe: Side, hit: Side) -> list[Point]:
    """The corners of that part of the probe which a homography takes into the hit, in pixels of the probe.

    What it would take to infinity or behind the viewer is cut off before anything is divided, so that it takes these
    corners to the same part in the hit.
    """
    across, down, weight = matrix
    edges = (
        (weight[0], weight[1], weight[2] - _NEAR),
        across,
        down,
        tuple(hit.width * w - x for w, x in zip(weight, across, strict=True)),
        tuple(hit.height * w - y for w, y in zip(weight, down, strict=True)),
    )
    corners: list[Point] = [(0, 0), (probe.width, 0), (probe.width, probe.height), (0, probe.height)]
    for edge in edges:
        corners = _cut(corners, edge)
    return corners


def _cut(corners: Sequence[Point], edge: Row) -> list[Point]:
    """A convex polygon without what lies beyond a line, where ``a x + b y + c`` is less than 0."""
    a, b, c = edge
    kept: list[Point] = []
    for (x, y), (next_x, next_y) in zip(corners, [*corners[1:], *corners[:1]], strict=True):
        here, there = a * x + b * y + c, a * next_x + b * next_y + c
        if here >= 0:
            kept.append((x, y))
        if (here >= 0) != (there >= 0):
            share = here / (here - there)
            kept.append((x + share * (next_x - x), y + share * (next_y - y)))
    return kept


def _through(matrix: Sequence[Row], point: Point) -> Point:
    """Where a homography takes a point."""
    x, y, weight = (row[0] * point[0] + row[1] * point[1] + row[2] for row in matrix)
    return x / weight, y / weight


def _placed(side: Side, left: float) -> Callable[[Point], Point]:
    """From pixels of a picture to units of the drawing, where it stands in the middle of its square."""
    scale = side.scale
    at_x, at_y = left + (BOX - side.width * scale) / 2, (BOX - side.height * scale) / 2
    return lambda point: (at_x + point[0] * scale, at_y + point[1] * scale)


def _picture(side: Side, place: Callable[[Point], Point]) -> str:
    x, y = place((0, 0))
    return (
        f'<image x="{_number(x)}" y="{_number(y)}" width="{_number(side.width * side.scale)}" '
        f'height="{_number(side.height * side.scale)}" preserveAspectRatio="none" href="{side.address}"/>'
    )


def _outline(corners: Iterable[Point]) -> str:
    """Bright on dark, so that it shows on any picture."""
    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)
    return f'<polygon class="halo" points="{points}"/><polygon points="{points}"/>'


def _lines(pairs: Iterable[tuple[Point, Point]]) -> str:
    return "".join(f'<path d="M{_number(a)} {_number(b)}L{_number(c)} {_number(d)}"/>' for (a, b), (c, d) in pairs)


def _number(value: float) -> str:
    return f"{value:.1f}"
