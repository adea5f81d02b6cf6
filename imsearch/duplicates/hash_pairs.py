"""Pairs of pictures with like perceptual hashes: candidates beside those of `imsearch.duplicates.pairs`."""

import numpy as np
from numpy.typing import NDArray

from imsearch.duplicates.pairs import NearPairs, united
from imsearch.vectors.hash_index import LIMIT, ContentHashes, nearest

HASH_BITS = 256

NEIGHBORS = 3
"""How many of its nearest pictures each picture is paired with: of many copies of one, each leads to a few others."""

BLOCK = 2048
"""Pictures whose nearest ones are searched for at once: what is found for them is in memory together."""


def hash_pairs(hashes: ContentHashes, of: NDArray[np.int64], *, k: int = NEIGHBORS, within: int = LIMIT) -> NearPairs:
    """Pairs of contents no further apart than ``within`` bits, one of which is among the ``k`` nearest of the other.

    Only the nearest of the contents ``of`` are searched for, int64 (n,). The score is the share of the bits that agree,
    in the orientation in which the two are most alike. Every picture that is searched for is compared with all: 10,000
    take a second on two cores, and time grows with the product of both numbers.
    """
    asked = hashes.chosen(np.isin(hashes.contents, of))
    parts = []
    for begin in range(0, len(asked), BLOCK):
        contents = asked.contents[begin : begin + BLOCK]
        near = nearest(asked.hashes[begin : begin + BLOCK], hashes, k + 1, within)  # one more, as each finds itself
        probes = contents[near.rows]
        other = near.contents != probes
        place = np.cumsum(other) - 1  # of each pair among those without the pictures themselves
        begins = np.searchsorted(near.rows[other], near.rows)
        chosen = other & (place - begins < k)
        scores = (1 - near.distances[chosen] / HASH_BITS).astype(np.float32)
        parts.append(NearPairs(probes[chosen], near.contents[chosen], scores))
    return united(parts)
