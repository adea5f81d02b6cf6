"""The evidence that two pictures are copies: their measures, weighed by a logistic regression.

The weights were fitted on edited copies and on pairs of photographs of the same things; docs/verification.md says what
each measure shows, how they were fitted, and where the threshold lies and why.
"""

import math

import numpy as np

from imsearch.verify.pixels import Measures

COPY = 0.0
"""The evidence from which two pictures are copies."""

WEIGHTS = (-1.739, -0.91, 3.024, -0.913, -1.158, 1.486)
"""The weights of the `terms`, fitted by `scripts/bench evidence`."""

BIAS = -20.88
"""What is added to the weighted terms, so that the threshold is 0."""

STILL = 0.12
"""The drift, in pixels, below which two pictures show one plane, such as a print: a scene with depth that is seen from
another place drifts by more than 0.15 pixels."""

ALIKE = 0.9
"""The explained correlation from which they do."""

ENOUGH = 900
"""The number of textured windows from which both can be trusted."""

SLANT = 2.5
"""The most, in pixels, that the perspective of a plane counts: where nothing has depth, it says nothing against a
copy."""

TURNED = 2.0
"""The most, in degrees, that its turn counts."""


def terms(measures: Measures) -> list[float]:
    """The numbers that are weighed. Measures in pixels, degrees and ratios count by their logarithm."""
    perspective, turn = measures.perspective, measures.turn
    if measures.drift < STILL and measures.explained > ALIKE and measures.textured >= ENOUGH:
        perspective, turn = min(perspective, SLANT), min(turn, TURNED)
    return [
        _log(measures.drift),
        _log(measures.scatter),
        measures.explained,
        _log(perspective),
        _log(turn / 10),
        math.log(measures.textured),
    ]


def of(measures: Measures) -> float:
    """The evidence: log-odds, in which the threshold `COPY` is 0."""
    return float(np.dot(WEIGHTS, terms(measures)) + BIAS)


def _log(value: float) -> float:
    return math.log(max(value, 0.0) + 0.02)
