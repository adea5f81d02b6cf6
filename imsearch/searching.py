"""The order of a query: candidates, exact scores, hits."""

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.records import Filters, Hit
from imsearch.store.store import Match, Space, Store
from imsearch.vectors.candidates import Candidates

NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class Question:
    """A probe as a vector; digest and path are those of its file, where it is one, so that it finds itself first."""

    vector: NDArray[np.float32]
    digest: bytes | None = None
    path: bytes | None = None


def refresh(candidates: Candidates, store: Store, space: Space) -> None:
    """Add the vectors that came since the last refresh."""
    for ids, vectors in store.vectors_after(candidates.highest, space):
        candidates.add(ids, vectors)


def search(
    questions: Sequence[Question],
    store: Store,
    space: Space,
    candidates: Candidates,
    *,
    k: int,
    filters: Filters = NO_FILTERS,
    min_score: float = -1.0,
) -> list[list[Hit]]:
    """For each question its ``k`` best hits, best first. A content in several files gives a hit for each."""
    allowed = None if filters == NO_FILTERS else store.ids_matching(filters, space)
    found = candidates.search(np.stack([question.vector for question in questions]), k, allowed)
    return [
        _hits(question, ids, store, space, candidates, allowed, k, filters, min_score)
        for question, ids in zip(questions, found, strict=True)
    ]


def _hits(
    question: Question,
    ids: NDArray[np.int64],
    store: Store,
    space: Space,
    candidates: Candidates,
    allowed: NDArray[np.int64] | None,
    k: int,
    filters: Filters,
    min_score: float,
) -> list[Hit]:
    matches = list(store.matches(ids.tolist(), filters))
    wanted = k
    while len(matches) < k and len(ids) == wanted:  # some candidates were removed from the library since
        wanted *= 2
        ids = candidates.search(question.vector[None], wanted, allowed)[0]
        matches = list(store.matches(ids.tolist(), filters))
    scores = {
        id_: min(1.0, float(vector @ question.vector / np.linalg.norm(vector)))
        for id_, vector in store.vectors(ids.tolist(), space).items()
    }
    ranked = sorted(
        (match for match in matches if scores[match.embedding_id] >= min_score),
        key=lambda match: (
            match.digest != question.digest or match.path != question.path,
            match.digest != question.digest,
            -scores[match.embedding_id],
            match.path,
        ),
    )
    return [_hit(rank, match, scores[match.embedding_id]) for rank, match in enumerate(ranked[:k], 1)]


def _hit(rank: int, match: Match, score: float) -> Hit:
    return Hit(
        rank=rank,
        path=os.fsdecode(match.path),
        score=score,
        width=match.width,
        height=match.height,
        format=match.format,
        taken=None if match.taken is None else datetime.datetime.fromisoformat(match.taken),
    )
