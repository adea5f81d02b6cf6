"""Caches of data computed from pictures, beside the catalog. Deleting one costs the time to compute the data again."""

import contextlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from imsearch.catalog.connection import Connection, connect, is_writable, translated
from imsearch.errors import CatalogCorruptError, LibraryError


@dataclass(frozen=True, slots=True)
class CacheKind:
    """A kind of cache: the name of its file, the format of its data, and for how many pictures at ``most`` it keeps
    data. The oldest data make room for new ones; data of another ``format`` are deleted."""

    name: str
    format: int
    most: int


FEATURES = CacheKind("features.sqlite3", 4, 50_000)
"""Local features and appearances, by which pictures are compared: at most about 4 GB."""

JUDGMENTS = CacheKind("judgments.sqlite3", 3, 2_000_000)
"""Judgments of pairs of pictures, by their two digests: at most about 500 MB. The format changes with every change of
how pictures are compared."""

WORDS = CacheKind("words.sqlite3", 1, 2_000_000)
"""Visual words, by which pictures with like features are found: at most about 2 GB. The format changes with every
change of features or of words."""

THUMBNAILS = CacheKind("thumbnails.sqlite3", 1, 20_000)
"""Thumbnails: at most about 400 MB."""


class Cache:
    """Bytes by the digests of contents, or of pairs of them. Safe to use from several threads.

    If its file cannot be used, it is empty and keeps nothing; no error is raised.
    """

    def __init__(self, folder: Path, kind: CacheKind) -> None:
        self._path = folder / kind.name
        self._kind = kind
        self._lock = threading.Lock()
        self._connection = self._opened()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def get(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """The data of those of these contents that have any, by digest."""
        found: dict[bytes, bytes] = {}
        with self._lock, contextlib.suppress(LibraryError), translated(self._path):
            if self._connection is None:
                return {}
            for digest in digests:
                row = self._connection.execute("SELECT data FROM kept WHERE digest = ?", (digest,)).fetchone()
                if row is not None:
                    found[digest] = row[0]
        return found

    def put(self, made: Mapping[bytes, bytes]) -> None:
        """Keep data by the digests of contents, in place of what was kept for these."""
        with self._lock, contextlib.suppress(LibraryError), translated(self._path):
            if self._connection is None or not made or not is_writable(self._path):
                return
            execute = self._connection.execute
            execute("BEGIN IMMEDIATE")
            try:
                for digest, data in made.items():
                    execute("INSERT OR REPLACE INTO kept (digest, data) VALUES (?, ?)", (digest, data))
                # Numbers only grow, so the lowest are the oldest.
                execute("DELETE FROM kept WHERE number <= (SELECT max(number) FROM kept) - ?", (self._kind.most,))
            finally:
                execute("COMMIT")

    def _opened(self) -> Connection | None:
        try:
            return self._prepared()
        except CatalogCorruptError:
            with contextlib.suppress(OSError, LibraryError):
                self._path.unlink()
                return self._prepared()
        except LibraryError:  # a library that may only be read
            pass
        return None

    def _prepared(self) -> Connection:
        connection = connect(self._path)
        try:
            with translated(self._path):
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version == self._kind.format and not is_writable(self._path):
                    return connection
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = OFF")
                if version != self._kind.format:
                    connection.execute("DROP TABLE IF EXISTS kept")
                    connection.execute(f"PRAGMA user_version = {self._kind.format}")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS kept "
                    "(number INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, data BLOB NOT NULL)"
                )
        except LibraryError:
            connection.close()
            raise
        return connection
