"""The queries of an evaluation: pictures ask for others of their class, or edited copies for their originals."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import UsageError
from imsearch.evaluation.collection import Collection, evenly
from imsearch.evaluation.edits import EDITS, edited
from imsearch.evaluation.truth import Labels
from imsearch.search.probes import read_probe

if TYPE_CHECKING:
    from imsearch.library import Library


@dataclass(frozen=True, slots=True)
class Query:
    """A query: a vector, float32 (dimensions,), and the pictures of the collection that are relevant to it.

    ``subject`` is the index of the picture that the query was made from; ``relevant`` holds the indices of relevant
    pictures, int64 (n,); ``left_out`` is the index of a picture that is not ranked, None for none. ``groups`` names the
    classes, or the edit, that the query counts for.
    """

    vector: NDArray[np.float32]
    subject: int
    relevant: NDArray[np.int64]
    left_out: int | None
    groups: tuple[str, ...]


def class_queries(collection: Collection, labels: Labels) -> list[Query]:
    """Queries by class: each picture that shares a label with others asks for those.

    Files with the same content are one picture, with all their labels. A picture is left out of its own ranking: any
    model finds an identical picture, so it must not count. A picture that is alone in its class makes no query, but can
    be a wrong hit, and so can a picture without a label.

    Raises `UsageError` where there is no query, or where no hit could be wrong.
    """
    labels_of = [set().union(*(labels.get(path, ()) for path in picture.paths)) for picture in collection.pictures]
    members: dict[str, list[int]] = defaultdict(list)
    for at, names in enumerate(labels_of):
        for name in names:
            members[name].append(at)
    if any(len(of_class) == len(collection) for of_class in members.values()):
        raise UsageError("all pictures are of one class, so none could be wrong: add pictures of other classes")
    of_class = {name: np.array(indices) for name, indices in members.items() if len(indices) > 1}
    queries = []
    for at, names in enumerate(labels_of):
        groups = tuple(sorted(names & of_class.keys()))
        if groups:
            relevant = of_class[groups[0]]  # shared by the queries of a class
            if len(groups) > 1:
                relevant = np.unique(np.concatenate([of_class[name] for name in groups]))
            queries.append(Query(collection.vectors[at], at, relevant, at, groups))
    if not queries:
        raise UsageError("no class has two different pictures, so none can be asked for with the other")
    return queries


class CopyQueries:
    """Queries by edited copies: up to ``count`` pictures, evenly chosen, are edited in every standard way, and each
    copy asks for its original.

    Copies are made, and embedded by ``library``, during the iteration. Only the original is relevant, whatever other
    pictures show.

    Raises `UsageError` where there is only one picture.
    """

    def __init__(self, collection: Collection, count: int, library: "Library") -> None:
        if len(collection) == 1:
            raise UsageError("there is only one picture, so no copy could be taken for another: add more")
        self._collection = collection
        self._chosen = evenly(len(collection), count)
        self._library = library

    def __len__(self) -> int:
        return len(self._chosen) * len(EDITS)

    def __iter__(self) -> Iterator[Query]:
        for at in self._chosen:
            picture = self._collection.pictures[at]
            image = read_probe(os.fsdecode(picture.paths[0])).image
            for edit in EDITS:
                vector = self._library.embed(edited(image, edit, picture.digest))
                yield Query(vector, at, np.array([at]), None, (edit,))
