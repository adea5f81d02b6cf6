"""Candidates for verification by perceptual hashes: they find turned, blurred and tiny copies that vectors miss."""

import numpy as np

from imsearch.images.hashes import FLAT, hash_of
from imsearch.search.probes import Probe
from imsearch.search.target import SearchTarget
from imsearch.types.options import Filters

MOST = 40
"""The most candidates for one probe: as many as are compared together."""

CLOSE = 40
"""The distance, in bits, up to which a picture is compared among the first: most of these are copies."""


def alike(probe: Probe, target: SearchTarget, filters: Filters) -> dict[int, int]:
    """The ids of the vectors of pictures that pass filters and whose hashes are near that of the probe in any of its
    eight orientations; for each, its turn among the candidates (`imsearch.search.ranking`), from 0."""
    hash_ = hash_of(probe.image, (probe.width, probe.height))
    if hash_ == FLAT:
        return {}
    selection = target.space.select(filters)
    near = target.backend.hash_index().near(
        np.frombuffer(hash_, np.uint8)[None], MOST, among=None if selection is None else selection.contents()
    )
    turns = np.where(near.distances <= CLOSE, 0, np.arange(len(near.distances))).tolist()
    vectors = target.space.wholes_of(near.contents)
    return {
        vectors[content]: turn
        for content, turn in zip(near.contents.tolist(), turns, strict=True)
        if content in vectors
    }
