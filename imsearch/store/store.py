"""Reading and writing the catalogue: the only room that imports SQLAlchemy.

Paths are bytes here and everywhere inside. Vectors are stored as float16, which moves a cosine by about 0.0002 at
the most. Every public method is one transaction.
"""

import contextlib
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    create_engine,
    delete,
    event,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import QueuePool

from imsearch.errors import (
    CatalogueCorruptError,
    DiskFullError,
    LibraryError,
    LibraryLockedError,
    LibraryNotFoundError,
    LibraryTooNewError,
)
from imsearch.images.scan import as_prefix
from imsearch.records import FileState, Filters
from imsearch.store.schema import APPLICATION_ID, MIGRATIONS, contents, embeddings, files, roots, spaces

CATALOGUE = "catalog.sqlite3"

PAGE = 4096
"""Rows per transaction where many are read: a long read would keep SQLite's log from being folded in."""

VARIABLES = 10_000
"""Values in one IN (...); SQLite's own limit is 32,766."""


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of one model in this library."""

    id: int
    model: str
    fingerprint: str
    dimensions: int
    precision: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as it was when it was last read; ``complete`` unless its vector is wanting."""

    path: bytes
    size: int
    mtime_ns: int
    state: FileState
    digest: bytes | None
    complete: bool


@dataclass(frozen=True, slots=True)
class NewContent:
    """What is to be stored of a picture that was not known before; ``vector`` None where it is known already."""

    digest: bytes
    size: int
    width: int
    height: int
    format: str
    taken: str | None
    vector: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class NewFile:
    """A row to be written for a file: with the digest of its content, or a reason, or neither (no picture)."""

    path: bytes
    size: int
    mtime_ns: int
    digest: bytes | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A file that holds the content of an embedding."""

    embedding_id: int
    path: bytes
    digest: bytes
    width: int
    height: int
    format: str
    taken: str | None


class Store:
    """The catalogue of one library. Safe to use from several threads; one process at a time writes."""

    def __init__(self, folder: Path) -> None:
        """Open the catalogue in ``folder``.

        Raises `LibraryNotFoundError`, `LibraryTooNewError` or `CatalogueCorruptError`; it is never overwritten.
        """
        self.path = folder / CATALOGUE
        if not self.path.is_file():
            raise LibraryNotFoundError(f"there is no library at {folder} yet: make one with `imsearch index FOLDER`")
        self._engine = _connect(self.path)
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(cls, folder: Path) -> "Store":
        """Make an empty catalogue, all at once: an interrupted start leaves none."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise LibraryError(f"the library cannot be made at {folder}: {exc.strerror or exc}") from exc
        making = folder / f".{CATALOGUE}.making"
        making.unlink(missing_ok=True)
        with (
            _translated(making),
            contextlib.closing(sqlite3.connect(os.fsencode(making), isolation_level=None)) as connection,
        ):
            connection.execute("PRAGMA page_size = 8192")  # three vectors of 1280 dimensions fit a page
            connection.execute("BEGIN")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            _run_migrations(connection.execute, since=0)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = WAL")  # the file remembers it
        making.replace(folder / CATALOGUE)
        return cls(folder)

    def close(self) -> None:
        """Give back the file."""
        self._engine.dispose()

    def _migrate(self) -> None:
        with self._engine.connect() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        if application != APPLICATION_ID:
            raise CatalogueCorruptError(
                f"{self.path} is not a catalogue of imsearch (or is damaged). It is left as it is: restore it from a "
                "backup, or move it away and index again"
            )
        if version > len(MIGRATIONS):
            raise LibraryTooNewError(
                f"the library {self.path.parent} has version {version}, this imsearch knows {len(MIGRATIONS)}: "
                "pip install --upgrade imsearch-engine"
            )
        if version < len(MIGRATIONS):
            with self._engine.begin() as connection:
                _run_migrations(connection.exec_driver_sql, since=version)

    # Roots

    def roots(self) -> dict[bytes, int]:
        """The folders that were indexed, with the inode that each had."""
        with self._engine.connect() as connection:
            return {row.path: row.inode for row in connection.execute(select(roots).order_by(roots.c.path))}

    def add_root(self, path: bytes, inode: int) -> None:
        """Remember a folder, in place of those inside it; one inside a known folder adds nothing."""
        with self._engine.begin() as connection:
            known = connection.scalars(select(roots.c.path)).all()
            if any(path.startswith(as_prefix(root)) for root in known):
                return
            connection.execute(delete(roots).where(_below(roots.c.path, path)))
            connection.execute(
                upsert(roots).values(path=path, inode=inode).on_conflict_do_update(set_={"inode": inode})
            )

    # Spaces

    def spaces(self) -> list[Space]:
        """All spaces, the default one first."""
        with self._engine.connect() as connection:
            return [Space(*row) for row in connection.execute(select(spaces).order_by(spaces.c.id))]

    def add_space(self, model: str, fingerprint: str, dimensions: int, precision: str) -> Space:
        """Make room for the vectors of a model."""
        values = {"model": model, "fingerprint": fingerprint, "dimensions": dimensions, "precision": precision}
        with self._engine.begin() as connection:
            id_ = connection.scalar(insert(spaces).values(values).returning(spaces.c.id))
        assert id_ is not None
        return Space(id_, model, fingerprint, dimensions, precision)

    # Files

    def file_rows(self, below: bytes, space: Space | None) -> Iterator[FileRow]:
        """Known files at or below a path, in the order of path bytes."""
        complete = or_(files.c.state != "ok", _embedded(space, files.c.content_id))
        columns = (files.c.path, files.c.size, files.c.mtime_ns, files.c.state, contents.c.digest)
        query = (
            select(*columns, complete.label("complete"))
            .select_from(files.outerjoin(contents, contents.c.id == files.c.content_id))
            .where(_below(files.c.path, below))
            .order_by(files.c.path)
        )
        for row in self._pages(query, files.c.path):
            yield FileRow(row.path, row.size, row.mtime_ns, row.state, row.digest, bool(row.complete))

    def file_list(self, *, failed: bool) -> Iterator[tuple[bytes, int, FileState, str | None]]:
        """Path, size, state and reason of the pictures, or of the files that could not be read."""
        columns = (files.c.path, files.c.size, files.c.state, files.c.reason)
        wanted = files.c.state == ("unreadable" if failed else "ok")
        for row in self._pages(select(*columns).where(wanted).order_by(files.c.path), files.c.path):
            yield row.path, row.size, row.state, row.reason

    def known_digests(self, sizes: Collection[int], space: Space) -> dict[int, frozenset[bytes]]:
        """For each size in bytes, the digests of the contents of that size that have their vector."""
        found: dict[int, set[bytes]] = {}
        for part in _parts(list(sizes)):
            query = select(contents.c.size, contents.c.digest).where(
                contents.c.size.in_(part), _embedded(space, contents.c.id)
            )
            with self._engine.connect() as connection:
                for size, digest in connection.execute(query):
                    found.setdefault(size, set()).add(digest)
        return {size: frozenset(digests) for size, digests in found.items()}

    def write(self, new_files: Sequence[NewFile], new_contents: Sequence[NewContent], space: Space) -> None:
        """One batch, all or nothing. Every digest that a file names is known or among the new contents."""
        with self._engine.begin() as connection:
            for content in new_contents:
                self._write_content(connection, content, space)
            ids = self._content_ids(connection, {file.digest for file in new_files if file.digest is not None})
            rows = [_file_values(file, ids) for file in new_files]
            if rows:
                statement = upsert(files)
                columns = ("size", "mtime_ns", "state", "reason", "content_id")
                connection.execute(
                    statement.on_conflict_do_update(set_={name: statement.excluded[name] for name in columns}),
                    rows,
                )

    def _write_content(self, connection: Connection, content: NewContent, space: Space) -> None:
        facts = {name: getattr(content, name) for name in ("digest", "size", "width", "height", "format", "taken")}
        connection.execute(upsert(contents).values(facts).on_conflict_do_nothing())
        if content.vector is None:
            return
        id_ = connection.scalar(select(contents.c.id).where(contents.c.digest == content.digest))
        values = {"space_id": space.id, "content_id": id_, "vector": content.vector.astype("<f2").tobytes()}
        connection.execute(upsert(embeddings).values(values).on_conflict_do_nothing())

    def _content_ids(self, connection: Connection, digests: set[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for part in _parts(list(digests)):
            query = select(contents.c.digest, contents.c.id).where(contents.c.digest.in_(part))
            found.update((row.digest, row.id) for row in connection.execute(query))
        return found

    def remove_files(self, paths: Iterable[bytes]) -> int:
        """Forget these files, and contents that no file holds any more. Returns how many files there were."""
        removed = 0
        with self._engine.begin() as connection:
            for part in _parts(list(paths)):
                removed += connection.execute(delete(files).where(files.c.path.in_(part))).rowcount
            _sweep(connection)
        return removed

    def remove_below(self, path: bytes) -> int:
        """Forget a file, or a folder with all below it, roots included. Returns how many files there were."""
        with self._engine.begin() as connection:
            connection.execute(delete(roots).where(_below(roots.c.path, path)))
            removed = connection.execute(delete(files).where(_below(files.c.path, path))).rowcount
            _sweep(connection)
        return removed

    def counts(self) -> dict[str, int]:
        """How many files there are in each state, and of how many different pictures."""
        with self._engine.connect() as connection:
            states = connection.execute(select(files.c.state, func.count()).group_by(files.c.state))
            found = {row[0]: row[1] for row in states}
            found["pictures"] = (
                connection.scalar(select(func.count(files.c.content_id.distinct())).select_from(files)) or 0
            )
        return found

    # Vectors

    def vector_state(self, space: Space) -> tuple[int, int]:
        """The highest id and the number of the vectors of a space: together they tell whether any came or went."""
        query = select(func.coalesce(func.max(embeddings.c.id), 0), func.count()).where(
            embeddings.c.space_id == space.id
        )
        with self._engine.connect() as connection:
            highest, count = connection.execute(query).one()
        return highest, count

    def vectors_after(self, id_: int, space: Space) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Ids and vectors (n, dimensions) of a space in ascending order, beginning after ``id_``, in pages."""
        while True:
            query = (
                select(embeddings.c.id, embeddings.c.vector)
                .where(embeddings.c.space_id == space.id, embeddings.c.id > id_)
                .order_by(embeddings.c.id)
                .limit(PAGE)
            )
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            yield np.array([row.id for row in rows], np.int64), _matrix([row.vector for row in rows], space)
            id_ = rows[-1].id

    def vectors(self, ids: Sequence[int], space: Space) -> dict[int, NDArray[np.float32]]:
        """The vectors of these ids, as far as they are there."""
        found: dict[int, NDArray[np.float32]] = {}
        for part in _parts(ids):
            query = select(embeddings.c.id, embeddings.c.vector).where(embeddings.c.id.in_(part))
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
            if rows:
                matrix = _matrix([row.vector for row in rows], space)
                found.update(zip((row.id for row in rows), matrix, strict=True))
        return found

    def vector_of(self, digest: bytes, space: Space) -> NDArray[np.float32] | None:
        """The vector of the content with this digest, if it has one."""
        query = (
            select(embeddings.c.vector)
            .join(contents, contents.c.id == embeddings.c.content_id)
            .where(contents.c.digest == digest, embeddings.c.space_id == space.id)
        )
        with self._engine.connect() as connection:
            vector = connection.scalar(query)
        return None if vector is None else _matrix([vector], space)[0]

    def ids_matching(self, filters: Filters, space: Space) -> NDArray[np.int64]:
        """Ids of the vectors whose picture passes the filters in at least one of its files."""
        query = select(embeddings.c.id).distinct().select_from(_joined()).where(embeddings.c.space_id == space.id)
        with self._engine.connect() as connection:
            return np.array(connection.scalars(_filtered(query, filters)).all(), np.int64)

    def matches(self, ids: Sequence[int], filters: Filters) -> Iterator[Match]:
        """The files that hold these vectors' pictures and pass the filters."""
        columns = (
            embeddings.c.id,
            files.c.path,
            contents.c.digest,
            contents.c.width,
            contents.c.height,
            contents.c.format,
            contents.c.taken,
        )
        for part in _parts(ids):
            query = _filtered(select(*columns).select_from(_joined()).where(embeddings.c.id.in_(part)), filters)
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
            yield from (Match(*row) for row in rows)

    def _pages(self, query: Select[Any], key: Any) -> Iterator[Any]:
        """Rows of a query that is ordered by ``key``, a page to a transaction."""
        page = query
        while True:
            with self._engine.connect() as connection:
                rows = connection.execute(page.limit(PAGE)).all()
            yield from rows
            if len(rows) < PAGE:
                return
            page = query.where(key > getattr(rows[-1], key.name))


def _connect(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        # isolation_level None, because pysqlite would begin transactions behind our back, and none before DDL; a path
        # in bytes, because folders may have names that are neither UTF-8 nor fit for a URL.
        with _translated(path):
            connection = sqlite3.connect(os.fsencode(path), timeout=30, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine, "handle_error")
    def translate(context: ExceptionContext) -> None:
        translated = _translation(context.original_exception, path)
        if translated is not None:
            raise translated from context.original_exception

    return engine


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as exc:
        translated = _translation(exc, path)
        if translated is None:
            raise
        raise translated from exc


def _translation(exc: BaseException, path: Path) -> LibraryError | None:
    code = (getattr(exc, "sqlite_errorcode", None) or 0) & 0xFF  # without the extension of the code
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return CatalogueCorruptError(
            f"the catalogue {path} is damaged ({exc}). It is left as it is: restore it from a backup, or move it "
            "away and index again"
        )
    if code == sqlite3.SQLITE_FULL:
        return DiskFullError(
            f"the disk that holds {path.parent} is full. What was committed is kept: make room and run it again"
        )
    if code == sqlite3.SQLITE_BUSY:
        return LibraryLockedError(f"another program holds {path}; try again when it is done")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return LibraryError(f"{path} cannot be opened for writing: check the permissions of {path.parent}")
    if code == sqlite3.SQLITE_IOERR:
        return LibraryError(f"reading or writing {path} failed ({exc}): check the disk")
    return None


def _run_migrations(execute: Any, since: int) -> None:
    for number, statements in enumerate(MIGRATIONS[since:], since + 1):
        for statement in statements:
            execute(statement)
        execute(f"PRAGMA user_version = {number}")


def _below(column: Any, path: bytes) -> Any:
    """Whether a path is ``path`` or lies below it: a range, so that the index serves it."""
    prefix = as_prefix(path)
    end = prefix[:-1] + bytes([prefix[-1] + 1])
    return or_(column == path, (column >= prefix) & (column < end))


def _embedded(space: Space | None, content_id: Any) -> Any:
    if space is None:
        return literal_column("0")
    return exists().where(embeddings.c.content_id == content_id, embeddings.c.space_id == space.id)


def _joined() -> Any:
    return embeddings.join(contents, contents.c.id == embeddings.c.content_id).join(
        files, files.c.content_id == contents.c.id
    )


def _filtered(query: Select[Any], filters: Filters) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = [true()]
    if filters.under is not None:
        conditions.append(_below(files.c.path, os.path.abspath(os.fsencode(filters.under))))
    if filters.taken_after is not None:
        conditions.append(contents.c.taken >= filters.taken_after)
    if filters.taken_before is not None:
        conditions.append(contents.c.taken < filters.taken_before)
    if filters.formats:
        conditions.append(contents.c.format.in_(filters.formats))
    if filters.min_width is not None:
        conditions.append(contents.c.width >= filters.min_width)
    if filters.min_height is not None:
        conditions.append(contents.c.height >= filters.min_height)
    return query.where(*conditions)


def _file_values(file: NewFile, ids: dict[bytes, int]) -> dict[str, Any]:
    state = "ok" if file.digest else "unreadable" if file.reason else "other"
    return {
        "path": file.path,
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "state": state,
        "reason": file.reason,
        "content_id": ids[file.digest] if file.digest else None,
    }


def _sweep(connection: Connection) -> None:
    connection.execute(delete(contents).where(~exists().where(files.c.content_id == contents.c.id)))


def _matrix(vectors: list[bytes], space: Space) -> NDArray[np.float32]:
    return np.frombuffer(b"".join(vectors), "<f2").reshape(-1, space.dimensions).astype(np.float32)


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, len(values), VARIABLES):
        yield values[at : at + VARIABLES]
