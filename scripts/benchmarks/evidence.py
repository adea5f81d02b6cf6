"""Fitting the evidence by which copies are told from other photographs (`imsearch.verify.evidence`).

    scripts/bench evidence PAIRS.jsonl [--most N] [--without NAME,...] [--false 5] [--write]

Each line of PAIRS.jsonl is an object with the paths "a" and "b" and with "copy", true or false; "set" and "kind", which
may be missing, name what it belongs to. Sets and kinds that pixels must not decide are left out with --without: pages
of one design, or a photograph of a screen. With --most, N pairs are taken evenly from all sets.

The pairs are measured by the alignment that has the most evidence by the weights of today. Pairs without any are left
out, and so are those that differ beyond the limits of `imsearch.verify.proof`, as their changes decide. The others are
fitted; the printed figures are of fits to other pictures. --false says how many of the pairs that are no copies may
score above the threshold; --write puts the weights into imsearch/verify/evidence.py.
"""

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.fitting import Fit, area_under_curve, cross_validated, fitted, threshold
from benchmarks.seen import both, read
from imsearch.duplicates.groups import Groups
from imsearch.verify import evidence
from imsearch.verify.alignment import Alignment, align, whole
from imsearch.verify.changes import changes_of
from imsearch.verify.cores import Cores
from imsearch.verify.features import Features
from imsearch.verify.pixels import coarse_agreement, measures_of, windows_of
from imsearch.verify.proof import COARSE, WHOLE, Comparison
from imsearch.verify.registration import register

TERMS = {
    "drift": -1,
    "scatter": -1,
    "explained": 1,
    "perspective": -1,
    "turn": -1,
    "textured": 1,
}
"""The names of `evidence.terms`, and the sign that the weight of each has."""

SIGNS = np.array(list(TERMS.values()), np.float64)
FALSE = (0, 1, 2, 5, 10)
WORST = 20
"""How many of the pairs that are no copies, those with the most evidence, are named."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of the file: two pictures, and whether they are copies."""

    a: Path
    b: Path
    copy: bool
    set: str = ""
    kind: str = ""


def main(words: list[str]) -> None:
    """Parse the rest of the command line, measure, and fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--most", type=int)
    parser.add_argument("--without", type=lambda names: names.split(","), default=[])
    parser.add_argument("--false", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args(words)
    pairs = spread(pairs_in(arguments.pairs, arguments.without), arguments.most)
    cores = Cores()
    found = cores.compare(terms_of, pairs)
    cores.close()
    used = [at for at, each in enumerate(found) if not isinstance(each, str)]
    _show_left_out(pairs, found)
    fit = fit_and_show([pairs[at] for at in used], np.array([found[at] for at in used], np.float64), arguments.false)
    if arguments.write:
        path = Path(evidence.__file__)
        path.write_text(with_weights(path.read_text(), fit))
        print(f"written to {path}")


def pairs_in(path: Path, without: Collection[str] = ()) -> list[Pair]:
    """The pairs of a file, without those of some sets and kinds. Relative paths are those of its folder."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines() if line]
    pairs = [
        Pair(path.parent / line["a"], path.parent / line["b"], line["copy"], line.get("set", ""), line.get("kind", ""))
        for line in lines
    ]
    return [pair for pair in pairs if pair.set not in without and pair.kind not in without]


