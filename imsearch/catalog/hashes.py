"""The perceptual hashes of the contents of a library, as they are committed now."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.connection import Connections
from imsearch.catalog.selection import PAGE


class StoredHashes:
    """The hashes of one library. New ones get higher ids than all before, and no id is used twice. Safe to use from
    several threads."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def state(self) -> tuple[int, int]:
        """The highest id of any hash, 0 where there is none, and the number of hashes. As no id is used twice, hashes
        were added or removed if and only if this changed."""
        ((latest, count),) = self._connections.rows(
            "SELECT (SELECT coalesce(max(id), 0) FROM hashes), (SELECT count(*) FROM hashes)"
        )
        return int(latest), int(count)

    def ids(self) -> NDArray[np.int64]:
        """The ids of all hashes, int64 (n,), in no order."""
        return self._connections.ids("SELECT id FROM hashes")

    def pages(self, after: int = 0) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], list[bytes]]]:
        """Ids above ``after``, the ids of their contents, both int64 (n,), and the hashes, by ascending id, in pages.
        The hash of a flat picture is empty."""
        query = "SELECT id, content_id, hash FROM hashes WHERE id > ? ORDER BY id LIMIT ?"
        while rows := self._connections.rows(query, (after, PAGE)):
            numbers = np.array([row[:2] for row in rows], np.int64)
            yield numbers[:, 0], numbers[:, 1], [row[2] for row in rows]
            after = rows[-1][0]

    def missing(self) -> NDArray[np.int64]:
        """Ids of the contents that have none, int64 (n,), ascending."""
        query = "SELECT id FROM contents WHERE id NOT IN (SELECT content_id FROM hashes) ORDER BY id"
        return self._connections.ids(query)
