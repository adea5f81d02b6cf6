"""Pairs of different photographs of the same things."""

import itertools
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 16
"""The side, in pixels, of the grey pictures by which near pairs are found."""

Pair = tuple[Path, Path]


def random_pairs(sources: Sequence[Path], most: int, seed: int) -> list[Pair]:
    """Pairs of pictures in the same folder, as many of each."""
    rng = random.Random(seed)  # noqa: S311
    folders = _by_folder(sources)
    pairs: list[Pair] = []
    for folder in folders:
        possible = list(itertools.combinations(folder, 2))
        pairs += rng.sample(possible, min(max(1, most // len(folders)), len(possible)))
    return pairs


def nearest_pairs(sources: Sequence[Path], most: int) -> list[Pair]:
    """The pairs of pictures in the same folder that are most alike in light and dark, of all folders together."""
    found: list[tuple[float, Pair]] = []
    for folder in _by_folder(sources):
        looks = np.array([_look(path) for path in folder])
        alike = looks @ looks.T
        found += [
            (float(alike[one, other]), (folder[one], folder[other]))
            for one, other in itertools.combinations(range(len(folder)), 2)
        ]
    return [pair for _, pair in sorted(found, reverse=True)[:most]]


def _by_folder(sources: Sequence[Path]) -> list[list[Path]]:
    return [list(group) for _, group in itertools.groupby(sorted(sources), key=lambda path: path.parent)]


def _look(path: Path) -> NDArray[np.float32]:
    """The grey picture squeezed to a square, as a unit vector without its mean."""
    with Image.open(path) as opened:
        opened.draft("L", (8 * SIDE, 8 * SIDE))
        small = opened.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    values = np.asarray(small, np.float32).ravel()
    values -= values.mean()
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-6), np.float32)
