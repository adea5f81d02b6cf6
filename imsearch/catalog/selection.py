"""Filters as SQL, and the set of vectors whose pictures pass them."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.connection import Connections
from imsearch.sources.paths import below
from imsearch.types.options import Filters

PAGE = 4096
"""Rows per read where many are read: SQLite cannot checkpoint its log during a long read."""

UNDER = "path = ? OR path >= ? AND path < ?"
"""SQL condition: a file is at or below a path. Its values are that path and the two of `paths.below`."""


class FilteredVectors:
    """The vectors of one vector space whose pictures pass filters: at least one file of the picture must pass."""

    def __init__(self, connections: Connections, space_id: int, filters: Filters) -> None:
        self._connections = connections
        self._space_id = space_id
        self._condition, self._values = conditions(
            filters, f"contents.id IN (SELECT content_id FROM files WHERE {UNDER})"
        )
        self._ids: NDArray[np.int64] | None = None

    def estimate(self) -> int:
        """About how many vectors there are, without listing them: it counts pictures, not their regions."""
        if self._ids is not None:
            return len(self._ids)
        ((count,),) = self._connections.rows(f"SELECT count(*) FROM contents WHERE {self._condition}", self._values)
        return int(count)

    def ids(self) -> NDArray[np.int64]:
        """The ids of the vectors, int64 (n,), in no order. They are read from the catalog once."""
        if self._ids is None:
            # CROSS JOIN makes SQLite join in this order, in which it need not read the vectors.
            query = f"""SELECT embeddings.id FROM contents CROSS JOIN embeddings ON content_id = contents.id
                WHERE space_id = ? AND {self._condition}"""
            self._ids = self._connections.ids(query, (self._space_id, *self._values))
        return self._ids

    def contents(self) -> NDArray[np.int64]:
        """The ids of the contents that pass the filters, int64 (n,), in no order."""
        return self._connections.ids(f"SELECT id FROM contents WHERE {self._condition}", self._values)


def conditions(filters: Filters, under: str) -> tuple[str, list[Any]]:
    """Filters as a condition in SQL and its values; ``under`` is the condition to use for the filter ``under``, and
    takes the values of `UNDER`."""
    terms: list[tuple[str, list[Any]]] = []
    if filters.under is not None:
        path = os.path.abspath(os.fsencode(filters.under))
        terms.append((under, [path, *below(path)]))
    if filters.taken_after is not None:
        terms.append(("taken >= ?", [filters.taken_after]))
    if filters.taken_before is not None:
        terms.append(("taken < ?", [filters.taken_before]))
    if filters.formats:
        terms.append((f"format IN ({marks(filters.formats)})", list(filters.formats)))
    if filters.min_width is not None:
        terms.append(("width >= ?", [filters.min_width]))
    if filters.min_height is not None:
        terms.append(("height >= ?", [filters.min_height]))
    return " AND ".join(["true", *(text for text, _ in terms)]), [value for _, values in terms for value in values]


def marks(values: Sequence[Any]) -> str:
    """A question mark for each value, separated by commas."""
    return ",".join("?" * len(values))


def parts(ids: NDArray[np.int64]) -> Iterator[list[int]]:
    """Ids in parts of at most `PAGE`, for one query each."""
    for at in range(0, len(ids), PAGE):
        yield ids[at : at + PAGE].tolist()