def spread(pairs: Sequence[Pair], most: int | None) -> list[Pair]:
    """At most so many pairs, as many of each set as there are, spread over it."""
    if most is None or len(pairs) <= most:
        return list(pairs)
    sets: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        sets[pair.set].append(pair)
    chosen: list[Pair] = []
    for left, each in enumerate(sorted(sets.values(), key=len)):
        count = min(len(each), (most - len(chosen)) // (len(sets) - left))
        chosen += [each[at * len(each) // count] for at in range(count)]
    return chosen


def terms_of(pair: Pair) -> list[float] | str:
    """The terms of the alignment of a pair with the most evidence, or why it has none."""
    first, second = both(read(pair.a), read(pair.b))
    as_whole = whole(first, [second], WHOLE)[0]
    alignments = align(first, [second])[0] + ([] if as_whole is None else [as_whole])
    compared = [each for each in (_compared(first, second, alignment) for alignment in alignments) if each is not None]
    if not compared:
        return "cannot be aligned"
    best = max(compared, key=lambda each: each.evidence)
    assert best.measures is not None
    within = Comparison(best.alignment, best.agreement, np.inf, best.measures, best.changes).looks_alike
    return evidence.terms(best.measures) if within else "beyond the limits"


def _compared(first: Features, second: Features, alignment: Alignment) -> Comparison | None:
    """What `imsearch.verify.proof` finds of an alignment, measured whatever the evidence is."""
    if coarse_agreement(first, second, alignment.matrix) < COARSE:
        return None
    drawn = first.drawn(), second.drawn()
    overlap = register(*drawn, alignment.matrix)
    if overlap is None:
        return None
    windows = windows_of(overlap)
    measures = measures_of(overlap, windows, (second if overlap.swapped else first).compared_size)
    if measures is None:
        return None
    changes = changes_of(overlap, windows, *overlap.colors(*drawn))
    return Comparison(alignment, measures.agreement, evidence.of(measures), measures, changes)


def _show_left_out(pairs: Sequence[Pair], found: Sequence[list[float] | str]) -> None:
    for copy, name in ((True, "copies"), (False, "others")):
        of_them = [each for pair, each in zip(pairs, found, strict=True) if pair.copy == copy]
        reasons = Counter(each for each in of_them if isinstance(each, str))
        print(f"{len(of_them):>7,} {name}", "".join(f", {count:,} {reason}" for reason, count in reasons.items()))


def fit_and_show(pairs: Sequence[Pair], terms: NDArray[np.float64], false: int) -> Fit:
    """Print how well fits to other pictures tell the pairs apart. Gives the fit to all, with the threshold at 0."""
    copy = np.array([pair.copy for pair in pairs])
    scores = cross_validated(terms, copy, SIGNS, _groups(pairs))
    print(f"area under the curve {area_under_curve(scores, copy):.5f}")
    for count in sorted({*FALSE, false}):
        least = threshold(scores, copy, count)
        print(
            f"recall {(scores[copy] > least).mean():.4f} at {count:>3} of {(~copy).sum():,} others, score {least:.2f}"
        )
    least = threshold(scores, copy, false)
    _show_by(pairs, copy & (scores <= least), copy)
    print("others with the most evidence:")
    for at in np.argsort(np.where(copy, -np.inf, scores))[::-1][: min(WORST, int((~copy).sum()))]:
        print(f"  {scores[at] - least:6.2f}  {pairs[at].set}  {pairs[at].a}  {pairs[at].b}")
    fit = fitted(terms, copy, SIGNS)
    fit = Fit(fit.weights, fit.bias - least)
    print("weights", "  ".join(f"{name} {weight:.3f}" for name, weight in zip(TERMS, fit.weights, strict=True)))
    print(f"bias {fit.bias:.2f}")
    return fit


def _show_by(pairs: Sequence[Pair], missed: NDArray[np.bool_], copy: NDArray[np.bool_]) -> None:
    """Print the kinds of copies of which some are missed, the worst first."""
    made = Counter(pair.kind for pair, is_copy in zip(pairs, copy, strict=True) if is_copy)
    lost = Counter(pair.kind for pair, is_missed in zip(pairs, missed, strict=True) if is_missed)
    for kind, count in sorted(lost.items(), key=lambda each: -each[1] / made[each[0]]):
        print(f"  {kind:<28} {1 - count / made[kind]:.3f} of {made[kind]}")


def _groups(pairs: Sequence[Pair]) -> NDArray[np.intp]:
    """The group of each pair: pairs that share a picture, or are linked by others that do, are in one."""
    groups, numbers = Groups(), dict[Path, int]()
    ends = [[numbers.setdefault(path, len(numbers)) for path in (pair.a, pair.b)] for pair in pairs]
    for one, other in ends:
        groups.join(one, other)
    return np.array([groups.find(one) for one, _ in ends], np.intp)


def with_weights(source: str, fit: Fit) -> str:
    """The source of `imsearch.verify.evidence` with these weights. Raises `ValueError` where it has no place for
    them."""
    weights = ", ".join(f"{weight:.4g}" for weight in fit.weights)
    for pattern, line in ((r"^WEIGHTS = .*$", f"WEIGHTS = ({weights})"), (r"^BIAS = .*$", f"BIAS = {fit.bias:.2f}")):
        source, count = re.subn(pattern, line, source, flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"there is no line {pattern} in it")
    return source
