"""The near pairs that an earlier search has found, so that the next one only searches for those of new vectors."""

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from imsearch.catalog.space import VectorSpace
from imsearch.duplicates.pairs import NearPairs, near_pairs, united
from imsearch.types.listeners import Listener
from imsearch.vectors.index import VectorIndex

NAME = "near-pairs.npz"

FORMAT = 1


class KnownPairs:
    """A cache of near pairs in a file in ``folder``. If the file cannot be used, all pairs are searched for anew."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def near_pairs(
        self, space: VectorSpace, index: VectorIndex, listener: Listener, *, k: int, least: float
    ) -> NearPairs:
        """The pairs of `pairs.near_pairs`, of which only those of vectors that came since the last search are searched
        for. Of these each is paired with its nearest; what was paired before stays as it was."""
        stamp = np.array([FORMAT, space.id, k, round(least * 1000)], np.int64)
        latest = space.latest()
        after, known = self._load(stamp)
        if after > latest:  # the library was made anew
            after, known = 0, united([])
        new = near_pairs(space, index, listener, k=k, least=least, after=after)
        pairs = united([known, new])
        if after < latest:
            self._save(stamp, latest, pairs)
        return pairs

    def _load(self, stamp: "np.ndarray[Any, Any]") -> tuple[int, NearPairs]:
        try:
            with np.load(self._path, allow_pickle=False) as file:
                if np.array_equal(file["stamp"], stamp):
                    return int(file["latest"]), NearPairs(file["first"], file["second"], file["scores"])
        except (OSError, ValueError, KeyError, EOFError):
            pass
        return 0, united([])

    def _save(self, stamp: "np.ndarray[Any, Any]", latest: int, pairs: NearPairs) -> None:
        partial = self._path.with_suffix(f".{os.getpid()}.part")
        try:
            with open(partial, "wb") as file:
                np.savez(file, stamp=stamp, latest=latest, first=pairs.first, second=pairs.second, scores=pairs.scores)
            os.replace(partial, self._path)
        except OSError:  # a library that may only be read
            with contextlib.suppress(OSError):
                partial.unlink()
