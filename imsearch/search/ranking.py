"""From candidates to hits: exact scores from the stored vectors, and the order that they give."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.rows import Match
from imsearch.catalog.space import VectorSpace
from imsearch.types.options import Filters
from imsearch.vectors.index import Selection, VectorIndex

SPARE = 4
"""Where pictures have regions, this many times the wanted hits are searched for first, as a picture may be found by
several of its regions."""

FIRST_VIEW = 3
"""In turns, this many pictures near the unchanged probe are taken for each picture near another view of it."""

EQUAL = 1e-6
"""Scores that differ by no more than this count as equal: they may be of the same pixels."""


@dataclass(frozen=True, slots=True)
class ProbeVectors:
    """A probe as vectors: ``views``, float32 (n, dimensions), of which the first is of the unchanged probe.

    ``digest`` and ``path`` are those of its file, if it comes from one, so that it finds itself first. The score of a
    picture is its highest similarity to a view. With ``in_turns`` it is its similarity to the first view, and the views
    propose pictures in turns, as scores for different views cannot be compared.
    """

    views: NDArray[np.float32]
    digest: bytes | None = None
    path: bytes | None = None
    in_turns: bool = False


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """A file, and the exact cosine similarity of its picture to the probe, in -1..1."""

    match: Match
    score: float


class Ranker:
    """Ranks the pictures of one vector space that pass filters.

    The vector index proposes candidates, and the stored vectors give the order. Candidates that the catalog no longer
    has are left out.
    """

    def __init__(self, space: VectorSpace, index: VectorIndex, filters: Filters) -> None:
        self._space = space
        self._index = index
        self._filters = filters
        self._within: Selection | None = space.select(filters)

    def rank(self, probes: Sequence[ProbeVectors], count: int, min_score: float = -1.0) -> list[list[ScoredFile]]:
        """For each probe the files of its ``count`` best pictures, best first, without scores below ``min_score``.

        A content in several files gives all of them. Each file is given once, with the best score of the whole picture
        and its regions.
        """
        wanted = count * SPARE if self._space.regions else count
        proposed = iter(self._index.search(np.concatenate([each.views for each in probes]), wanted, self._within))
        ranked = []
        for probe in probes:
            ids = _distinct([next(proposed) for _ in probe.views])
            ranked.append(self._ranked(probe, ids, wanted, count, min_score))
        return ranked

    def _ranked(
        self, probe: ProbeVectors, ids: NDArray[np.int64], wanted: int, count: int, min_score: float
    ) -> list[ScoredFile]:
        proposed = len(ids)
        ids, scores = self._scored(probe, ids)
        if probe.in_turns:
            return self._in_turns(ids, scores, wanted)
        while True:
            reaching = int(np.count_nonzero(scores >= min_score))
            files = self._best(probe, ids[:reaching], scores[:reaching], count)
            if len(files) >= count or reaching < len(ids):
                return files[:count]
            # Some candidates have left the library, or belong to the same pictures: ask for more, if there are more.
            wanted *= 2
            more = _distinct(self._index.search(probe.views, wanted, self._within))
            if len(more) <= proposed:
                return files
            proposed = len(more)
            ids, scores = self._scored(probe, more)

    def _scored(self, probe: ProbeVectors, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The candidates that are still in the library and their scores, in the order of ranking."""
        found, scores = [np.empty(0, np.int64)], [np.empty((0, len(probe.views)), np.float32)]
        for page, vectors in self._space.vectors(ids):
            found.append(page)
            cosines = vectors @ probe.views.T / np.linalg.norm(vectors, axis=1)[:, None]
            scores.append(np.minimum(cosines, np.float32(1)))
        there, of_views = np.concatenate(found), np.concatenate(scores)
        if probe.in_turns:
            turn = np.argsort(np.argsort(-of_views, axis=0, kind="stable"), axis=0)
            turn[:, 0] //= FIRST_VIEW
            order = np.lexsort((-of_views[:, 0], turn.min(axis=1)))
            return there[order], of_views[order, 0]
        best = of_views.max(axis=1)
        order = np.argsort(-best, kind="stable")
        return there[order], best[order]

    def _in_turns(self, ids: NDArray[np.int64], scores: NDArray[np.float32], wanted: int) -> list[ScoredFile]:
        """All files of the first ``wanted`` candidates, in their order."""
        place = {id_: at for at, id_ in enumerate(ids[:wanted].tolist())}
        matches = sorted(
            self._space.matches(ids[:wanted], self._filters),
            key=lambda match: (place[match.embedding_id], match.path),
        )
        first: dict[bytes, Match] = {}  # a picture may be found by several of its regions
        for match in matches:
            first.setdefault(match.path, match)
        return [ScoredFile(match, float(scores[place[match.embedding_id]])) for match in first.values()]

    def _best(
        self, probe: ProbeVectors, ids: NDArray[np.int64], scores: NDArray[np.float32], count: int
    ) -> list[ScoredFile]:
        """At least ``count`` files, best first, or all files of these candidates if there are fewer."""
        best: dict[bytes, ScoredFile] = {}  # by path
        for begin, end in _portions(scores, count):
            score_of = dict(zip(ids[begin:end].tolist(), scores[begin:end].tolist(), strict=True))
            for match in self._space.matches(ids[begin:end], self._filters):
                file = ScoredFile(match, score_of[match.embedding_id])
                other = best.setdefault(match.path, file)
                if file.score > other.score:
                    best[match.path] = file
            if len(best) >= count:
                break
        return sorted(
            best.values(),
            key=lambda file: (
                file.match.digest != probe.digest or file.match.path != probe.path,
                file.match.digest != probe.digest,
                -file.score,
                file.match.path,
            ),
        )


def _distinct(found: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Each id once, ascending. `np.unique` does the same, but imports numpy.ma, a twentieth of a whole query."""
    ids = np.sort(np.concatenate(found))
    first = np.ones(len(ids), bool)
    first[1:] = ids[1:] != ids[:-1]
    return ids[first]


def _portions(scores: NDArray[np.float32], count: int) -> Iterator[tuple[int, int]]:
    """Ranges of falling scores, of ``count`` or more each, so that equal scores are in one range."""
    begin = 0
    while begin < len(scores):
        end = min(begin + count, len(scores))
        while end < len(scores) and scores[end] >= scores[end - 1] - EQUAL:
            end += 1
        yield begin, end
        begin = end
