"""The geometry of a drawn match."""

import dataclasses
import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsearch.formatting.drawing import Side, draw_match, shared
from imsearch.formatting.wording import printable
from imsearch.types.hits import Proof, Transform

PROBE, HIT = Side(400, 300, "data:,probe"), Side(800, 600, "data:,hit")
TURNED = ((0.0, 2.0, 0.0), (-2.0, 0.0, 600.0), (0.0, 0.0, 1.0))

SVG = "{http://www.w3.org/2000/svg}"

numbers = st.floats(-3, 3)
offsets = st.floats(-1000, 1000)
perspective = st.floats(-0.02, 0.02)


@given(st.tuples(numbers, numbers, offsets, numbers, numbers, offsets, perspective, perspective))
def test_what_both_show_lies_in_both_for_any_transform(entries: tuple[float, ...]) -> None:
    a, b, c, d, e, f, g, h = entries
    for x, y in shared(((a, b, c), (d, e, f), (g, h, 1.0)), PROBE, HIT):
        assert -1e-6 <= x <= 400 + 1e-6
        assert -1e-6 <= y <= 300 + 1e-6
        weight = g * x + h * y + 1
        assert weight > 0
        tolerance = 1e-6 * (1 + abs(weight) * 800)
        assert -tolerance <= a * x + b * y + c <= 800 * weight + tolerance
        assert -tolerance <= d * x + e * y + f <= 600 * weight + tolerance


def test_all_of_a_probe_that_lies_in_the_hit_is_shared() -> None:
    assert shared(((1.0, 0.0, 50.0), (0.0, 1.0, 60.0), (0.0, 0.0, 1.0)), PROBE, HIT) == [
        (0, 0),
        (400, 0),
        (400, 300),
        (0, 300),
    ]


def test_only_the_part_of_the_probe_that_the_hit_fills_is_shared() -> None:
    corners = shared(((4.0, 0.0, -400.0), (0.0, 4.0, -300.0), (0.0, 0.0, 1.0)), PROBE, HIT)
    assert sorted(corners) == [(100, 75), (100, 225), (300, 75), (300, 225)]


def test_pictures_that_share_nothing_have_no_outline() -> None:
    assert shared(((1.0, 0.0, 5000.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), PROBE, HIT) == []


def test_a_drawing_is_well_formed_and_says_what_it_shows() -> None:
    transform = Transform(mirrored=False, turned=90.0, scale=0.5, matrix=TURNED)
    proof = Proof(
        "copy", inliers=1, probe_overlap=1.0, hit_overlap=0.7, transform=transform, matches=((0.0, 0.0, 0.0, 600.0),)
    )
    drawn = draw_match(proof, PROBE, HIT, "<&\"'>.jpg")
    root = ElementTree.fromstring(drawn)
    assert root.get("role") == "img"
    assert root[0].text == (
        "copy: the probe on the left, <&\"'>.jpg on the right (turned 90° right, cropped to 70 %, half the size)"
    )
    assert [element.get("href") for element in root.iter(f"{SVG}image")] == ["data:,probe", "data:,hit"]
    (line,) = root.iter(f"{SVG}path")
    start_x, start_y, end_x, end_y = map(float, re.findall(r"[\d.]+", line.get("d") or ""))
    assert (start_x, start_y) == pytest.approx((0, 62.5))  # the top left of the probe
    assert (end_x, end_y) == pytest.approx((524, 437.5))  # the bottom left of the hit


@given(st.text() | st.sampled_from(["<script>alert(1)</script>", "\"'>&lt;", "]]>", "{{ 7 * 7 }}", "odd \udcff\x00\n"]))
def test_any_name_is_shown_as_text(name: str) -> None:
    transform = Transform(
        mirrored=False, turned=0.0, scale=1.0, matrix=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    )
    drawn = draw_match(Proof("exact", transform=transform), Side(400, 300), Side(400, 300), name)
    root = ElementTree.fromstring(drawn)
    assert root[0].text == f"exact: the probe on the left, {printable(name)} on the right"
    assert [element.tag.removeprefix(SVG) for element in root] == ["title", "image", "image", *["polygon"] * 4]


def test_pictures_without_an_address_are_left_to_the_page() -> None:
    transform = Transform(mirrored=False, turned=90.0, scale=0.5, matrix=TURNED)
    drawn = draw_match(Proof("copy", transform=transform), Side(400, 300), Side(800, 600), "hit.jpg")
    assert [element.get("href") for element in ElementTree.fromstring(drawn).iter(f"{SVG}image")] == [None, None]


def test_changed_parts_are_outlined_in_the_hit() -> None:
    transform = Transform(mirrored=False, turned=90.0, scale=0.5, matrix=TURNED)
    part = ((0.0, 0.0), (800.0, 0.0), (800.0, 300.0), (0.0, 300.0))
    plain = Proof("copy", transform=transform)
    (changed,) = (
        polygon
        for polygon in ElementTree.fromstring(
            draw_match(dataclasses.replace(plain, changed=0.5, changed_parts=(part,)), PROBE, HIT, "hit")
        ).iter(f"{SVG}polygon")
        if polygon.get("class") == "changed"
    )
    assert changed.get("points") == "524.0,62.5 1024.0,62.5 1024.0,250.0 524.0,250.0"
    assert 'class="changed"' not in draw_match(plain, PROBE, HIT, "hit")
