"""What a picture has that the one to keep has not: each difference where it must be, and nowhere else."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsearch.duplicates.relations import Side, differences
from imsearch.images.facts import PictureFacts
from imsearch.types.duplicates import Difference
from imsearch.verify.judgment import Judgment
from imsearch.verify.planes import SIDE, Canvas


def side(width: int = 1600, height: int = 1200, **facts: object) -> Side:
    return Side(Canvas(width, height), PictureFacts(**facts))  # type: ignore[arg-type]


def judged(matrix: np.ndarray | None = None, **values: object) -> Judgment:
    rows = tuple((np.eye(3) if matrix is None else matrix).ravel().tolist())
    return Judgment(copy=True, matrix=rows, agreement=0.99, **values)  # type: ignore[arg-type]


def crop_of(kept: Side, box: tuple[int, int, int, int], size: tuple[int, int]) -> Judgment:
    """The judgment of a part of a picture, which was then resized, and that picture."""
    left, top, right, bottom = box
    part = Canvas(*size)
    to_kept = np.array([[(right - left) / size[0], 0, left], [0, (bottom - top) / size[1], top], [0, 0, 1]])
    into_points = np.diag([1 / kept.canvas.scale, 1 / kept.canvas.scale, 1])
    return judged(into_points @ to_kept @ np.diag([part.scale, part.scale, 1]))


CASES: dict[str, tuple[Side, Side, Judgment, tuple[Difference, ...]]] = {
    "the same size": (side(), side(), judged(), ()),
    "half the size": (side(800, 600), side(), judged(), ()),
    "a crop": (side(800, 600), side(), crop_of(side(), (100, 50, 900, 650), (800, 600)), ()),
    "a crop made smaller": (side(400, 300), side(), crop_of(side(), (100, 50, 900, 650), (400, 300)), ()),
    "a softer one": (side(), side(), judged(softness=-2.0), ()),
    "stronger compression": (side(quality=50), side(quality=90), judged(), ()),
    "GIF of one frame": (side(frames=1), side(frames=1), judged(), ()),
    "transparency in the kept one": (side(), side(transparent=True), judged(), ()),
    "both transparent": (side(transparent=True), side(transparent=True), judged(), ()),
    "both grey": (side(), side(), judged(grey=(True, True)), ()),
    "an enlarged one": (side(3200, 2400), side(), judged(enlarged=(True, False)), ()),
    "something changed": (side(), side(), judged(changed=0.02), ("changed",)),
    "a larger field": (
        side(),
        side(800, 600),
        crop_of(side(), (100, 50, 900, 650), (800, 600)).reversed(),
        ("field-of-view",),
    ),
    "twice the size": (side(3200, 2400), side(), judged(), ("resolution",)),
    "a crop made larger": (
        side(1600, 1200),
        side(),
        crop_of(side(), (100, 50, 900, 650), (1600, 1200)),
        ("resolution",),
    ),
    "a sharper one": (side(), side(), judged(softness=2.0), ("resolution",)),
    "less compression that shows": (
        side(quality=95),
        side(quality=10),
        Judgment(copy=True, matrix=tuple(np.eye(3).ravel().tolist()), agreement=0.8),
        ("resolution",),
    ),
    "color": (side(), side(), judged(grey=(False, True)), ("color",)),
    "grey": (side(), side(), judged(grey=(True, False)), ("color",)),
    "a photograph of it": (side(), side(), judged(photographed=True), ("photographed",)),
    "an animation": (side(frames=12), side(), judged(), ("frames",)),
    "a poster of an animation": (side(), side(frames=12), judged(), ("frames",)),
    "two documents with one cover": (side(frames=3), side(frames=3), judged(), ("frames",)),
    "transparent parts": (side(transparent=True), side(), judged(), ("transparency",)),
    "raw data": (side(raw=True), side(), judged(), ("raw",)),
    "a JPEG of raw data": (side(), side(raw=True), judged(), ("raw",)),
}


@pytest.mark.parametrize("case", CASES)
def test_each_difference_is_seen_and_only_that(case: str) -> None:
    other, kept, judgment, expected = CASES[case]
    assert differences(other, kept, judgment) == expected


def test_all_differences_are_tried() -> None:
    tried = {difference for *_, expected in CASES.values() for difference in expected}
    assert tried == set(get_args(Difference))


def test_several_differences_are_all_told() -> None:
    found = differences(side(3200, 2400, frames=2, transparent=True), side(), judged(changed=0.1))
    assert found == ("changed", "resolution", "frames", "transparency")


@given(
    st.integers(600, 4000),
    st.integers(600, 4000),
    st.tuples(st.floats(0, 0.4), st.floats(0, 0.4), st.floats(0.6, 1), st.floats(0.6, 1)),
    st.floats(0.25, 1),
)
def test_a_part_shows_nothing_that_the_whole_does_not_and_never_the_other_way_round(
    width: int, height: int, share: tuple[float, float, float, float], scale: float
) -> None:
    whole = side(width, height)
    box = (int(share[0] * width), int(share[1] * height), int(share[2] * width), int(share[3] * height))
    size = max(1, int((box[2] - box[0]) * scale)), max(1, int((box[3] - box[1]) * scale))
    part = side(*size)
    judgment = crop_of(whole, box, size)
    assert differences(part, whole, judgment) == ()
    beyond = max(box[0], box[1], width - box[2], height - box[3]) * SIDE / max(width, height)
    back = differences(whole, part, judgment.reversed())
    if beyond > 8:
        assert "field-of-view" in back
    if scale < 0.9:
        assert "resolution" in back
