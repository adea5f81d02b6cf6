"""Writing the catalog: the only module that imports SQLAlchemy.

Every public method is one transaction. SQLAlchemy reads the tables from the catalog itself, so that only the migrations
define the schema.
"""

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnClause,
    Connection,
    Engine,
    TableClause,
    column,
    create_engine,
    delete,
    event,
    exists,
    func,
    insert,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import QueuePool

from imsearch.catalog.connection import CATALOG, check, connect, create, translate
from imsearch.catalog.rows import NewContent, NewFile
from imsearch.catalog.space import VectorSpace
from imsearch.sources.paths import as_prefix, below

VARIABLES = 10_000
"""The most values in one IN (...); SQLite's own limit is 32,766."""


class CatalogWriter:
    """The catalog of one library, for writing. The caller must hold the write lock."""

    def __init__(self, folder: Path) -> None:
        """Open the catalog in ``folder``. Raises what `imsearch.catalog.reader.CatalogReader` raises."""
        path = folder / CATALOG
        check(path)
        self._engine = _engine(path)
        self._tables = _tables(self._engine)

    @classmethod
    def create(cls, folder: Path) -> "CatalogWriter":
        """Create an empty catalog in ``folder``, in one move: an interruption leaves no catalog behind."""
        create(folder)
        return cls(folder)

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    # Roots and vector spaces

    def add_root(self, path: bytes, inode: int) -> None:
        """Add a folder to the roots, in place of roots inside it; a folder inside another root is not added."""
        roots = self._tables["roots"]
        with self._engine.begin() as connection:
            known = connection.scalars(select(roots.c.path)).all()
            if any(path.startswith(as_prefix(root)) for root in known):
                return
            connection.execute(delete(roots).where(_below(roots.c.path, path)))
            connection.execute(
                upsert(roots).values(path=path, inode=inode).on_conflict_do_update(set_={"inode": inode})
            )

    def add_space(
        self, model: str, fingerprint: str, dimensions: int, precision: str, *, regions: bool = False
    ) -> None:
        """Add a vector space for a model; with ``regions`` pictures in it need vectors of their regions too."""
        values = {
            "model": model,
            "fingerprint": fingerprint,
            "dimensions": dimensions,
            "precision": precision,
            "regions": regions,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(self._tables["spaces"]).values(values))

    def want_regions(self, model: str) -> None:
        """Require regions in the vector space of a model: from now on pictures without their regions are incomplete."""
        spaces = self._tables["spaces"]
        with self._engine.begin() as connection:
            connection.execute(update(spaces).where(spaces.c.model == model).values(regions=True))

    # Files

    def write(self, new_files: Sequence[NewFile], new_contents: Sequence[NewContent], space: VectorSpace) -> None:
        """Store one batch, all or nothing. Every digest of a file must be in the catalog or among the new contents."""
        with self._engine.begin() as connection:
            self._write_contents(connection, new_contents, space)
            ids = self._content_ids(connection, {file.digest for file in new_files if file.digest is not None})
            rows = [_file_values(file, ids) for file in new_files]
            if rows:
                statement = upsert(self._tables["files"])
                changed = {name: statement.excluded[name] for name in rows[0] if name != "path"}
                connection.execute(statement.on_conflict_do_update(set_=changed), rows)

    def _write_contents(self, connection: Connection, new: Sequence[NewContent], space: VectorSpace) -> None:
        if not new:
            return
        names = ("digest", "size", "width", "height", "format", "taken")
        facts = [{name: getattr(content, name) for name in names} for content in new]
        connection.execute(upsert(self._tables["contents"]).on_conflict_do_nothing(), facts)
        ids = self._content_ids(connection, {content.digest for content in new})
        vectors = [values for content in new for values in _embedding_values(content, ids[content.digest], space.id)]
        connection.execute(upsert(self._tables["embeddings"]).on_conflict_do_nothing(), vectors)
        self._write_hashes(
            connection, {ids[content.digest]: content.hash for content in new if content.hash is not None}
        )

    def add_hashes(self, hashes: Mapping[bytes, bytes]) -> None:
        """Store perceptual hashes by the digests of contents. Contents that are not in the catalog, or have a hash, are
        left out."""
        with self._engine.begin() as connection:
            ids = self._content_ids(connection, set(hashes))
            self._write_hashes(connection, {id_: hashes[digest] for digest, id_ in ids.items()})

    def _write_hashes(self, connection: Connection, hashes: Mapping[int, bytes]) -> None:
        rows = [{"content_id": content, "hash": each} for content, each in hashes.items()]
        if rows:
            connection.execute(upsert(self._tables["hashes"]).on_conflict_do_nothing(), rows)

    def _content_ids(self, connection: Connection, digests: set[bytes]) -> dict[bytes, int]:
        contents = self._tables["contents"]
        found: dict[bytes, int] = {}
        for part in _parts(list(digests)):
            query = select(contents.c.digest, contents.c.id).where(contents.c.digest.in_(part))
            found.update((row.digest, row.id) for row in connection.execute(query))
        return found

    def remove_files(self, paths: Iterable[bytes]) -> int:
        """Remove files, and contents that no file holds any more. Returns the number of files that were removed."""
        files = self._tables["files"]
        removed = 0
        with self._engine.begin() as connection:
            for part in _parts(list(paths)):
                removed += connection.execute(delete(files).where(files.c.path.in_(part))).rowcount
            self._sweep(connection)
        return removed

    def remove_below(self, path: bytes) -> int:
        """Remove all files and roots at or below a path. Returns the number of files that were removed."""
        files, roots = self._tables["files"], self._tables["roots"]
        with self._engine.begin() as connection:
            connection.execute(delete(roots).where(_below(roots.c.path, path)))
            removed = connection.execute(delete(files).where(_below(files.c.path, path))).rowcount
            self._sweep(connection)
        return removed

    def _sweep(self, connection: Connection) -> None:
        """Remove contents that no file holds."""
        files, contents = self._tables["files"], self._tables["contents"]
        connection.execute(delete(contents).where(~exists().where(files.c.content_id == contents.c.id)))

    def forget_departures(self, number: int, space: VectorSpace) -> None:
        """Remove the departures of a space up to ``number``: its vector index does not hold those vectors any more."""
        departures = self._tables["departures"]
        with self._engine.begin() as connection:
            connection.execute(
                delete(departures).where(departures.c.number <= number, departures.c.space_id == space.id)
            )

    # Decisions

    def add_different(self, pairs: Collection[tuple[bytes, bytes]]) -> int:
        """Add pairs of digests of different pictures, the lower of each pair first. Returns how many are new."""
        different = self._tables["different_pairs"]
        rows = [{"first": first, "second": second} for first, second in pairs]
        with self._engine.begin() as connection:
            before = connection.scalar(select(func.count()).select_from(different)) or 0
            if rows:
                connection.execute(upsert(different).on_conflict_do_nothing(), rows)
            return (connection.scalar(select(func.count()).select_from(different)) or 0) - before

    def forget_different(self, pairs: Collection[tuple[bytes, bytes]]) -> int:
        """Remove pairs of digests of different pictures. Returns how many were removed."""
        different = self._tables["different_pairs"]
        with self._engine.begin() as connection:
            return sum(
                connection.execute(
                    delete(different).where(different.c.first == first, different.c.second == second)
                ).rowcount
                for first, second in pairs
            )


