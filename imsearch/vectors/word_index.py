"""The visual words of many pictures, to be searched for the pictures that share most of them.

An inverted file (Sivic and Zisserman, Video Google, 2003): for each word the pictures that have it. A word that few
pictures have says more than one that many have.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SCORES_AT_ONCE = 4_000_000
"""Scores that are in memory together: 32 MB."""


@dataclass(frozen=True, slots=True)
class ContentWords:
    """The words of pictures: the ids of their ``contents``, int64 (n,), the ``words`` of one after the other, int32
    (m,), and where those of each end, int64 (n,)."""

    contents: NDArray[np.int64]
    words: NDArray[np.int32]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, words: Mapping[int, NDArray[np.int32]]) -> "ContentWords":
        """The words in a mapping by content, each word of a picture once."""
        return cls(
            np.fromiter(words, np.int64, len(words)),
            np.concatenate([np.empty(0, np.int32), *words.values()]),
            np.cumsum(np.fromiter(map(len, words.values()), np.int64, len(words))),
        )

    def __len__(self) -> int:
        return len(self.contents)


@dataclass(frozen=True, slots=True)
class SharedWords:
    """Pairs of pictures that share words: ``contents`` and ``others``, both int64 (n,), and their ``scores``, float32
    (n,), by picture and then falling score."""

    contents: NDArray[np.int64]
    others: NDArray[np.int64]
    scores: NDArray[np.float32]


class WordIndex:
    """An inverted file of pictures."""

    def __init__(self, among: ContentWords) -> None:
        self._among = among
        owners = np.repeat(np.arange(len(among), dtype=np.int32), np.diff(among.ends, prepend=0))
        order = np.argsort(among.words, kind="stable")
        self._owners = owners[order]
        counts = np.bincount(among.words, minlength=1)
        self._counts = counts
        self._begins = np.cumsum(counts) - counts
        rarity = np.log1p(len(among) / np.maximum(counts, 1)) / np.log1p(max(len(among), 1))
        self._weights = rarity.astype(np.float32)

    def sharing(self, k: int, of: NDArray[np.bool_] | None = None) -> Iterator[SharedWords]:
        """For each picture, or each for which ``of``, bool (n,), is true, the ``k`` others that share most words with
        it, in pages.

        The score counts the words that two pictures share: a word that only one has would be 1, and the more have it,
        the less it is.
        """
        rows = np.arange(len(self._among)) if of is None else np.flatnonzero(of)
        step = max(1, SCORES_AT_ONCE // max(len(self._among), 1))
        for begin in range(0, len(rows), step):
            yield self._best(rows[begin : begin + step], k)

    def _best(self, rows: NDArray[np.intp], k: int) -> SharedWords:
        scores = self._scores(rows)
        scores[np.arange(len(rows)), rows] = 0
        k = min(k, scores.shape[1])
        columns = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        best = np.take_along_axis(scores, columns, axis=1)
        order = np.lexsort((columns, -best))
        columns, best = np.take_along_axis(columns, order, axis=1), np.take_along_axis(best, order, axis=1)
        at, place = np.nonzero(best > 0)
        contents = self._among.contents
        return SharedWords(contents[rows[at]], contents[columns[at, place]], best[at, place].astype(np.float32))

    def _scores(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """The score of each of these pictures with each of all, float64 (rows, n)."""
        ends = self._among.ends
        begins = ends[rows] - np.diff(ends, prepend=0)[rows]
        words = np.concatenate([self._among.words[begin:end] for begin, end in zip(begins, ends[rows], strict=True)])
        row_of_word = np.repeat(np.arange(len(rows)), ends[rows] - begins)
        counts = self._counts[words]
        # Of each word, its place among the owners, counted on from where its owners begin.
        first = np.cumsum(counts) - counts
        places = np.repeat(self._begins[words] - first, counts) + np.arange(counts.sum())
        cells = np.repeat(row_of_word * len(self._among), counts) + self._owners[places]
        shape = len(rows), len(self._among)
        scores = np.bincount(cells, np.repeat(self._weights[words], counts), shape[0] * shape[1])
        return np.asarray(scores, np.float64).reshape(shape)
