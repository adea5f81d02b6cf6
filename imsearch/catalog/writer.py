"""Writing the catalogue, and reading what index runs and lists need: with its tables, the only one with SQLAlchemy.

Every public method is one transaction.
"""

import functools
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
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
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import QueuePool

from imsearch.catalog.connection import connect, create, translate
from imsearch.catalog.reader import PAGE, Reader
from imsearch.catalog.rows import FileRow, NewContent, NewFile, Space
from imsearch.catalog.schema import contents, departures, different_pairs, embeddings, files, roots, spaces
from imsearch.sources.paths import as_prefix, below
from imsearch.types.libraries import FileState

VARIABLES = 10_000
"""Values in one IN (...); SQLite's own limit is 32,766."""


class Store(Reader):
    """The catalogue of one library, to be written too. One process at a time writes."""

    def __init__(self, folder: Path) -> None:
        """Open the catalogue in ``folder``; raises what `Reader` raises."""
        super().__init__(folder)
        self._engine = _engine(self.path)

    @classmethod
    def create(cls, folder: Path) -> "Store":
        """Make an empty catalogue, all at once: an interrupted start leaves none."""
        create(folder)
        return cls(folder)

    def close(self) -> None:
        """Give back the file."""
        self._engine.dispose()
        super().close()

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

    def add_space(
        self, model: str, fingerprint: str, dimensions: int, precision: str, *, regions: bool = False
    ) -> Space:
        """Make room for the vectors of a model, and with ``regions`` for those of parts of pictures."""
        values = {
            "model": model,
            "fingerprint": fingerprint,
            "dimensions": dimensions,
            "precision": precision,
            "regions": regions,
        }
        with self._engine.begin() as connection:
            id_ = connection.scalar(insert(spaces).values(values).returning(spaces.c.id))
        assert id_ is not None
        return Space(id_, model, fingerprint, dimensions, precision, regions)

    def want_regions(self, model: str) -> None:
        """From now on pictures are complete in the space of a model, if there is one, only with their regions."""
        with self._engine.begin() as connection:
            connection.execute(update(spaces).where(spaces.c.model == model).values(regions=True))

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
        """For each size in bytes, the digests of the contents of that size that have their vectors."""
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
            self._write_contents(connection, new_contents, space)
            ids = self._content_ids(connection, {file.digest for file in new_files if file.digest is not None})
            rows = [_file_values(file, ids) for file in new_files]
            if rows:
                statement = upsert(files)
                columns = ("size", "mtime_ns", "state", "reason", "content_id")
                connection.execute(
                    statement.on_conflict_do_update(set_={name: statement.excluded[name] for name in columns}),
                    rows,
                )

    def _write_contents(self, connection: Connection, new: Sequence[NewContent], space: Space) -> None:
        if not new:
            return
        names = ("digest", "size", "width", "height", "format", "taken")
        facts = [{name: getattr(content, name) for name in names} for content in new]
        connection.execute(upsert(contents).on_conflict_do_nothing(), facts)
        ids = self._content_ids(connection, {content.digest for content in new})
        vectors = [values for content in new for values in _embedding_values(content, ids[content.digest], space)]
        connection.execute(upsert(embeddings).on_conflict_do_nothing(), vectors)

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

    def forget_departures(self, number: int, space: Space) -> None:
        """Drop the record of the vectors that left up to ``number``: the candidate file does not hold them any more."""
        table = departures.c
        with self._engine.begin() as connection:
            connection.execute(delete(departures).where(table.number <= number, table.space_id == space.id))

    # Decisions

    def add_different(self, pairs: Collection[tuple[bytes, bytes]]) -> int:
        """Remember pairs of digests, each the lower first, as different pictures. Returns how many are new."""
        rows = [{"first": first, "second": second} for first, second in pairs]
        with self._engine.begin() as connection:
            before = connection.scalar(select(func.count()).select_from(different_pairs)) or 0
            if rows:
                connection.execute(upsert(different_pairs).on_conflict_do_nothing(), rows)
            return (connection.scalar(select(func.count()).select_from(different_pairs)) or 0) - before

    def forget_different(self, pairs: Collection[tuple[bytes, bytes]]) -> int:
        """Take such pairs back. Returns how many there were."""
        table = different_pairs.c
        with self._engine.begin() as connection:
            return sum(
                connection.execute(delete(different_pairs).where(table.first == first, table.second == second)).rowcount
                for first, second in pairs
            )

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


def _engine(path: Path) -> Engine:
    engine = create_engine("sqlite://", creator=functools.partial(connect, path), poolclass=QueuePool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine, "handle_error")
    def raise_ours(context: ExceptionContext) -> None:
        translation = translate(context.original_exception, path)
        if translation is not None:
            raise translation from context.original_exception

    return engine


def _below(column: Any, path: bytes) -> Any:
    """Whether a path is ``path`` or lies below it: a range, so that the index serves it."""
    begin, end = below(path)
    return or_(column == path, (column >= begin) & (column < end))


def _embedded(space: Space | None, content_id: Any) -> Any:
    if space is None:
        return literal_column("0")
    wanted = 1 if space.regions else 0  # a picture has its regions all at once or not at all
    return exists().where(
        embeddings.c.content_id == content_id, embeddings.c.space_id == space.id, embeddings.c.region == wanted
    )


def _embedding_values(content: NewContent, content_id: int, space: Space) -> Iterator[dict[str, Any]]:
    """The rows of a picture as a whole and of its regions."""
    for number, (box, vector) in enumerate([(None, content.vector), *content.regions]):
        yield {
            "space_id": space.id,
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
    }


def _sweep(connection: Connection) -> None:
    connection.execute(delete(contents).where(~exists().where(files.c.content_id == contents.c.id)))


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, len(values), VARIABLES):
        yield values[at : at + VARIABLES]
