"""From candidates to hits: exact scores from the stored vectors, and the order that they give."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
    propose pictures in turns, as scores for different views cannot be compared. ``others`` are ids of vectors that are
    candidates then besides those that the views propose, each with its turn, from 0.
    """

    views: NDArray[np.float32]
    digest: bytes | None = None
    path: bytes | None = None
    in_turns: bool = False
    others: Mapping[int, int] = field(default_factory=dict)


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
        views = np.concatenate([each.views for each in probes])
        proposed = iter(self._index.search(views, self._first(count), self._within))
        return [self._ranked(probe, [next(proposed) for _ in probe.views], count, min_score) for probe in probes]

    def _first(self, count: int) -> int:
        """How many candidates are asked for first."""
        return count * SPARE if self._space.regions else count

    def _ranked(
        self, probe: ProbeVectors, proposed: Sequence[NDArray[np.int64]], count: int, min_score: float
    ) -> list[ScoredFile]:
        if probe.in_turns:
            return self._in_turns(probe, np.unique(np.concatenate(proposed)), self._first(count))
        lists = [
            self._nearest(probe, view, ids, count, min_score) for view, ids in zip(probe.views, proposed, strict=True)
        ]
        return lists[0] if len(lists) == 1 else _better_of(lists)[:count]

    def _nearest(
        self, probe: ProbeVectors, view: NDArray[np.float32], ids: NDArray[np.int64], count: int, min_score: float
    ) -> list[ScoredFile]:
        """The files that one view of a probe is most like, beginning with the candidates ``ids``."""
        wanted = self._first(count)
        while True:
            there, cosines = self._cosines(view[None], ids)
            scores = cosines[:, 0]
            order = np.argsort(-scores, kind="stable")
            there, scores = there[order], scores[order]
            reaching = int(np.count_nonzero(scores >= min_score))
            files = self._best(probe, there[:reaching], scores[:reaching], count)
            if len(files) >= count or reaching < len(there):
                return files[:count]
            # Some candidates have left the library, or belong to the same pictures: ask for more, if there are more.
            wanted *= 2
            (more,) = self._index.search(view[None], wanted, self._within)
            if len(more) <= len(ids):
                return files
            ids = more

    def _cosines(
        self, views: NDArray[np.float32], ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The candidates that are still in the library, and their cosine similarities to each view (n, views)."""
        found, cosines = [np.empty(0, np.int64)], [np.empty((0, len(views)), np.float32)]
        for page, vectors in self._space.vectors(ids):
            found.append(page)
            lengths = np.linalg.norm(vectors, axis=1)[:, None]
            cosines.append(np.minimum(vectors @ views.T / lengths, np.float32(1)))
        return np.concatenate(found), np.concatenate(cosines)

    def _in_turns(self, probe: ProbeVectors, candidates: NDArray[np.int64], most: int) -> list[ScoredFile]:
        """The files of at most ``most`` candidates and of the probe's others, in the order of their turns."""
        ids, cosines = self._cosines(probe.views, np.union1d(candidates, np.fromiter(probe.others, np.int64)))
        turns = np.argsort(np.argsort(-cosines, axis=0, kind="stable"), axis=0)
        turns[:, 0] //= FIRST_VIEW
        turn = turns.min(axis=1)
        chosen = np.lexsort((-cosines[:, 0], turn))[:most]
        if probe.others:
            chosen = np.union1d(chosen, np.flatnonzero(np.isin(ids, list(probe.others))))
            turn = np.minimum(turn, [probe.others.get(id_, len(ids)) for id_ in ids.tolist()])
            chosen = chosen[np.lexsort((-cosines[chosen, 0], turn[chosen]))]
        place = {id_: at for at, id_ in enumerate(ids[chosen].tolist())}
        matches = sorted(
            self._space.matches(ids[chosen], self._filters),
            key=lambda match: (place[match.embedding_id], match.path),
        )
        first: dict[bytes, Match] = {}  # a picture may be found by several of its regions
        for match in matches:
            first.setdefault(match.path, match)
        scores = cosines[chosen, 0]
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


def _better_of(lists: Sequence[Sequence[ScoredFile]]) -> list[ScoredFile]:
    """The files of all lists, each once at its best score, best first."""
    best: dict[bytes, ScoredFile] = {}
    for file in (file for files in lists for file in files):
        if file.match.path not in best or file.score > best[file.match.path].score:
            best[file.match.path] = file
    return sorted(best.values(), key=lambda file: -file.score)


def _portions(scores: NDArray[np.float32], count: int) -> Iterator[tuple[int, int]]:
    """Ranges of falling scores, of ``count`` or more each, so that equal scores are in one range."""
    begin = 0
    while begin < len(scores):
        end = min(begin + count, len(scores))
        while end < len(scores) and scores[end] >= scores[end - 1] - EQUAL:
            end += 1
        yield begin, end
        begin = end
