"""Vectors by the million that lie as real ones do, and evidence that they do.

Uniformly drawn vectors of 1280 dimensions have no neighbours to speak of, and no real library looks like that. These
are mixtures of real embeddings, each of one picture and some of its nearest, moved a little in directions in which
real embeddings differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PAGE = 20_000
NEIGHBOURS = 4
CONCENTRATION = 0.3
NOISE = (0.2, 1.0)

Matrix = NDArray[np.float32]


class Generator:
    """Draws vectors around ``real`` ones, unit length and of shape (n, dimensions). The same seed gives the same."""

    def __init__(self, real: Matrix, seed: int) -> None:
        self._real = real
        self._seed = seed
        self._near = nearest(real, NEIGHBOURS)[0]

    def page(self, number: int, count: int = PAGE) -> NDArray[np.float16]:
        """The vectors of one page, of shape (count, dimensions); every page is drawn from a seed of its own."""
        rng = np.random.default_rng([self._seed, number])
        total = len(self._real)
        anchors = rng.integers(total, size=count)
        group = np.concatenate([anchors[:, None], self._near[anchors]], axis=1)
        weights = rng.dirichlet([CONCENTRATION] * group.shape[1], count).astype(np.float32)
        mixed = sum(weights[:, each, None] * self._real[group[:, each]] for each in range(group.shape[1]))
        one, two, three, four = rng.integers(total, size=(4, count))
        scale = rng.uniform(*NOISE, size=(count, 1)).astype(np.float32) / 2
        real = self._real
        moved = unit(mixed) + scale * (real[one] - real[two] + real[three] - real[four])
        return unit(moved).astype(np.float16)

    def pages(self, count: int) -> Iterator[NDArray[np.float16]]:
        """The first ``count`` vectors, page by page."""
        for at in range(0, count, PAGE):
            yield self.page(at // PAGE)[: count - at]


def unit(vectors: Matrix) -> Matrix:
    """Rows scaled to length one."""
    scaled: Matrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def nearest(vectors: Matrix, k: int) -> tuple[NDArray[np.int64], Matrix]:
    """For each of some unit vectors the rows of its ``k`` nearest others and their similarities, nearest first."""
    rows, similarities = [], []
    for at in range(0, len(vectors), 2048):
        scores = vectors[at : at + 2048] @ vectors.T
        scores[np.arange(len(scores)), np.arange(at, at + len(scores))] = -np.inf
        best = np.argpartition(scores, -k, axis=1)[:, -k:]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        best = np.take_along_axis(best, order, axis=1)
        rows.append(best)
        similarities.append(np.take_along_axis(scores, best, axis=1))
    return np.concatenate(rows), np.concatenate(similarities)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a set of vectors lies. ``similarities`` has the percentiles 10, 50 and 90 of the similarity to the 1st, 10th
    and 50th nearest neighbour; ``dimension`` is the median local intrinsic dimension."""

    similarities: dict[int, tuple[float, ...]]
    dimension: float


def likeness(vectors: Matrix) -> Likeness:
    """How unit vectors lie among each other. Sets are comparable only where they are of one size."""
    ranks = [rank for rank in (1, 10, 50) if rank < len(vectors)]
    _, similarities = nearest(vectors, max(ranks[-1], min(20, len(vectors) - 1)))
    percentiles = {
        rank: tuple(float(value) for value in np.percentile(similarities[:, rank - 1], (10, 50, 90))) for rank in ranks
    }
    return Likeness(percentiles, local_dimension(similarities[:, :20]))


def local_dimension(similarities: Matrix) -> float:
    """The median local intrinsic dimension, from the similarities to the k nearest neighbours, nearest first.

    Maximum likelihood estimate of Levina and Bickel, "Maximum Likelihood Estimation of Intrinsic Dimension" (2004),
    equation 8, over Euclidean distances; the median over points, because copies have distances of nearly nothing.
    """
    distances = np.sqrt(np.maximum(2 - 2 * similarities.astype(np.float64), 1e-9))
    logarithms = np.log(distances[:, -1:] / distances[:, :-1])
    return float(np.median(1 / np.maximum(logarithms.mean(axis=1), 1e-9)))
