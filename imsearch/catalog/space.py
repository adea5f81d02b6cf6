"""A vector space of a library: its vectors, and the files of the pictures that they belong to.

Vectors are stored as float16, which changes a cosine by at most about 0.0002.
"""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.connection import Connections
from imsearch.catalog.rows import Match, SpaceRecord
from imsearch.catalog.selection import PAGE, UNDER, FilteredVectors, conditions, marks, parts
from imsearch.errors import ModelMismatchError
from imsearch.types.hits import Region
from imsearch.types.options import NO_FILTERS, Filters

BYTES_PER_NUMBER = 2
"""Bytes per dimension of a stored vector."""

COMPLETE = "EXISTS (SELECT 1 FROM embeddings WHERE content_id = {content} AND space_id = ? AND region = ?)"
"""SQL condition: a content has all its vectors. The last value is the number of a region that must be there, 0 or 1,
as the regions of a picture are stored all at once."""


class VectorSpace:
    """The vectors of one model in one library, as they are committed now. Safe to use from several threads."""

    def __init__(self, connections: Connections, record: SpaceRecord) -> None:
        self._connections = connections
        self.record = record

    @property
    def id(self) -> int:
        """The id of the vector space in the catalog."""
        return self.record.id

    @property
    def model(self) -> str:
        """The name of the model that made the vectors."""
        return self.record.model

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the model that made the vectors."""
        return self.record.fingerprint

    @property
    def dimensions(self) -> int:
        """The number of dimensions of each vector."""
        return self.record.dimensions

    @property
    def precision(self) -> str:
        """The arithmetic in which the vectors were computed: ``f32``, ``bf16`` or ``f16``."""
        return self.record.precision

    @property
    def regions(self) -> bool:
        """Whether there are also vectors of regions of pictures."""
        return self.record.regions

    def check(self, model: str, fingerprint: str) -> None:
        """Raise `ModelMismatchError` if ``model`` has another ``fingerprint`` than the model that made the vectors."""
        if self.fingerprint != fingerprint:
            raise ModelMismatchError(
                f"the library's vectors were made by '{self.model}' with fingerprint {self.fingerprint[:12]}, "
                f"and '{model}' here now has fingerprint {fingerprint[:12]}: its weights or settings have "
                "changed. Bring the old ones back, or index into a new library",
                model=model,
                expected=self.fingerprint,
                found=fingerprint,
            )

    # Vectors

    def count(self) -> int:
        """How many vectors there are."""
        ((count,),) = self._connections.rows("SELECT count(*) FROM embeddings WHERE space_id = ?", (self.id,))
        return int(count)

    def region_count(self) -> int:
        """How many of the vectors are of regions."""
        query = """SELECT count(*) FROM contents CROSS JOIN embeddings ON content_id = contents.id
            WHERE space_id = ? AND region > 0"""
        ((count,),) = self._connections.rows(query, (self.id,))
        return int(count)

    def latest(self) -> int:
        """The highest id of any vector of the library, 0 where there is none. No id of this space is higher.

        It is found at once, however many vectors there are.
        """
        ((latest,),) = self._connections.rows("SELECT coalesce(max(id), 0) FROM embeddings")
        return int(latest)

    def ids(self) -> NDArray[np.int64]:
        """The ids of all vectors, int64 (n,), in no order."""
        return self._connections.ids("SELECT id FROM embeddings WHERE space_id = ?", (self.id,))

    def whole_pictures(self) -> "WholePictures":
        """The selection of the vectors of whole pictures, without those of regions."""
        return WholePictures(self._connections, self.id)

    def pages(self, after: int = 0, *, whole: bool = False) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Ids and vectors (n, dimensions), by ascending id, in pages. Only ids above ``after`` are given and, with
        ``whole``, only vectors of whole pictures."""
        only = "AND region = 0 " if whole else ""
        query = f"SELECT id, vector FROM embeddings WHERE space_id = ? {only}AND id > ? ORDER BY id LIMIT ?"
        while rows := self._connections.rows(query, (self.id, after, PAGE)):
            yield self._matrix(rows)
            after = rows[-1][0]

    def vectors(self, ids: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Ids and vectors (n, dimensions) for those of ``ids`` that are in the space, in pages and in no order."""
        for part in parts(ids):
            query = f"SELECT id, vector FROM embeddings WHERE id IN ({marks(part)}) AND space_id = ?"
            rows = self._connections.rows(query, (*part, self.id))
            if rows:
                yield self._matrix(rows)

    def vector_of(self, digest: bytes) -> NDArray[np.float32] | None:
        """The vector (dimensions,) of the whole picture with this digest, at unit length; None where there is none."""
        query = """SELECT embeddings.id, vector FROM embeddings JOIN contents ON contents.id = content_id
            WHERE digest = ? AND space_id = ? AND region = 0"""
        rows = self._connections.rows(query, (digest, self.id))
        if not rows:
            return None
        vector = self._matrix(rows)[1][0]
        unit: NDArray[np.float32] = vector / np.linalg.norm(vector)
        return unit

    def departures_after(self, number: int) -> tuple[int, NDArray[np.int64]]:
        """The number of the library's last departure (deleted vector), and the ids of the vectors of this space that
        left after departure ``number``."""
        ((last,),) = self._connections.rows("SELECT coalesce(max(number), ?) FROM departures", (number,))
        if last <= number:
            return last, np.empty(0, np.int64)
        query = "SELECT embedding_id FROM departures WHERE number > ? AND number <= ? AND space_id = ?"
        return last, self._connections.ids(query, (number, last, self.id))

    # Pictures

    def select(self, filters: Filters) -> FilteredVectors | None:
        """The selection of the vectors whose pictures pass filters; None if there are no filters."""
        return None if filters == NO_FILTERS else FilteredVectors(self._connections, self.id, filters)

    def matches(self, ids: NDArray[np.int64], filters: Filters = NO_FILTERS) -> Iterator[Match]:
        """The files that hold the pictures of these vectors and pass filters, in no order."""
        condition, values = conditions(filters, f"({UNDER})")
        for part in parts(ids):
            query = f"""SELECT embeddings.id, path, digest, width, height, format, taken,
                region_x, region_y, region_width, region_height FROM embeddings
                CROSS JOIN contents ON contents.id = embeddings.content_id
                CROSS JOIN files ON files.content_id = contents.id
                WHERE embeddings.id IN ({marks(part)}) AND {condition}"""
            yield from (_match(row) for row in self._connections.rows(query, (*part, *values)))

    def wholes_of(self, contents: NDArray[np.int64]) -> dict[int, int]:
        """The ids of the vectors of whole pictures by the ids of their contents, for those contents that have one."""
        found: dict[int, int] = {}
        for part in parts(contents):
            query = f"""SELECT content_id, id FROM embeddings
                WHERE content_id IN ({marks(part)}) AND space_id = ? AND region = 0"""
            found.update(self._connections.rows(query, (*part, self.id)))
        return found

    def contents_of(self, ids: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Pairs (id of a vector, id of its content) for those of ``ids`` that are in the library, in no order."""
        for part in parts(ids):
            yield from self._connections.rows(
                f"SELECT id, content_id FROM embeddings WHERE id IN ({marks(part)})", part
            )

    def known_digests(self, sizes: Collection[int]) -> dict[int, frozenset[bytes]]:
        """For each size in bytes, the digests of the contents of that size that have all their vectors here."""
        found: dict[int, set[bytes]] = {}
        complete = COMPLETE.format(content="contents.id")
        for part in parts(np.fromiter(sizes, np.int64)):
            query = f"SELECT size, digest FROM contents WHERE size IN ({marks(part)}) AND {complete}"
            for size, digest in self._connections.rows(query, (*part, self.id, int(self.regions))):
                found.setdefault(size, set()).add(digest)
        return {size: frozenset(digests) for size, digests in found.items()}

    def _matrix(self, rows: list[tuple[Any, ...]]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        ids = np.array([id_ for id_, _ in rows], np.int64)
        matrix = np.frombuffer(b"".join(vector for _, vector in rows), "<f2").reshape(-1, self.dimensions)
        return ids, matrix.astype(np.float32)


class WholePictures:
    """The selection of the vectors of a space that are of whole pictures."""

    def __init__(self, connections: Connections, space_id: int) -> None:
        self._connections = connections
        self._space_id = space_id
        self._ids: NDArray[np.int64] | None = None

    def estimate(self) -> int:
        """How many vectors there are."""
        return len(self.ids())

    def ids(self) -> NDArray[np.int64]:
        """The ids of the vectors, int64 (n,), in no order. They are read from the catalog once."""
        if self._ids is None:
            query = "SELECT id FROM embeddings WHERE space_id = ? AND region = 0"
            self._ids = self._connections.ids(query, (self._space_id,))
        return self._ids


def _match(row: tuple[Any, ...]) -> Match:
    box = row[-4:]
    return Match(*(*row[:-4], None if box[0] is None else Region(*box)))
