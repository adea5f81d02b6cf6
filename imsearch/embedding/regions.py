"""Regions: the parts of a picture where the network is most active, each with an embedding of its own."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from imsearch.images.convert import from_array
from imsearch.images.preprocess import prepare
from imsearch.models.model import Embedder
from imsearch.types.hits import Region

COUNT = 16
"""The most regions of a picture: each costs one more pass through the model, and one more vector on disk."""

SIDE = 0.3
"""Side of a region, which is a square, as a share of the square root of the picture's area."""

PLACES = 14
"""Rows and columns of the grid of places where a region may be."""


class RegionEmbedder:
    """Chooses regions by the engine ``activity`` and embeds them by ``embedder``; both run the same network."""

    def __init__(self, embedder: Embedder, activity: Embedder) -> None:
        self._embedder = embedder
        self._activity = activity

    def embed(
        self, pictures: Iterable[tuple[NDArray[np.uint8], int, int]]
    ) -> list[tuple[tuple[Region, NDArray[np.float32]], ...]]:
        """The regions of each picture, each with its unit-length vector, float32 (dimensions,).

        A picture is given by its pixels, uint8 (rows, columns, 3), and the width and height of the upright original.
        Regions are in pixels of that original.
        """
        given = list(pictures)
        preprocessing = self._embedder.model.preprocessing
        height, width = preprocessing.output_size
        wholes = [prepare(from_array(pixels), preprocessing.squeezed) for pixels, _, _ in given]
        maps = self._activity.embed(np.stack(wholes))
        rows = round(math.sqrt(maps.shape[1] * height / width))
        chosen = [choose_regions(map_.reshape(rows, -1), *size) for map_, (_, *size) in zip(maps, given, strict=True)]
        cuts = [
            prepare(from_array(_cut(pixels, region, width, height)), preprocessing)
            for (pixels, width, height), regions in zip(given, chosen, strict=True)
            for region in regions
        ]
        vectors = iter(self._embedder.embed(np.stack(cuts)))
        return [tuple((region, next(vectors)) for region in regions) for regions in chosen]


def _cut(pixels: NDArray[np.uint8], region: Region, width: int, height: int) -> NDArray[np.uint8]:
    """The pixels of a region, cut from a rendering of a picture that originally has ``width`` by ``height`` pixels."""
    rows, columns = pixels.shape[0] / height, pixels.shape[1] / width
    top, left = int(region.y * rows), int(region.x * columns)
    bottom = max(top + 1, round((region.y + region.height) * rows))
    right = max(left + 1, round((region.x + region.width) * columns))
    return pixels[top:bottom, left:right]


def choose_regions(activity: NDArray[np.float32], width: int, height: int) -> list[Region]:
    """At most `COUNT` squares at the most active places of a picture of ``width`` by ``height`` pixels, best first.

    ``activity`` (rows, columns), not negative, says how strongly the network responds to each part of the picture.
    The squares are chosen greedily so that an object at an active place overlaps one of them as far as possible: the
    sum over all places of the activity there, times the overlap (intersection over union) with the best square, is
    maximized. This is the facility location problem, for which the greedy choice reaches at least 1 - 1/e of the
    optimum (Nemhauser, Wolsey & Fisher 1978).
    """
    side = max(1, min(round(SIDE * math.sqrt(width * height)), width, height))
    lefts = _places(width, side)
    tops = _places(height, side)
    weights = _means(activity, tops / height, lefts / width, side / height, side / width)
    across, down = _shared(lefts, side), _shared(tops, side)
    shared = np.einsum("ac,bd->abcd", down, across).reshape(weights.size, weights.size)
    overlaps = shared / (2 - shared)
    chosen: list[int] = []
    best = np.zeros(weights.size)
    for _ in range(min(COUNT, weights.size)):
        gains = np.maximum(overlaps - best, 0) @ weights.ravel()
        if chosen and gains.max() <= 0:
            break
        chosen.append(int(gains.argmax()))
        best = np.maximum(best, overlaps[chosen[-1]])
    rows, columns = np.divmod(chosen, len(lefts))
    return [Region(int(lefts[c]), int(tops[r]), side, side) for r, c in zip(rows, columns, strict=True)]


def _places(length: int, side: int) -> NDArray[np.int64]:
    """Where squares may begin along a side of the picture: evenly spread, in whole pixels."""
    return np.unique(np.linspace(0, length - side, PLACES).round().astype(np.int64))


def _shared(begins: NDArray[np.int64], side: int) -> NDArray[np.float64]:
    """For each pair of intervals of length ``side``, the share of one that lies in the other: (n, n)."""
    shared: NDArray[np.float64] = np.maximum(0, 1 - np.abs(begins[:, None] - begins) / side)
    return shared


def _means(
    values: NDArray[np.float32], tops: NDArray[np.float64], lefts: NDArray[np.float64], height: float, width: float
) -> NDArray[np.float64]:
    """Means of a map over boxes, (tops, lefts). Lengths are shares of the map's sides; each cell of the map counts by
    the part of it that a box covers."""
    down = _covered(values.shape[0], tops, height)
    across = _covered(values.shape[1], lefts, width)
    means: NDArray[np.float64] = down @ values @ across.T
    return means


def _covered(cells: int, begins: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """The share of each interval that lies in each cell: (intervals, cells); rows add up to one."""
    edges = np.arange(cells) / cells
    begin = np.maximum(begins[:, None], edges)
    end = np.minimum(begins[:, None] + length, edges + 1 / cells)
    covered: NDArray[np.float64] = np.maximum(0, end - begin) / length
    return covered
