"""Drawings of matches: probe and hit side by side, with outlines of the part that both show and of what changed in it,
and lines between features that were found in both."""

from collections.abc import Sequence
from dataclasses import dataclass

from imsearch.formatting.templating import template
from imsearch.formatting.wording import changes, printable
from imsearch.types.hits import Proof

Point = tuple[float, float]
Row = tuple[float, ...]
"""A row of a homography."""

BOX = 500
"""Side of the square that each picture is fitted into, in units of the drawing."""

GAP = 24
"""Space between the two squares, in units of the drawing."""

_NEAR = 1e-6
"""Points of less weight (third coordinate) are cut off: a homography maps them to infinity or behind the viewer."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two pictures: its size in pixels, in which points are given too, and the address of its image.

    If the address is empty, the image has none, and a page can set it later.
    """

    width: int
    height: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A picture in the middle of its square. Lengths are in units of the drawing; the square begins at ``left``."""

    side: Side
    left: float

    @property
    def scale(self) -> float:
        """Units of the drawing per pixel of the picture."""
        return BOX / max(self.side.width, self.side.height)

    @property
    def width(self) -> float:
        return self.side.width * self.scale

    @property
    def height(self) -> float:
        return self.side.height * self.scale

    @property
    def x(self) -> float:
        return self.left + (BOX - self.width) / 2

    @property
    def y(self) -> float:
        return (BOX - self.height) / 2

    def point(self, pixel: Point) -> Point:
        """The place of a pixel of the picture in the drawing."""
        return self.x + pixel[0] * self.scale, self.y + pixel[1] * self.scale


def draw_match(proof: Proof, probe: Side, hit: Side, name: str) -> str:
    """The match as an SVG document; ``name`` is that of the hit. The proof must have a transform."""
    assert proof.transform is not None
    left, right = _Placed(probe, 0), _Placed(hit, BOX + GAP)
    in_probe, in_hit = outlines(proof.transform.matrix, probe, hit)
    said = f"{proof.verdict}: the probe on the left, {printable(name)} on the right"
    words = changes(proof)
    return template("match.svg").render(
        said=f"{said} ({words})" if words else said,
        top=min(left.y, right.y),
        width=2 * BOX + GAP,
        height=max(left.height, right.height),
        pictures=(left, right),
        outlines=([left.point(corner) for corner in in_probe], [right.point(corner) for corner in in_hit]),
        changed=[[right.point(corner) for corner in part] for part in proof.changed_parts],
        lines=[(left.point((a, b)), right.point((c, d))) for a, b, c, d in proof.matches],
    )


def outlines(matrix: Sequence[Row], probe: Side, hit: Side) -> tuple[list[Point], list[Point]]:
    """The corners of the part that both pictures show: in pixels of the probe, and in pixels of the hit."""
    in_probe = shared(matrix, probe, hit)
    return in_probe, [_through(matrix, point) for point in in_probe]


def shared(matrix: Sequence[Row], probe: Side, hit: Side) -> list[Point]:
    """The corners of the part of the probe that a homography maps into the hit, in pixels of the probe.

    Points that it would map to infinity or behind the viewer are cut off before any division, so that it maps these
    corners to the corners of the same part of the hit.
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
    """A convex polygon without its part beyond the line ``edge``, (a, b, c): where ``a x + b y + c`` is negative."""
    a, b, c = edge
    inside: list[Point] = []
    for (x, y), (next_x, next_y) in zip(corners, [*corners[1:], *corners[:1]], strict=True):
        here, there = a * x + b * y + c, a * next_x + b * next_y + c
        if here >= 0:
            inside.append((x, y))
        if (here >= 0) != (there >= 0):
            share = here / (here - there)
            inside.append((x + share * (next_x - x), y + share * (next_y - y)))
    return inside


def _through(matrix: Sequence[Row], point: Point) -> Point:
    """The point to which a homography maps a point."""
    x, y, weight = (row[0] * point[0] + row[1] * point[1] + row[2] for row in matrix)
    return x / weight, y / weight
