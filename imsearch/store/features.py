"""A cache of what pictures are compared by, beside the catalogue. Deleting it costs the time to look at them again."""

import contextlib
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from imsearch.errors import CatalogueCorruptError, LibraryError
from imsearch.store.connection import Connection, connect, translated

NAME = "features.sqlite3"

FORMAT = 1
"""Of what is kept; another one's is thrown away."""

MOST = 50_000
"""Pictures that are kept, about 2 GB; the oldest leave."""


class FeatureCache:
    """Bytes under the digests of contents. Safe to use from several threads; where it cannot be written it keeps
    nothing."""

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self._path = folder / NAME
        self._most = most
        self._lock = threading.Lock()
        self._connection = self._opened()

    def close(self) -> None:
        """Give back the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def get(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """What is kept of these contents."""
        found: dict[bytes, bytes] = {}
        with self._lock, contextlib.suppress(LibraryError), translated(self._path):
            if self._connection is None:
                return {}
            for digest in digests:
                row = self._connection.execute("SELECT data FROM features WHERE digest = ?", (digest,)).fetchone()
                if row is not None:
                    found[digest] = row[0]
        return found

    def put(self, features: Mapping[bytes, bytes]) -> None:
        """Keep these."""
        with self._lock, contextlib.suppress(LibraryError), translated(self._path):
            if self._connection is None or not features:
                return
            execute = self._connection.execute
            execute("BEGIN IMMEDIATE")
            try:
                for digest, data in features.items():
                    execute("INSERT OR REPLACE INTO features (digest, data) VALUES (?, ?)", (digest, data))
                # Numbers only grow, so they tell age.
                execute("DELETE FROM features WHERE number <= (SELECT max(number) FROM features) - ?", (self._most,))
            finally:
                execute("COMMIT")

    def _opened(self) -> Connection | None:
        try:
            return self._prepared()
        except CatalogueCorruptError:
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
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = OFF")
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version != FORMAT:
                    connection.execute("DROP TABLE IF EXISTS features")
                    connection.execute(f"PRAGMA user_version = {FORMAT}")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS features "
                    "(number INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE, data BLOB NOT NULL)"
                )
        except LibraryError:
            connection.close()
            raise
        return connection
