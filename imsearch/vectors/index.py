"""The protocol of vector indexes, and what they need of the catalog.

A vector index proposes candidates: stored vectors that may be nearest to a probe. The exact order then comes from the
stored vectors. An index follows the catalog and can be rebuilt from it. Implementations have to pass
``tests/test_vector_index.py``.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from imsearch.types.libraries import VectorIndexInfo


class Selection(Protocol):
    """Some of the vectors of a space, such as those that pass filters. They are listed only if an index needs that."""

    def estimate(self) -> int:
        """About how many vectors there are; faster than listing them."""

    def ids(self) -> NDArray[np.int64]:
        """The ids of the vectors, int64 (n,), in no order."""


class VectorSource(Protocol):
    """The vectors that an index is built from, as the catalog has them now.

    New vectors get higher ids than all before, and no id is used twice. Departures (deleted vectors) are numbered, so
    that an index can ask for both new and deleted vectors since it last did.
    """

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the model that made the vectors."""

    @property
    def dimensions(self) -> int:
        """The number of dimensions of each vector."""

    def count(self) -> int:
        """How many vectors there are."""

    def latest(self) -> int:
        """An id that no vector's id exceeds; found at once, however many vectors there are."""

    def ids(self) -> NDArray[np.int64]:
        """The ids of all vectors, int64 (n,), in no order."""

    def vectors(self, ids: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Ids and vectors (n, dimensions) for those of ``ids`` that exist, in pages and in no order."""

    def pages(self, after: int = 0) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """All ids above ``after`` and their vectors (n, dimensions), by ascending id, in pages."""

    def departures_after(self, number: int) -> tuple[int, NDArray[np.int64]]:
        """The number of the last departure, and the ids of the vectors that left after departure ``number``."""


class VectorIndex(Protocol):
    """Proposes candidates for one vector space. Any number of threads may use it at once."""

    def sync(self) -> None:
        """Take in the vectors that the catalog has now, for the next search. It never waits for a writer."""

    def search(self, vectors: NDArray[np.float32], k: int, within: Selection | None = None) -> list[NDArray[np.int64]]:
        """Candidates for the ``k`` nearest neighbors of each vector (n, dimensions): ids, int64 (m,), in no order.

        With ``within``, only vectors of that selection are candidates. There are at least ``k`` of them, or as many as
        there are vectors.
        """

    def info(self) -> "VectorIndexInfo | None":
        """Facts about the index and its measured recall; None before anything was indexed."""

    def save(self, *, busy: bool = False) -> int | None:
        """Store new and departed vectors, if that is worth it, for the searches of all processes.

        A writer calls it after changes, and with ``busy`` during an index run. Returns the number of the last departure
        that the catalog need not keep any more, None for none. It may fail without an error: a late index costs time,
        but no hits.
        """

    def optimize(self) -> "VectorIndexInfo":
        """Rebuild the index: choose its kind, tune it to the current vectors, and measure its recall.

        There must be vectors. Raises `LibraryError` where the result cannot be stored.
        """
