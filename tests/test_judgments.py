"""Judgments: the same from either side, and the proofs that they give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from imsearch.verify.judgment import Judgment, prove
from imsearch.verify.planes import Canvas, through

canvases = st.builds(Canvas, st.integers(60, 6000), st.integers(60, 6000))


@st.composite
def homographies(draw: st.DrawFn) -> NDArray[np.float64]:
    """A turn, a scale, a mirror, a shift and a little perspective, in points."""
    turn, scale = np.radians(draw(st.floats(0, 360))), draw(st.floats(0.3, 3))
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = linear @ np.diag([draw(st.sampled_from([-1.0, 1.0])), draw(st.floats(0.8, 1.2))])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = draw(st.floats(-300, 300)), draw(st.floats(-300, 300))
    matrix[2, :2] = draw(st.floats(-2e-4, 2e-4)), draw(st.floats(-2e-4, 2e-4))
    return matrix


judgments = st.builds(
    lambda matrix, copy, changed, parts, softness, grey, enlarged: Judgment(
        copy, tuple(matrix.ravel().tolist()), 0.9, 20, changed, parts, False, softness, grey, None, enlarged
    ),
    homographies(),
    st.booleans(),
    st.floats(0, 1),
    st.lists(st.just(((10.0, 10.0), (30.0, 10.0), (30.0, 40.0), (10.0, 40.0))), max_size=2).map(tuple),
    st.floats(-5, 5),
    st.tuples(st.booleans(), st.booleans()),
    st.tuples(st.booleans(), st.booleans()),
)


@given(judgments)
def test_to_turn_a_judgment_round_twice_changes_nothing(judgment: Judgment) -> None:
    again = judgment.reversed().reversed()
    assert (again.copy, again.changed, again.inliers, again.softness) == (
        judgment.copy,
        judgment.changed,
        judgment.inliers,
        judgment.softness,
    )
    assert (again.grey, again.enlarged) == (judgment.grey, judgment.enlarged)
    np.testing.assert_allclose(again.matrix or (), judgment.matrix or (), rtol=1e-6, atol=1e-6)
    for part, expected in zip(again.parts, judgment.parts, strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-4, atol=1e-3)


@given(judgments)
def test_what_is_said_of_each_picture_changes_sides(judgment: Judgment) -> None:
    turned = judgment.reversed()
    assert turned.softness == -judgment.softness
    assert turned.grey == (judgment.grey[1], judgment.grey[0])
    assert turned.enlarged == (judgment.enlarged[1], judgment.enlarged[0])
    assert turned.copy == judgment.copy


@given(homographies(), canvases, canvases)
def test_the_proof_from_the_other_side_has_the_inverse_transform(
    matrix: NDArray[np.float64], probe: Canvas, hit: Canvas
) -> None:
    judgment = Judgment(copy=True, matrix=tuple(matrix.ravel().tolist()), agreement=0.95, inliers=30, changed=0.1)
    there, back = prove(probe, hit, judgment), prove(hit, probe, judgment.reversed())
    assert there.transform is not None
    assert back.transform is not None
    round_trip = np.array(there.transform.matrix) @ np.array(back.transform.matrix)
    np.testing.assert_allclose(round_trip / round_trip[2, 2], np.eye(3), atol=1e-4 * max(hit.width, hit.height))
    assert there.transform.mirrored == back.transform.mirrored
    assert (there.probe_overlap, there.hit_overlap) == pytest.approx((back.hit_overlap, back.probe_overlap), abs=0.02)
    assert (there.verdict, there.agreement, there.changed) == (back.verdict, back.agreement, back.changed)
    assert there.quadrilateral is not None
    corners = np.array([[0, 0], [probe.width, 0], [probe.width, probe.height], [0, probe.height]], np.float64)
    np.testing.assert_allclose(
        there.quadrilateral, through(np.array(there.transform.matrix), corners), rtol=1e-3, atol=0.06
    )


def test_parts_that_changed_are_told_in_pixels_of_the_hit() -> None:
    part = ((10.0, 20.0), (30.0, 20.0), (30.0, 40.0), (10.0, 40.0))
    judgment = Judgment(copy=True, matrix=tuple(np.eye(3).ravel().tolist()), changed=0.123456, parts=(part,))
    proof = prove(Canvas(320, 240), Canvas(3200, 2400), judgment)
    assert proof.changed_parts == (((100.0, 200.0), (300.0, 200.0), (300.0, 400.0), (100.0, 400.0)),)
    assert proof.changed == 0.1235
    assert proof.transform is not None
    assert proof.transform.scale == 0.1


@pytest.mark.parametrize(("probe_side", "hit_side", "scale"), [(320, 320, 1.0), (640, 320, 1.0), (320, 160, 0.5)])
def test_the_scale_of_a_judgment_is_that_of_points(probe_side: int, hit_side: int, scale: float) -> None:
    """It does not depend on the sizes of the files: points are those of the shrunk pictures."""
    matrix = np.diag([scale, scale, 1.0]) * 3  # a homography is the same at any multiple
    judgment = Judgment(matrix=tuple(matrix.ravel().tolist()))
    assert judgment.scale == pytest.approx(scale)
    proof = prove(Canvas(probe_side, probe_side), Canvas(hit_side, hit_side), judgment)
    assert proof.transform is not None
    assert proof.transform.scale == pytest.approx(probe_side / hit_side / scale)


def test_without_an_alignment_there_is_nothing_to_turn_round() -> None:
    nothing = Judgment()
    assert nothing.reversed() == nothing
    assert not nothing.copy
