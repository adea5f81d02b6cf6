"""The pairs that an earlier search has proposed, so that the next one only searches for those of new pictures."""

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.space import VectorSpace
from imsearch.duplicates.pairs import NearPairs, near_pairs, united
from imsearch.types.listeners import Listener
from imsearch.vectors.index import VectorIndex

FORMAT = 2

Arrays = dict[str, NDArray[Any]]


class KnownPairs:
    """A cache of pairs in files in ``folder``. If a file cannot be used, all pairs are searched for anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def near_pairs(
        self, space: VectorSpace, index: VectorIndex, listener: Listener, *, k: int, least: float
    ) -> NearPairs:
        """The pairs of `pairs.near_pairs`, of which only those of vectors that came since the last search are searched
        for. Of these each is paired with its nearest; what was paired before stays as it was."""
        stamp = np.array([FORMAT, space.id, k, round(least * 1000)], np.int64)
        latest = space.latest()
        kept = self._load("near", stamp)
        after = int(kept["latest"]) if kept else 0
        if after > latest:  # the library was made anew
            kept, after = {}, 0
        new = near_pairs(space, index, listener, k=k, least=least, after=after)
        pairs = united([_pairs(kept), new])
        if after < latest:
            self._save("near", stamp, {"latest": np.array(latest), **_arrays(pairs)})
        return pairs

    def content_pairs(
        self,
        name: str,
        settings: tuple[int, ...],
        digests: Mapping[int, bytes],
        find: Callable[[NDArray[np.int64]], NearPairs],
    ) -> NearPairs:
        """The pairs of contents that ``find`` gives, of which only those of contents that came since the last search
        are asked for: ``find`` gets their ids, int64 (n,).

        ``digests`` are those of all contents that can be in a pair. Pairs are kept under a ``name``, and by digests, as
        the ids of contents are used again; with other ``settings`` they are found anew.
        """
        stamp = np.array([FORMAT, *settings], np.int64)
        kept = self._load(name, stamp)
        ids = np.fromiter(digests, np.int64, len(digests))
        keys = np.frombuffer(b"".join(digest[:8] for digest in digests.values()), np.int64)
        new = ids[~np.isin(keys, kept["searched"])] if kept else ids
        pairs = united([_pairs(kept).renamed(keys, ids), find(new)])
        if len(new):
            self._save(name, stamp, {"searched": keys, **_arrays(pairs.renamed(ids, keys))})
        return pairs

    def _load(self, name: str, stamp: NDArray[np.int64]) -> Arrays:
        """The arrays that were kept with this stamp; none if there are no such."""
        try:
            with np.load(self._path(name), allow_pickle=False) as file:
                if np.array_equal(file["stamp"], stamp):
                    return {key: file[key] for key in file.files}
        except (OSError, ValueError, KeyError, EOFError):
            pass
        return {}

    def _save(self, name: str, stamp: NDArray[np.int64], arrays: Arrays) -> None:
        path = self._path(name)
        partial = path.with_suffix(f".{os.getpid()}.part")
        try:
            with open(partial, "wb") as file:
                np.savez(file, allow_pickle=False, stamp=stamp, **arrays)
            os.replace(partial, path)
        except OSError:  # a library that may only be read
            with contextlib.suppress(OSError):
                partial.unlink()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}-pairs.npz"


def _arrays(pairs: NearPairs) -> Arrays:
    return {"first": pairs.first, "second": pairs.second, "scores": pairs.scores}


def _pairs(kept: Arrays) -> NearPairs:
    """The pairs among the arrays that were kept; none if nothing was."""
    return NearPairs(kept["first"], kept["second"], kept["scores"]) if kept else united([])
