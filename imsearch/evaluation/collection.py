"""The collection of pictures that is ranked: all pictures of a library, with their vectors."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.backends import open_backend
from imsearch.errors import UsageError
from imsearch.vectors.tuning import unit

if TYPE_CHECKING:
    from imsearch.library import Library


@dataclass(frozen=True, slots=True)
class CollectedPicture:
    """A content of the library, and the absolute paths of the files that hold it, sorted."""

    digest: bytes
    paths: list[bytes]


@dataclass(frozen=True, slots=True)
class Collection:
    """All pictures in the order of their first paths, with their vectors: float32, unit length, (pictures, dims)."""

    pictures: list[CollectedPicture]
    vectors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pictures)


def read_collection(library: "Library") -> Collection:
    """All pictures of a library with one vector space. Raises `UsageError` where there are none."""
    backend = open_backend(library.address)
    try:
        (space,) = backend.catalog().spaces() or (None,)
        pages = [] if space is None else list(space.pages())
        if space is None or not pages:
            raise UsageError("there is no picture that can be read, so there is nothing to evaluate", argument="folder")
        ids = np.concatenate([page for page, _ in pages])
        vectors = np.concatenate([matrix for _, matrix in pages])
        files: dict[int, list[bytes]] = defaultdict(list)
        digests: dict[int, bytes] = {}
        for match in space.matches(ids):
            files[match.embedding_id].append(match.path)
            digests[match.embedding_id] = match.digest
    finally:
        backend.close()
    pictures = [CollectedPicture(digests[id_], sorted(files[id_])) for id_ in ids.tolist()]
    order = sorted(range(len(pictures)), key=lambda at: pictures[at].paths)
    return Collection([pictures[at] for at in order], unit(vectors)[order])


def evenly(length: int, count: int) -> list[int]:
    """At most ``count`` indices below ``length``, evenly spaced, beginning with 0."""
    return [at * length // count for at in range(count)] if count < length else list(range(length))
