"""Pairs of pictures with like perceptual hashes: candidates beside those of `imsearch.duplicates.pairs`."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imsearch.duplicates.groups import Pair
from imsearch.vectors.hash_index import LIMIT, ContentHashes, nearest

HASH_BITS = 256

NEIGHBORS = 3
"""How many of its nearest pictures each picture is paired with: of many copies of one, each leads to a few others."""

BLOCK = 2048
"""Pictures whose nearest ones are searched for at once: what is found for them is in memory together."""


class HashPair(NamedTuple):
    """Two contents, the lower id first, and the distance of their hashes in bits, in the orientation in which they are
    most alike."""

    first: int
    second: int
    distance: int


def hash_pairs(
    hashes: ContentHashes, *, k: int = NEIGHBORS, within: int = LIMIT, of: NDArray[np.int64] | None = None
) -> list[HashPair]:
    """Pairs of contents no further apart than ``within`` bits, one of which is among the ``k`` nearest of the other.

    There are at most ``k`` a picture, sorted by distance, then ids. With ``of``, int64 (n,), only the nearest of these
    contents are searched for, as where all others were compared before. Every picture that is searched for is compared
    with all: 10,000 take a second on two cores, and time grows with the product of both numbers.
    """
    asked = hashes if of is None else hashes.chosen(np.isin(hashes.contents, of))
    found: dict[tuple[int, int], int] = {}
    for begin in range(0, len(asked), BLOCK):
        contents = asked.contents[begin : begin + BLOCK]
        near = nearest(asked.hashes[begin : begin + BLOCK], hashes, k + 1, within)  # one more, as each finds itself
        probes = contents[near.rows]
        other = near.contents != probes
        place = np.cumsum(other) - 1  # of each pair among those without the pictures themselves
        begins = np.searchsorted(near.rows[other], near.rows)
        chosen = other & (place - begins < k)
        ends = np.sort(np.stack([probes, near.contents], axis=1)[chosen], axis=1)
        found.update(zip(map(tuple, ends.tolist()), near.distances[chosen].tolist(), strict=True))
    return [HashPair(*ends, distance) for ends, distance in sorted(found.items(), key=lambda item: item[::-1])]


def with_hash_pairs(pairs: Iterable[Pair], others: Iterable[HashPair]) -> list[Pair]:
    """All pairs, each once. A pair that only the hashes propose is scored by the share of their bits that agree."""
    scores = {pair[:2]: pair.score for pair in pairs}
    for first, second, distance in others:
        scores.setdefault((first, second), 1 - distance / HASH_BITS)
    return [Pair(first, second, score) for (first, second), score in scores.items()]
