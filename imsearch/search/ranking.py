"""The order of a query: candidates, exact scores, hits."""

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.reader import Reader
from imsearch.catalog.rows import Match, Space
from imsearch.errors import ModelMismatchError
from imsearch.models.model import Model
from imsearch.types.hits import Hit, Proof
from imsearch.types.options import Filters
from imsearch.vectors.candidates import Candidates

NO_FILTERS = Filters()

SPARE = 4
"""How many times the hits wanted are looked for first where a picture may be found by several of its regions."""

FIRST_VIEW = 3
"""Pictures that are most like the probe as it is, for one that is most like another view of it."""

EQUAL = 1e-6
"""Scores no further apart than this may be of the same pixels."""


@dataclass(frozen=True, slots=True)
class Question:
    """A probe as a vector; digest and path are those of its file, where it is one, so that it finds itself first.

    ``squeezed`` is the vector of all of it instead of its centre, where regions are to be found too: a thing that was
    cut out of a scene ends at its edges.
    """

    vector: NDArray[np.float32]
    digest: bytes | None = None
    path: bytes | None = None
    squeezed: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """What all questions of a search share. ``allowed`` are the ids that pass the filters, None if all do."""

    reader: Reader
    space: Space
    candidates: Candidates
    k: int
    filters: Filters = NO_FILTERS
    min_score: float = -1.0
    allowed: NDArray[np.int64] | None = None

    @property
    def first(self) -> int:
        """How many candidates to begin with."""
        return self.k * SPARE if self.space.regions else self.k


def search(
    questions: Sequence[Question],
    reader: Reader,
    space: Space,
    candidates: Candidates,
    *,
    k: int,
    filters: Filters = NO_FILTERS,
    min_score: float = -1.0,
) -> list[list[Hit]]:
    """For each question its ``k`` best hits, best first. A content in several files gives a hit for each, and each
    is found by what is most like the probe, as it is or squeezed, of the whole picture and its regions."""
    allowed = None if filters == NO_FILTERS else reader.ids_matching(filters, space)
    asked = Search(reader, space, candidates, k, filters, min_score, allowed)
    found = candidates.search(np.stack([question.vector for question in questions]), asked.first, allowed)
    hits = [_hits(question, ids, asked) for question, ids in zip(questions, found, strict=True)]
    for at, question in enumerate(questions):
        if question.squeezed is not None:
            (ids,) = candidates.search(question.squeezed[None], asked.first, allowed)
            hits[at] = _merged(hits[at], _hits(Question(question.squeezed), ids, asked), k)
    return hits


def _merged(hits: list[Hit], others: list[Hit], k: int) -> list[Hit]:
    """The ``k`` best of two lists of hits; a file that is in both stands at its better score."""
    best = {hit.path: hit for hit in hits}
    for hit in others:
        if hit.path not in best or hit.score > best[hit.path].score:
            best[hit.path] = hit
    ranked = sorted(best.values(), key=lambda hit: -hit.score)[:k]
    return [replace(hit, rank=rank) for rank, hit in enumerate(ranked, 1)]


def gather(
    views: NDArray[np.float32],
    reader: Reader,
    space: Space,
    candidates: Candidates,
    *,
    count: int,
    filters: Filters = NO_FILTERS,
) -> list[tuple[Match, float]]:
    """Files of the ``count`` pictures that any view of a probe is most like, with their scores for the first view.

    ``views`` is of shape (n, dimensions). In each turn come the next best of each view, and of the first, the probe as
    it is, the next `FIRST_VIEW`: scores of different views do not compare.
    """
    allowed = None if filters == NO_FILTERS else reader.ids_matching(filters, space)
    wanted = count * SPARE if space.regions else count
    found = np.unique(np.concatenate(candidates.search(views, wanted, allowed)))
    parts = list(reader.vectors(found, space))
    if not parts:
        return []
    ids = np.concatenate([part for part, _ in parts])
    vectors = np.concatenate([part for _, part in parts])
    scores = np.minimum(vectors @ views.T / np.linalg.norm(vectors, axis=1)[:, None], 1)
    turn = np.argsort(np.argsort(-scores, axis=0, kind="stable"), axis=0)
    turn[:, 0] //= FIRST_VIEW
    chosen = np.lexsort((-scores[:, 0], turn.min(axis=1)))[:wanted]
    order = {id_: place for place, id_ in enumerate(ids[chosen].tolist())}
    score_of = dict(zip(ids.tolist(), scores[:, 0].tolist(), strict=True))
    matches = sorted(reader.matches(ids[chosen], filters), key=lambda match: (order[match.embedding_id], match.path))
    first_of: dict[bytes, Match] = {}  # a picture may be found by several of its regions
    for match in matches:
        first_of.setdefault(match.path, match)
    return [(match, score_of[match.embedding_id]) for match in first_of.values()]


