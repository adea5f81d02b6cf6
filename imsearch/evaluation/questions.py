"""What is asked of a model: with each picture for others of its class, or with edited copies for their originals."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.reader import Reader
from imsearch.errors import UsageError
from imsearch.evaluation.edits import EDITS, edited
from imsearch.evaluation.truth import Labels
from imsearch.search.probes import read_probe
from imsearch.types.options import Filters
from imsearch.vectors.building import unit

if TYPE_CHECKING:
    import PIL.Image

    from imsearch.library import Library


@dataclass(frozen=True, slots=True)
class Picture:
    """A content of the library, and the files that hold it, sorted."""

    digest: bytes
    paths: list[bytes]


@dataclass(frozen=True, slots=True)
class Pictures:
    """All pictures in the order of their first paths, with their vectors: float32, unit length, (pictures, dims)."""

    all: list[Picture]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    """A vector to ask with, and what is right.

    ``subject`` is the index of the picture that the question is about, ``right`` those of the right ones; ``left_out``
    is that of a picture which counts neither as right nor as wrong. ``groups`` are the classes, or the edit, that
    the answer counts for.
    """

    vector: NDArray[np.float32]
    subject: int
    right: NDArray[np.int64]
    left_out: int | None
    groups: tuple[str, ...]


def read_pictures(library: "Library") -> Pictures:
    """What a library with one space holds."""
    reader = Reader(library.path)
    try:
        (space,) = reader.spaces() or (None,)
        pages = [] if space is None else list(reader.vectors_after(0, space))
        if not pages:
            raise UsageError("there is no picture that can be read, so there is nothing to evaluate")
        ids = np.concatenate([page for page, _ in pages])
        vectors = np.concatenate([matrix for _, matrix in pages])
        files: dict[int, list[bytes]] = defaultdict(list)
        digests: dict[int, bytes] = {}
        for match in reader.matches(ids, Filters()):
            files[match.embedding_id].append(match.path)
            digests[match.embedding_id] = match.digest
    finally:
        reader.close()
    pictures = [Picture(digests[id_], sorted(files[id_])) for id_ in ids.tolist()]
    order = sorted(range(len(pictures)), key=lambda at: pictures[at].paths)
    return Pictures([pictures[at] for at in order], unit(vectors)[order])


def class_questions(pictures: Pictures, labels: Labels) -> list[Question]:
    """Each picture that shares a label with another asks for all that do.

    Files with the same content are one picture with the labels of them all, and it is left out of its own ranking: an
    identical file is found by any model, so it must neither count as right nor stand in the way as wrong. A picture
    that is alone in its class is not asked with, but can be a wrong hit, as can those without a label.

    Raises `UsageError` where nothing can be asked, or nothing can be wrong.
    """
    labels_of = [set().union(*(labels.get(path, ()) for path in picture.paths)) for picture in pictures.all]
    members: dict[str, list[int]] = defaultdict(list)
    for at, names in enumerate(labels_of):
        for name in names:
            members[name].append(at)
    if any(len(of_class) == len(pictures.all) for of_class in members.values()):
        raise UsageError("all pictures are of one class, so none could be wrong: add pictures of other classes")
    of_class = {name: np.array(indices) for name, indices in members.items() if len(indices) > 1}
    questions = []
    for at, names in enumerate(labels_of):
        groups = tuple(sorted(names & of_class.keys()))
        if groups:
            right = of_class[groups[0]]  # shared by the questions of a class
            if len(groups) > 1:
                right = np.unique(np.concatenate([of_class[name] for name in groups]))
            questions.append(Question(pictures.vectors[at], at, right, at, groups))
    if not questions:
        raise UsageError("no class has two different pictures, so none can be asked for with the other")
    return questions


def copy_questions(
    pictures: Pictures, count: int, embed: "Callable[[PIL.Image.Image], NDArray[np.float32]]"
) -> Iterator[Question]:
    """Each of ``count`` pictures, evenly chosen, is edited in every standard way, and each edit asks for its original.

    ``embed`` turns a Pillow image into a vector. Other pictures count as wrong, whatever they show.

    Raises `UsageError` where there is only one picture.
    """
    if len(pictures.all) == 1:
        raise UsageError("there is only one picture, so no copy could be taken for another: add more")
    for at in evenly(len(pictures.all), count):
        picture = pictures.all[at]
        image = read_probe(os.fsdecode(picture.paths[0])).image
        for edit in EDITS:
            vector = embed(edited(image, edit, picture.digest))
            yield Question(vector, at, np.array([at]), None, (edit,))


def evenly(length: int, count: int) -> list[int]:
    """At most ``count`` indices below ``length``, evenly spread from 0 on."""
    return [at * length // count for at in range(count)] if count < length else list(range(length))