def _engine(path: Path) -> Engine:
    """An engine with a single connection, whose transactions begin explicitly."""
    engine = create_engine("sqlite://", creator=functools.partial(connect, path), poolclass=QueuePool, pool_size=1)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine, "handle_error")
    def raise_ours(context: ExceptionContext) -> None:
        translation = translate(context.original_exception, path)
        if translation is not None:
            raise translation from context.original_exception

    return engine


def _tables(engine: Engine) -> dict[str, TableClause]:
    """The tables of the catalog by name. Reflection by SQLAlchemy would also read keys and types, which statements do
    not need, and takes 10 ms."""
    query = """SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
        WHERE tables.type = 'table'"""
    columns: dict[str, list[ColumnClause[Any]]] = defaultdict(list)
    with engine.connect() as connection:
        for of_table, name in connection.exec_driver_sql(query):
            columns[of_table].append(column(name))
    return {name: table(name, *its) for name, its in columns.items()}


def _below(paths: Any, path: bytes) -> Any:
    """SQL condition: one of ``paths`` is ``path`` or lies below it. It is a range, so that SQLite uses the index."""
    begin, end = below(path)
    return or_(paths == path, (paths >= begin) & (paths < end))


def _embedding_values(content: NewContent, content_id: int, space_id: int) -> Iterator[dict[str, Any]]:
    """The rows of the embeddings of a picture: of the whole picture, then of its regions."""
    for number, (box, vector) in enumerate([(None, content.vector), *content.regions]):
        yield {
            "space_id": space_id,
            "content_id": content_id,
            "vector": vector.astype("<f2").tobytes(),
            "region": number,
            "region_x": box and box.x,
            "region_y": box and box.y,
            "region_width": box and box.width,
            "region_height": box and box.height,
        }


def _file_values(file: NewFile, ids: dict[bytes, int]) -> dict[str, Any]:
    state = "ok" if file.digest else "unreadable" if file.reason else "other"
    return {
        "path": file.path,
        "size": file.size,
        "mtime_ns": file.mtime_ns,
        "state": state,
        "reason": file.reason,
        "content_id": ids[file.digest] if file.digest else None,
        "retry": file.retry,
    }


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, len(values), VARIABLES):
        yield values[at : at + VARIABLES]
