"""Makes the codebook of visual words: typical halves of the features of photographs.

    scripts/bench codebook FOLDER...

Takes the features of as many as 250 pictures of each folder, and writes the centres of their halves, by k-means, to
`imsearch/verify/codebook.npy`. Words that were made with another codebook are worth nothing, so the format of their
cache (`imsearch/catalog/cache.py`) must change with it.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np

from benchmarks import pictures
from imsearch.sources.digests import digest_of
from imsearch.verify.alignment import MIRROR
from imsearch.verify.contents import Content
from imsearch.verify.features import features_of_picture
from imsearch.verify.planes import SIDE
from imsearch.verify.words import CODEBOOK, HALF

CENTRES = 1024
PICTURES = 250
ROUNDS = 20
POINTS = 400
"""Halves that a centre is made of, at most."""

SEED = 1


def main(words: Sequence[str]) -> None:
    """Parse the command line, and write the codebook."""
    parser = argparse.ArgumentParser(prog="scripts/bench codebook", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    folders: list[Path] = parser.parse_args(words).folders
    chosen = [path for folder in folders for path in _some(pictures.sources_in(folder))]
    halves = np.concatenate([_halves(path) for path in chosen])
    means = faiss.Kmeans(HALF, CENTRES, niter=ROUNDS, seed=SEED, max_points_per_centroid=POINTS)
    means.train(halves)
    np.save(CODEBOOK, np.clip(np.round(np.asarray(means.centroids)), 0, 255).astype(np.uint8))
    print(f"{CODEBOOK}: {CENTRES} centres of {len(halves):,} halves of features of {len(chosen):,} pictures")


def _some(sources: list[Path]) -> list[Path]:
    return random.Random(SEED).sample(sources, min(PICTURES, len(sources)))  # noqa: S311


def _halves(path: Path) -> np.ndarray:
    """Both halves of each descriptor, the lower ones mirrored, float32 (n, 64)."""
    picture = Content(digest_of(path.read_bytes()), bytes(path)).read(SIDE)
    if picture is None:
        return np.empty((0, HALF), np.float32)
    descriptors = features_of_picture(picture).descriptors
    return np.concatenate([descriptors[:, :HALF], descriptors[:, MIRROR[:HALF]]]).astype(np.float32)
