"""The few words on what was done to a hit."""

import dataclasses
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsearch.formatting.wording import changes, differences
from imsearch.types.duplicates import Difference
from imsearch.types.hits import Proof, Transform, Verdict

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def proof(
    verdict: Verdict = "copy",
    *,
    mirrored: bool = False,
    turned: float = 0.0,
    scale: float = 1.0,
    probe: float = 1.0,
    hit: float = 1.0,
    changed: float = 0.0,
    photographed: bool = False,
) -> Proof:
    return Proof(
        verdict,
        inliers=20,
        probe_overlap=probe,
        hit_overlap=hit,
        transform=Transform(mirrored, turned, scale, IDENTITY),
        changed=changed,
        photographed=photographed,
    )


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (proof(), "same framing"),
        (proof(turned=90.4), "turned 90° right"),
        (proof(turned=270.1), "turned 90° left"),
        (proof(turned=180.0), "turned 180°"),
        (proof(mirrored=True, turned=350.0), "mirrored, turned 10° left"),
        (proof(hit=0.204), "cropped to 20 %"),
        (proof(hit=0.001), "cropped to less than 1 %"),
        (proof(hit=0.005), "cropped to less than 1 %"),
        (proof(hit=0.0051), "cropped to 1 %"),
        (proof(probe=0.193, scale=0.875), "19 % of a larger picture, 88 % of the size"),
        (proof(hit=0.6, probe=0.4), "cropped to 60 %, 40 % of a larger picture"),
        (proof(scale=0.5006), "half the size"),
        (proof(scale=0.2499), "a quarter of the size"),
        (proof(scale=0.334), "a third of the size"),
        (proof(scale=1.99), "twice the size"),
        (proof(scale=1.25), "125 % of the size"),
        (proof(scale=3.21), "3.2 times the size"),
        (proof(changed=0.021), "2 % changed"),
        (proof(changed=0.001), "less than 1 % changed"),
        (proof(turned=90.0, hit=0.43, changed=0.02), "turned 90° right, cropped to 43 %, 2 % changed"),
        (proof(photographed=True), "photographed"),
        (proof(photographed=True, turned=357.0, scale=0.5), "photographed, turned 3° left, half the size"),
        (proof("similar", turned=45.0), "20 features found again"),
        (proof("exact"), ""),
        (Proof("similar", inliers=5), ""),
        (None, ""),
    ],
)
def test_words(shown: Proof | None, words: str) -> None:
    assert changes(shown) == words


@given(st.floats(-0.49, 0.49))
def test_a_turn_by_nothing_or_by_all_around_says_nothing(degrees: float) -> None:
    assert changes(proof(turned=degrees % 360)) == "same framing"


shares = st.floats(0, 1)


@given(st.floats(0, 359.9), st.booleans(), st.floats(0.01, 50), shares, shares, shares, st.booleans())
def test_words_say_what_the_proof_says(
    turned: float, mirrored: bool, scale: float, probe: float, hit: float, changed: float, photographed: bool
) -> None:
    shown = proof(
        turned=turned, mirrored=mirrored, scale=scale, probe=probe, hit=hit, changed=changed, photographed=photographed
    )
    words = changes(shown)
    assert ("mirrored" in words) == mirrored
    assert ("turned" in words) == (round(turned) % 360 != 0)
    assert ("cropped" in words) == (hit < 0.97)
    assert ("of a larger picture" in words) == (probe < 0.97)
    assert ("changed" in words) == (changed > 0)
    assert ("photographed" in words) == photographed
    assert "360°" not in words
    assert " 0 %" not in words
    similar = dataclasses.replace(shown, verdict="similar")
    assert changes(similar) == "20 features found again"


@given(st.integers(1, 179))
def test_left_and_right_are_each_others_mirror(degrees: int) -> None:
    assert changes(proof(turned=degrees)) == f"turned {degrees}° right"
    assert changes(proof(turned=360 - degrees)) == f"turned {degrees}° left"


def test_each_difference_has_words_of_its_own() -> None:
    every = get_args(Difference)
    said = differences(every).split(", ")
    assert (len(set(said)), said) == (len(every), [differences([each]) for each in every])
    assert differences([]) == ""
