"""Connections to the catalog, and the translation of SQLite's errors. The only module that imports sqlite3."""

import contextlib
import os
import sqlite3
import threading
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.migrations import APPLICATION_ID, MIGRATIONS, run_migrations
from imsearch.errors import (
    CatalogCorruptError,
    DiskFullError,
    LibraryError,
    LibraryLockedError,
    LibraryNotFoundError,
    LibraryTooNewError,
)

CATALOG = "catalog.sqlite3"

Connection = sqlite3.Connection


def is_writable(path: Path) -> bool:
    """Whether there can be written to the catalog at ``path``, if there is one, and beside it."""
    return os.access(path.parent, os.W_OK) and (os.access(path, os.W_OK) or not path.exists())


def connect(path: Path) -> Connection:
    """A connection that any thread may use, one at a time. Where nothing can be written, it can read all the same."""
    # isolation_level is None, as sqlite3 would otherwise begin transactions by itself, and none before DDL.
    writable = is_writable(path)
    target = os.fsencode(path) if writable else _read_only(path)
    with translated(path):
        connection = sqlite3.connect(
            target, timeout=30, isolation_level=None, check_same_thread=False, uri=not writable
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _read_only(path: Path) -> str:
    """The address of a database that may only be read. Where no log lies beside it, nobody is writing, and SQLite must
    be told so, as it would make one."""
    used = any(path.with_name(f"{path.name}{ending}").exists() for ending in ("-wal", "-shm"))
    quoted = urllib.parse.quote(os.path.abspath(os.fsencode(path)))
    return f"file:{quoted}?{'mode=ro' if used else 'immutable=1'}"


def create(folder: Path) -> None:
    """Create an empty catalog in ``folder``, in one move: an interruption leaves no catalog behind.

    Raises `LibraryError` where the folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise LibraryError(
            f"the library cannot be made at {folder}: {exc.strerror or exc}", library=str(folder)
        ) from exc
    making = folder / f".{CATALOG}.making"
    making.unlink(missing_ok=True)
    with (
        translated(making),
        contextlib.closing(sqlite3.connect(os.fsencode(making), isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA page_size = 8192")  # three vectors of 1280 dimensions fit a page
        connection.execute("BEGIN")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        run_migrations(connection.execute, since=0)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")  # the file remembers it
    making.replace(folder / CATALOG)


def check(path: Path) -> None:
    """Check that there is a catalog at ``path`` that this imsearch can use, and migrate an older one.

    Raises `LibraryNotFoundError`, `LibraryTooNewError` or `CatalogCorruptError`; the file is then left as it is.
    """
    if not path.is_file():
        raise LibraryNotFoundError(f"there is no library at {path.parent} yet", library=str(path.parent))
    with translated(path), contextlib.closing(connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            raise CatalogCorruptError(
                f"{path} is not a catalog of imsearch (or is damaged). It is left as it is: restore it from a "
                "backup, or move it away and index again",
                library=str(path.parent),
            )
        if version > len(MIGRATIONS):
            raise LibraryTooNewError(
                f"the library {path.parent} has version {version}, this imsearch knows {len(MIGRATIONS)}: "
                "upgrade imsearch",
                library=str(path.parent),
                found=version,
                known=len(MIGRATIONS),
            )
        if version < len(MIGRATIONS) and not is_writable(path):
            raise LibraryError(
                f"the library {path.parent} is of an older imsearch. It cannot be brought up to date where it may only "
                "be read: copy it to a place that can be written to",
                library=str(path.parent),
            )
        if version < len(MIGRATIONS):
            connection.execute("BEGIN IMMEDIATE")
            # Read again, as another process may have migrated it meanwhile.
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            run_migrations(connection.execute, since=version)
            connection.execute("COMMIT")


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as errors of imsearch, about the catalog at ``path``."""
    try:
        yield
    except sqlite3.Error as exc:
        translation = translate(exc, path)
        if translation is None:
            raise
        raise translation from exc


def translate(exc: BaseException, path: Path) -> LibraryError | None:
    """The error to raise for an error of SQLite about the catalog at ``path``; None if it is a bug of ours."""
    code = (getattr(exc, "sqlite_errorcode", None) or 0) & 0xFF  # the primary code, without the extended part
    library = str(path.parent)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return CatalogCorruptError(
            f"the catalog {path} is damaged ({exc}). It is left as it is: restore it from a backup, or move it "
            "away and index again",
            library=library,
        )
    if code == sqlite3.SQLITE_FULL:
        return DiskFullError(
            f"the disk that holds {library} is full. What was committed is kept: make room and run it again",
            library=library,
        )
    if code == sqlite3.SQLITE_BUSY:
        return LibraryLockedError(f"another program holds {path}; try again when it is done", library=library)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return LibraryError(f"{path} cannot be opened ({exc}): check the permissions of {library}", library=library)
    if code == sqlite3.SQLITE_IOERR:
        return LibraryError(f"reading or writing {path} failed ({exc}): check the disk", library=library)
    return None


class Connections:
    """Connections for reading one catalog, each used by one thread at a time. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[Connection] = []
        self._all: list[Connection] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all, self._idle = [], []

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of the result of a query."""
        with self._connection() as connection:
            return connection.execute(query, values).fetchall()

    def ids(self, query: str, values: Sequence[Any] = ()) -> NDArray[np.int64]:
        """The first column of the result of a query, int64 (n,)."""
        with self._connection() as connection:
            return np.fromiter((row[0] for row in connection.execute(query, values)), np.int64)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection that no other thread is using."""
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
