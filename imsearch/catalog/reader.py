"""What a query asks of the catalogue, in plain SQL.

SQLAlchemy takes longer to import than a whole query may take, so this half of the room does without it; every method
is one read of what is committed. Vectors are stored as float16, which moves a cosine by about 0.0002 at the most.
"""

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.connection import CATALOGUE, Connection, check, connect, translated
from imsearch.catalog.rows import HeldFile, Match, Space
from imsearch.sources.paths import below
from imsearch.types.hits import Region
from imsearch.types.options import Filters

PAGE = 4096
"""Rows per read where many are read: a long read would keep SQLite's log from being folded in."""

_UNDER = "path = ? OR path >= ? AND path < ?"


class Reader:
    """The catalogue of one library, to be asked. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Open the catalogue in ``folder``.

        Raises `LibraryNotFoundError`, `LibraryTooNewError` or `CatalogCorruptError`; it is never overwritten.
        """
        self.path = folder / CATALOGUE
        check(self.path)
        self._idle: list[Connection] = []
        self._all: list[Connection] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give back the file."""
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all, self._idle = [], []

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection that nobody else is using."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = connect(self.path)
            self._all.append(connection)
        try:
            with translated(self.path):
                yield connection
        finally:
            self._idle.append(connection)

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._connection() as connection:
            return connection.execute(query, values).fetchall()

    # Spaces

    def spaces(self) -> list[Space]:
        """All spaces, the default one first."""
        rows = self._rows("SELECT id, model, fingerprint, dimensions, precision, regions FROM spaces ORDER BY id")
        return [Space(*(*row[:-1], bool(row[-1]))) for row in rows]

    def space_of(self, model: str) -> Space | None:
        """The space of the model with this name, if the library has one."""
        return next((space for space in self.spaces() if space.model == model), None)

    # Vectors

    def vector_state(self, space: Space) -> tuple[int, int]:
        """The highest id and the number of the vectors of a space."""
        query = "SELECT coalesce(max(id), 0), count(*) FROM embeddings WHERE space_id = ?"
        ((highest, count),) = self._rows(query, (space.id,))
        return highest, count

    def latest_vector(self) -> int:
        """The highest id of a vector of any space, 0 where there is none."""
        ((latest,),) = self._rows("SELECT coalesce(max(id), 0) FROM embeddings")
        return int(latest)

    def vector_ids(self, space: Space) -> NDArray[np.int64]:
        """The ids of all vectors of a space, in no order."""
        return self._ids("SELECT id FROM embeddings WHERE space_id = ?", (space.id,))

    def whole_ids(self, space: Space) -> NDArray[np.int64]:
        """The ids of the vectors of a space that are of whole pictures, in no order."""
        return self._ids("SELECT id FROM embeddings WHERE space_id = ? AND region = 0", (space.id,))

    def vectors_after(
        self, id_: int, space: Space, *, whole: bool = False
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Ids and vectors (n, dimensions) of a space in ascending order, beginning after ``id_``, in pages; with
        ``whole`` those of whole pictures alone."""
        only = "AND region = 0 " if whole else ""
        query = f"SELECT id, vector FROM embeddings WHERE space_id = ? {only}AND id > ? ORDER BY id LIMIT ?"
        while rows := self._rows(query, (space.id, id_, PAGE)):
            yield _matrix(rows, space)
            id_ = rows[-1][0]

    def vectors(self, ids: NDArray[np.int64], space: Space) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Ids and vectors (n, dimensions) of these ids, as far as they are there, in pages and in no order."""
        for part in _parts(ids):
            query = f"SELECT id, vector FROM embeddings WHERE id IN ({_marks(part)}) AND space_id = ?"
            rows = self._rows(query, (*part, space.id))
            if rows:
                yield _matrix(rows, space)

    def vector_of(self, digest: bytes, space: Space) -> NDArray[np.float32] | None:
        """The vector of the content with this digest, as a whole, if it has one."""
        query = """SELECT embeddings.id, vector FROM embeddings JOIN contents ON contents.id = content_id
            WHERE digest = ? AND space_id = ? AND region = 0"""
        rows = self._rows(query, (digest, space.id))
        vector: NDArray[np.float32] | None = _matrix(rows, space)[1][0] if rows else None
        return vector

    def region_count(self, space: Space) -> int:
        """The number of vectors that are of regions."""
        query = """SELECT count(*) FROM contents CROSS JOIN embeddings ON content_id = contents.id
            WHERE space_id = ? AND region > 0"""
        ((count,),) = self._rows(query, (space.id,))
        return int(count)

    def departures_after(self, number: int, space: Space) -> tuple[int, NDArray[np.int64]]:
        """The number of the last vector that left the library, and the ids of those of a space that left since
        ``number``."""
        query = "SELECT coalesce(max(number), ?) FROM departures"
        ((last,),) = self._rows(query, (number,))
        query = "SELECT embedding_id FROM departures WHERE number > ? AND number <= ? AND space_id = ?"
        return last, self._ids(query, (number, last, space.id)) if last > number else np.empty(0, np.int64)

    def ids_matching(self, filters: Filters, space: Space) -> NDArray[np.int64]:
        """Ids of the vectors whose picture passes the filters in at least one of its files."""
        # CROSS JOIN keeps SQLite to this order, in which no vectors are read.
        condition, values = _conditions(filters, f"contents.id IN (SELECT content_id FROM files WHERE {_UNDER})")
        query = f"""SELECT embeddings.id FROM contents CROSS JOIN embeddings ON content_id = contents.id
            WHERE space_id = ? AND {condition}"""
        return self._ids(query, (space.id, *values))

    def matches(self, ids: NDArray[np.int64], filters: Filters) -> Iterator[Match]:
        """The files that hold these vectors' pictures and pass the filters."""
        condition, values = _conditions(filters, f"({_UNDER})")
        for part in _parts(ids):
            query = f"""SELECT embeddings.id, path, digest, width, height, format, taken,
                region_x, region_y, region_width, region_height FROM embeddings
                CROSS JOIN contents ON contents.id = embeddings.content_id
                CROSS JOIN files ON files.content_id = contents.id
                WHERE embeddings.id IN ({_marks(part)}) AND {condition}"""
            yield from (_match(row) for row in self._rows(query, (*part, *values)))

    # Duplicates

    def shared_contents(self) -> NDArray[np.int64]:
        """Ids of the contents that two or more files hold."""
        query = "SELECT content_id FROM files WHERE content_id NOTNULL GROUP BY content_id HAVING count(*) > 1"
        return self._ids(query, ())

    def contents_below(self, path: bytes) -> NDArray[np.int64]:
        """Ids of the contents that a file at or below a path holds."""
        query = f"SELECT DISTINCT content_id FROM files WHERE content_id NOTNULL AND ({_UNDER})"
        return self._ids(query, (path, *below(path)))

    def contents_of(self, ids: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Vectors' ids with those of their contents, as far as they are there, in no order."""
        for part in _parts(ids):
            yield from self._rows(f"SELECT id, content_id FROM embeddings WHERE id IN ({_marks(part)})", part)

    def held_files(self, contents: NDArray[np.int64]) -> Iterator[HeldFile]:
        """The files that hold these contents, in no order."""
        for part in _parts(contents):
            query = f"""SELECT path, files.size, mtime_ns, content_id, digest, width, height, format, taken
                FROM files JOIN contents ON contents.id = content_id WHERE content_id IN ({_marks(part)})"""
            yield from (HeldFile(*row) for row in self._rows(query, part))

    def files_of(self, digest: bytes) -> list[HeldFile]:
        """The files that hold the content with this digest, in the order of their paths."""
        rows = self._rows("SELECT id FROM contents WHERE digest = ?", (digest,))
        held = self.held_files(np.array([id_ for (id_,) in rows], np.int64))
        return sorted(held, key=lambda file: file.path)

    def digest_at(self, path: bytes) -> bytes | None:
        """The digest of the content of the file at a path, if the library has it."""
        query = "SELECT digest FROM files JOIN contents ON contents.id = content_id WHERE path = ?"
        rows = self._rows(query, (path,))
        return rows[0][0] if rows else None

    def path_of(self, digest: bytes) -> bytes | None:
        """The first path of a content, if the library has it."""
        query = "SELECT min(path) FROM files JOIN contents ON contents.id = content_id WHERE digest = ?"
        ((path,),) = self._rows(query, (digest,))
        found: bytes | None = path
        return found

    def different_pairs(self) -> list[tuple[bytes, bytes]]:
        """Digests of the pictures that a person said are different, the lower of each pair first."""
        return self._rows("SELECT first, second FROM different_pairs ORDER BY first, second")

    def different_contents(self) -> list[tuple[int, int]]:
        """The same as ids of contents, as far as the library has both."""
        query = """SELECT one.id, other.id FROM different_pairs
            JOIN contents AS one ON one.digest = first JOIN contents AS other ON other.digest = second"""
        return self._rows(query)

    def _ids(self, query: str, values: Sequence[Any]) -> NDArray[np.int64]:
        with self._connection() as connection:
            return np.fromiter((row[0] for row in connection.execute(query, values)), np.int64)


def _match(row: tuple[Any, ...]) -> Match:
    box = row[-4:]
    return Match(*(*row[:-4], None if box[0] is None else Region(*box)))


def _conditions(filters: Filters, under: str) -> tuple[str, list[Any]]:
    """Filters as a condition in SQL and its values; ``under`` is what is to hold of the values of `_UNDER`."""
    terms: list[tuple[str, list[Any]]] = []
    if filters.under is not None:
        path = os.path.abspath(os.fsencode(filters.under))
        terms.append((under, [path, *below(path)]))
    if filters.taken_after is not None:
        terms.append(("taken >= ?", [filters.taken_after]))
    if filters.taken_before is not None:
        terms.append(("taken < ?", [filters.taken_before]))
    if filters.formats:
        terms.append((f"format IN ({_marks(filters.formats)})", list(filters.formats)))
    if filters.min_width is not None:
        terms.append(("width >= ?", [filters.min_width]))
    if filters.min_height is not None:
        terms.append(("height >= ?", [filters.min_height]))
    return " AND ".join(["true", *(text for text, _ in terms)]), [value for _, values in terms for value in values]


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _matrix(rows: list[tuple[int, bytes]], space: Space) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    ids = np.array([id_ for id_, _ in rows], np.int64)
    matrix = np.frombuffer(b"".join(vector for _, vector in rows), "<f2").reshape(-1, space.dimensions)
    return ids, matrix.astype(np.float32)


def _parts(ids: NDArray[np.int64]) -> Iterator[list[int]]:
    for at in range(0, len(ids), PAGE):
        yield ids[at : at + PAGE].tolist()