def _hits(question: Question, ids: NDArray[np.int64], asked: Search) -> list[Hit]:
    everything = len(asked.candidates) if asked.allowed is None else len(asked.allowed)
    wanted = asked.first
    ranked, cut = _ranked(question, ids, asked)
    while len(ranked) < asked.k and not cut and wanted < everything:
        wanted *= 2  # some candidates have left the library since, or are of the same pictures
        ids = asked.candidates.search(question.vector[None], wanted, asked.allowed)[0]
        ranked, cut = _ranked(question, ids, asked)
    return [hit_of(rank, match, score) for rank, (match, score) in enumerate(ranked[: asked.k], 1)]


def _ranked(question: Question, ids: NDArray[np.int64], asked: Search) -> tuple[list[tuple[Match, float]], bool]:
    """At least ``k`` files with their scores, best first, or all there are among these candidates; and whether any
    candidate was cut off by its score."""
    ids, scores = _scored(question.vector, ids, asked)
    kept = int(np.count_nonzero(scores >= asked.min_score))
    score_of = dict(zip(ids.tolist(), scores.tolist(), strict=True))
    best: dict[bytes, Match] = {}  # by path
    begin = 0
    while len(best) < asked.k and begin < kept:
        end = min(begin + asked.k, kept)
        while end < kept and scores[end] >= scores[end - 1] - EQUAL:
            end += 1
        for match in asked.reader.matches(ids[begin:end], asked.filters):
            other = best.setdefault(match.path, match)
            if score_of[match.embedding_id] > score_of[other.embedding_id]:
                best[match.path] = match
        begin = end
    matches = sorted(
        best.values(),
        key=lambda match: (
            match.digest != question.digest or match.path != question.path,
            match.digest != question.digest,
            -score_of[match.embedding_id],
            match.path,
        ),
    )
    return [(match, score_of[match.embedding_id]) for match in matches], kept < len(ids)


def _scored(
    vector: NDArray[np.float32], ids: NDArray[np.int64], asked: Search
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The candidates that are in the library, with their exact cosine similarities, best first."""
    found, scores = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    for page, vectors in asked.reader.vectors(ids, asked.space):
        found.append(page)
        scores.append(np.minimum(vectors @ vector / np.linalg.norm(vectors, axis=1), np.float32(1)))
    there, all_scores = np.concatenate(found), np.concatenate(scores)
    order = np.argsort(-all_scores, kind="stable")
    return there[order], all_scores[order]


def hit_of(rank: int, match: Match, score: float, proof: Proof | None = None) -> Hit:
    """A file with its score as a hit."""
    return Hit(
        rank=rank,
        path=os.fsdecode(match.path),
        digest=match.digest.hex(),
        score=score,
        width=match.width,
        height=match.height,
        format=match.format,
        taken=None if match.taken is None else datetime.datetime.fromisoformat(match.taken),
        region=match.region,
        proof=proof,
    )


def check_fingerprint(space: Space, model: Model) -> None:
    """Raise `ModelMismatchError` unless ``model`` is the one that made the vectors of ``space``."""
    if space.fingerprint != model.fingerprint:
        raise ModelMismatchError(
            f"the library's vectors were made by '{space.model}' with fingerprint {space.fingerprint[:12]}, "
            f"and '{model.name}' here now has fingerprint {model.fingerprint[:12]}: its weights or settings have "
            "changed. Bring the old ones back, or index into a new library (--library DIR)"
        )
