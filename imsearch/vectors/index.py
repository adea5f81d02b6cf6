"""What every vector index offers, and what it asks of the catalog.

A vector index proposes candidates: which stored vectors may be nearest to a probe. It is a follower of the catalog and
can be rebuilt from it; the exact order comes from the stored vectors. A second implementation has to pass
``tests/test_vector_index.py``.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imsearch.types.libraries import VectorIndexInfo


class Selection(Protocol):
    """Some of the vectors of a space, known before they are listed."""

    def estimate(self) -> int:
        """About how many there are, told sooner than by listing them."""

    def ids(self) -> NDArray[np.int64]:
        """Their ids, in no order."""


class VectorSource(Protocol):
    """The vectors that an index is of, as the catalog has them now.

    Ids only grow and are never used twice. Departures are numbered, so that an index learns what left as it learns
    what came.
    """

    @property
    def fingerprint(self) -> str:
        """That of the model that made them."""

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""

    def count(self) -> int:
        """How many there are."""

    def latest(self) -> int:
        """An id that none of them exceeds, told at once."""

    def ids(self) -> NDArray[np.int64]:
        """The ids of all of them, in no order."""

    def vectors(self, ids: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Ids and vectors (n, dimensions) of these ids, as far as they are there, in pages and in no order."""

    def pages(self, after: int = 0) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """All ids above one and their vectors, ids ascending, in pages."""

    def departures_after(self, number: int) -> tuple[int, NDArray[np.int64]]:
        """The number of the last departure, and the ids of the vectors that left since ``number``."""


class VectorIndex(Protocol):
    """Proposes candidates for one vector space. Any number of threads may use it at once."""

    def sync(self) -> None:
        """Take in what the catalog has now, so that the next search knows all of it. It never waits for a writer."""

    def search(self, vectors: NDArray[np.float32], k: int, within: Selection | None = None) -> list[NDArray[np.int64]]:
        """For each vector (n, dimensions) the ids among which its ``k`` nearest are to be found, in no order.

        With ``within``, only of that selection. There are at least ``k``, or all that there are.
        """

    def info(self) -> VectorIndexInfo | None:
        """How candidates are found and what that was measured to reach; None before anything was indexed."""

    def save(self, *, busy: bool = False) -> int | None:
        """Write down what has come and left, where that is worth it, for the searches of all processes.

        Called by a writer after changes, and with ``busy`` in between. Returns the number of the last departure that
        need not be remembered any more, None for none. It may fail silently: a late index costs time and never a hit.
        """

    def optimize(self) -> VectorIndexInfo:
        """Make it anew: choose its kind, tune it to the vectors there are, measure its recall.

        Raises `LibraryError` where the result cannot be kept. There must be vectors.
        """
