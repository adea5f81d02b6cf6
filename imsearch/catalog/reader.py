"""Reading the catalog: its vector spaces, files, contents and decisions.

It is read in plain SQL, as importing SQLAlchemy takes longer than a whole query. Every method reads what is committed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.connection import CATALOG, Connections, check
from imsearch.catalog.hashes import StoredHashes
from imsearch.catalog.rows import FileRow, HeldFile, SpaceRecord
from imsearch.catalog.selection import PAGE, UNDER, marks, parts
from imsearch.catalog.space import COMPLETE, VectorSpace
from imsearch.sources.paths import below

if TYPE_CHECKING:
    from imsearch.types.libraries import FileState


class CatalogReader:
    """The catalog of one library, for reading. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Open the catalog in ``folder``; an older one is migrated first.

        Raises `LibraryNotFoundError`, `LibraryTooNewError` or `CatalogCorruptError`; the file is then left as it is.
        """
        self.path = folder / CATALOG
        check(self.path)
        self._connections = Connections(self.path)

    def close(self) -> None:
        """Close the file."""
        self._connections.close()

    # Vector spaces

    def spaces(self) -> list[VectorSpace]:
        """All vector spaces, the default one first."""
        rows = self._connections.rows(
            "SELECT id, model, fingerprint, dimensions, precision, regions FROM spaces ORDER BY id"
        )
        return [VectorSpace(self._connections, SpaceRecord(*(*row[:-1], bool(row[-1])))) for row in rows]

    def space(self, model: str) -> VectorSpace | None:
        """The vector space of the model with this name, if the library has one."""
        return next((space for space in self.spaces() if space.model == model), None)

    # Files

    def roots(self) -> dict[bytes, int]:
        """The folders that were indexed, each with its inode at that time."""
        return dict(self._connections.rows("SELECT path, inode FROM roots ORDER BY path"))

    def counts(self) -> dict[str, int]:
        """The number of files by state, and under ``pictures`` the number of different pictures that they hold."""
        found = dict(self._connections.rows("SELECT state, count(*) FROM files GROUP BY state"))
        ((found["pictures"],),) = self._connections.rows("SELECT count(DISTINCT content_id) FROM files")
        return found

    def file_rows(self, root: bytes, space: VectorSpace | None) -> Iterator[FileRow]:
        """The files at or below ``root``, in the order of path bytes.

        Without a ``space`` (nothing was embedded yet) no picture is complete.
        """
        complete, values = "state != 'ok'", []
        if space is not None:
            complete += f" OR {COMPLETE.format(content='files.content_id')}"
            values = [space.id, int(space.regions)]
        query = f"""SELECT path, files.size, mtime_ns, state, digest, NOT retry AND ({complete})
            FROM files LEFT JOIN contents ON contents.id = content_id WHERE path {{}} ? AND path < ?
            ORDER BY path LIMIT {PAGE}"""
        for file in self._connections.rows(query.format(">="), (*values, root, root + b"\0")):
            yield _file_row(file)
        begin, end = below(root)
        while rows := self._connections.rows(query.format(">"), (*values, begin, end)):
            yield from map(_file_row, rows)
            begin = rows[-1][0]

    def file_list(self, *, failed: bool) -> "Iterator[tuple[bytes, int, FileState, str | None]]":
        """Path, size, state and reason of each file of a picture, or, if ``failed``, of each unreadable file.

        They come in the order of path bytes.
        """
        query = "SELECT path, size, state, reason FROM files WHERE state = ? AND path > ? ORDER BY path LIMIT ?"
        after = b""
        while rows := self._connections.rows(query, ("unreadable" if failed else "ok", after, PAGE)):
            yield from rows
            after = rows[-1][0]

    def digest_at(self, path: bytes) -> bytes | None:
        """The digest of the content of the file at a path; None where the library has no such picture."""
        query = "SELECT digest FROM files JOIN contents ON contents.id = content_id WHERE path = ?"
        rows = self._connections.rows(query, (path,))
        return rows[0][0] if rows else None

    # Contents

    def shared_contents(self) -> NDArray[np.int64]:
        """Ids of the contents that two or more files hold, int64 (n,)."""
        query = "SELECT content_id FROM files WHERE content_id NOTNULL GROUP BY content_id HAVING count(*) > 1"
        return self._connections.ids(query)

    def contents_below(self, path: bytes) -> NDArray[np.int64]:
        """Ids of the contents of the files at or below a path, int64 (n,)."""
        query = f"SELECT DISTINCT content_id FROM files WHERE content_id NOTNULL AND ({UNDER})"
        return self._connections.ids(query, (path, *below(path)))

    def knows_below(self, path: bytes) -> bool:
        """Whether any file of a picture is at or below a path."""
        query = f"SELECT EXISTS (SELECT 1 FROM files WHERE content_id NOTNULL AND ({UNDER}))"
        ((known,),) = self._connections.rows(query, (path, *below(path)))
        return bool(known)

    def digests(self) -> Iterator[tuple[int, bytes]]:
        """The id and the digest of each content that a file holds, by ascending id."""
        query = """SELECT id, digest FROM contents WHERE id > ? AND id IN (SELECT content_id FROM files)
            ORDER BY id LIMIT ?"""
        after = 0
        while rows := self._connections.rows(query, (after, PAGE)):
            yield from rows
            after = rows[-1][0]

    def held_files(self, contents: NDArray[np.int64]) -> Iterator[HeldFile]:
        """The files that hold these contents, in no order."""
        for part in parts(contents):
            query = f"""SELECT path, files.size, mtime_ns, content_id, digest, width, height, format, taken
                FROM files JOIN contents ON contents.id = content_id WHERE content_id IN ({marks(part)})"""
            yield from (HeldFile(*row) for row in self._connections.rows(query, part))

    def files_of(self, digest: bytes) -> list[HeldFile]:
        """The files that hold the content with this digest, in the order of their paths."""
        ids = self._connections.ids("SELECT id FROM contents WHERE digest = ?", (digest,))
        return sorted(self.held_files(ids), key=lambda file: file.path)

    def path_of(self, digest: bytes) -> bytes | None:
        """The first of the paths of files that hold a content; None where no file does."""
        query = "SELECT min(path) FROM files JOIN contents ON contents.id = content_id WHERE digest = ?"
        ((path,),) = self._connections.rows(query, (digest,))
        found: bytes | None = path
        return found

    def hashes(self) -> StoredHashes:
        """The perceptual hashes of contents."""
        return StoredHashes(self._connections)

    # Decisions

    def different_pairs(self) -> list[tuple[bytes, bytes]]:
        """Digests of the pairs of pictures that the user marked as different, the lower of each pair first."""
        return self._connections.rows("SELECT first, second FROM different_pairs ORDER BY first, second")

    def different_contents(self) -> list[tuple[int, int]]:
        """Ids of the contents of those `different_pairs` of which the library has both contents."""
        query = """SELECT one.id, other.id FROM different_pairs
            JOIN contents AS one ON one.digest = first JOIN contents AS other ON other.digest = second"""
        return self._connections.rows(query)


def _file_row(row: tuple[Any, ...]) -> FileRow:
    return FileRow(*(*row[:-1], bool(row[-1])))
