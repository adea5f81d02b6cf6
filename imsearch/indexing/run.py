"""An index run: list the files, compare them with the catalog, read and embed what changed, store it."""

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from imsearch.backends.backend import Backend, WriteSession
from imsearch.backends.choice import ModelChoice
from imsearch.catalog.rows import FileRow, NewFile
from imsearch.catalog.space import VectorSpace
from imsearch.embedding.reading import Failed, FileOutcome, Known, NotAPicture, Vanished
from imsearch.errors import UsageError
from imsearch.images import formats
from imsearch.images.unread import kind_named
from imsearch.indexing.changes import Changed, Changes, compare_listing
from imsearch.models.model import Embedder
from imsearch.sources.folders import FolderSource
from imsearch.sources.paths import SEPARATOR, as_prefix, outermost
from imsearch.sources.source import Found, inode_of
from imsearch.types.events import Event, Progress, Scanned, Skip
from imsearch.types.listeners import Listener
from imsearch.types.options import IndexOptions
from imsearch.types.reports import IndexReport
from imsearch.vectors.follower import Follower

if TYPE_CHECKING:
    from imsearch.embedding.pipeline import Batch


class IndexRun:
    """A run over folders, which brings a library up to date with them. If it ends early, what it has stored is kept."""

    def __init__(self, backend: Backend, model: ModelChoice, options: IndexOptions, listener: Listener) -> None:
        self._backend = backend
        self._model = model
        self._options = options
        self._listener = listener
        self._counts: Counter[str] = Counter()
        self._done = 0
        self._unread: Counter[str] = Counter()
        self._gone: Counter[bytes] = Counter()  # digests of files that are gone: a new file with one of them was moved

    def run(self, named: Sequence[str | os.PathLike[str]]) -> IndexReport:
        """Bring the library up to date with the folders ``named``; without any, with all that were indexed before.

        Raises `UsageError` for folders that do not exist and for options that do not fit the library,
        `LibraryLockedError` while another process writes, `ModelMismatchError` where the model is not the one that made
        the library's vectors, and `UnsupportedModelError` where regions are asked for and the model cannot choose them.
        """
        started = time.monotonic()
        folders = self._checked(named)
        with self._backend.writing() as session:
            self._prepare(session)
            roots = folders or list(self._backend.catalog().roots())
            if not roots:
                raise UsageError("name a folder to index: this library knows none yet", argument="folders")
            changes = self._compared(session, roots)
            self._tell(Scanned(len(changes.to_read), changes.unchanged, len(changes.gone)))
            self._gone.update(row.digest for row in changes.gone if row.digest is not None)
            if changes.to_read:
                self._read(session, changes.to_read)
            removed = session.writer().remove_files(row.path for row in changes.gone)
            renamed = self._forget_moved_roots(session, roots)
        return IndexReport(
            added=max(0, self._counts["added"] - renamed),
            updated=self._counts["updated"],
            unchanged=changes.unchanged,
            moved=self._counts["moved"] + renamed,
            removed=removed - self._counts["moved"],
            skipped=self._counts["skipped"],
            kept=changes.kept,
            embedded=self._counts["embedded"],
            seconds=time.monotonic() - started,
            left_out=dict(changes.left_out),
            unread=dict(changes.unread + self._unread),
        )

    def _checked(self, named: Sequence[str | os.PathLike[str]]) -> list[bytes]:
        """The absolute paths of folders. Raises `UsageError` for empty names, and for a run that would leave nothing
        but a new, empty library."""
        if any(str(name) == "" for name in named):
            raise UsageError("an empty name is no folder", argument="folders")
        folders = [os.path.abspath(os.fsencode(name)) for name in named]
        if not self._backend.exists():
            for folder in folders:
                if not os.path.exists(folder):
                    path = os.fsdecode(folder)
                    raise UsageError(f"{path}: no such file or folder", argument="folders", value=path)
            if not folders:
                raise UsageError("name a folder to index: there is no library yet that knows one", argument="folders")
        return folders

    # The vector space and its engines

    def _prepare(self, session: WriteSession) -> None:
        """Open what may fail before anything is changed: an unavailable model then leaves no new library behind, and
        one that cannot choose regions leaves an existing library as it is."""
        space = self._model.space()
        _check_precision(space, self._options.precision)
        if not self._backend.exists():
            self._embedder()
        if self._options.regions and (space is None or not space.regions):
            self._activity()
        writer = session.writer(create=True)
        if self._options.regions and space is not None and not space.regions:
            writer.want_regions(space.model)

    def _embedder(self) -> Embedder:
        return self._model.for_indexing(self._options.tuning, self._listener)

    def _activity(self) -> Embedder:
        return self._model.for_activity(self._options.tuning, self._listener)

    def _opened_space(self, session: WriteSession, embedder: Embedder) -> VectorSpace:
        """The vector space of the model, which is added if there is none. Raises `ModelMismatchError`."""
        model = embedder.model
        space = self._model.space()
        if space is None:
            session.writer().add_space(
                model.name, model.fingerprint, model.dimensions, embedder.precision, regions=self._options.regions
            )
            space = self._model.space()
            assert space is not None
        space.check(model.name, model.fingerprint)
        return space

    # Listing

    def _compared(self, session: WriteSession, roots: Sequence[bytes]) -> Changes:
        changes = Changes()
        catalog, space = self._backend.catalog(), self._model.space()
        inodes = catalog.roots()
        for root in outermost(roots):
            known = catalog.file_rows(root, space)
            reason = _out_of_reach(root, inodes.get(root))
            if reason is not None:
                kept = sum(1 for _ in known)
                if not kept:
                    raise UsageError(f"{os.fsdecode(root)}: {reason}", argument="folders", value=root)
                changes.kept += kept
                self._skip(root, f"{reason}; what is known below it stays")
                continue
            session.writer().add_root(root, inode_of(os.stat(root)))
            source = FolderSource(
                root,
                tuple(self._options.exclude),
                self._options.include_hidden,
                without=os.path.abspath(os.fsencode(self._backend.folder)),
            )
            compare_listing(source.listing(), known, retry_failed=self._options.retry_failed, changes=changes)
        for item in changes.unreachable:
            if item.path.endswith(SEPARATOR) or formats.claims_to_be_a_picture(item.path):
                self._skip(item.path, item.reason)
        return changes

    def _forget_moved_roots(self, session: WriteSession, roots: Sequence[bytes]) -> int:
        """Forget the roots that were moved, and are one of these ``roots`` now: most of their files are in it with the
        same bytes. Returns how many these are."""
        catalog = self._backend.catalog()
        moved = 0
        for new in roots:
            for old in _former_names(new, catalog.roots()):
                rows = list(catalog.file_rows(old, None))
                digests = ((row.digest, catalog.digest_at(_in(new, old, row))) for row in rows)
                there = sum(digest is not None and digest == now for digest, now in digests)
                if 2 * there >= len(rows):
                    session.writer().remove_below(old)
                    moved += there
        return moved

    # Reading and storing

    def _read(self, session: WriteSession, files: Sequence[Changed]) -> None:
        embedder = self._embedder()
        space = self._opened_space(session, embedder)
        pipeline = self._backend.pipeline(
            embedder,
            workers=self._options.threads,
            activity=self._activity() if space.regions else None,
        )
        changed = iter(files)
        with Follower(self._backend.vector_index(space)) as follower:
            for batch in pipeline.batches([file.found for file in files], space):
                rows = [next(changed).old for _ in batch.files]
                self._store(session, batch, rows, space)
                progress = Progress(self._done, len(files), self._counts["embedded"], self._counts["skipped"])
                follower(progress)
                self._tell(progress)

    def _store(self, session: WriteSession, batch: "Batch", rows: Sequence[FileRow | None], space: VectorSpace) -> None:
        """Store one batch and count its files; ``rows`` are the old rows of its files."""
        stored = [
            row
            for (found, outcome), old in zip(batch.files, rows, strict=True)
            if (row := _file_row(found, outcome, old)) is not None
        ]
        session.writer().write(stored, batch.contents, space)
        self._counts["embedded"] += len(batch.contents)
        self._done += len(batch.files)
        for (found, outcome), old in zip(batch.files, rows, strict=True):
            self._count(found, outcome, old)

    def _count(self, found: Found, outcome: FileOutcome, old: FileRow | None) -> None:
        if isinstance(outcome, Failed):
            self._skip(found.path, outcome.reason)
        elif isinstance(outcome, NotAPicture):
            kind = kind_named(found.path)
            self._unread.update([kind] if kind is not None else [])
        elif isinstance(outcome, Known):
            if old is not None:
                # An unchanged file that only lacked vectors, as of another model, counts as added.
                same = (found.stamp.size, found.stamp.mtime_ns, old.state) == (old.size, old.mtime_ns, "ok")
                self._counts["added" if same else "updated"] += 1
            elif self._gone[outcome.digest] > 0:
                self._gone[outcome.digest] -= 1
                self._counts["moved"] += 1
            else:
                self._counts["added"] += 1

    def _skip(self, path: bytes, reason: str) -> None:
        self._counts["skipped"] += 1
        self._tell(Skip(os.fsdecode(path), reason))

    def _tell(self, event: Event) -> None:
        self._listener(event)


def _former_names(new: bytes, inodes: Mapping[bytes, int]) -> list[bytes]:
    """The roots that are not there any more, and had the number in the file system that the folder ``new`` has."""
    if not os.path.exists(new):
        return []
    inode = inode_of(os.stat(new))
    return [old for old, known in inodes.items() if old != new and known == inode and not os.path.lexists(old)]


def _in(new: bytes, old: bytes, row: FileRow) -> bytes:
    """The path that a file below the root ``old`` has below the root ``new``."""
    return as_prefix(new) + row.path[len(as_prefix(old)) :]


def _out_of_reach(root: bytes, inode: int | None) -> str | None:
    """The reason why a root cannot be listed now, None if it can. An empty folder with another ``inode`` than before is
    a mount point with nothing mounted on it."""
    try:
        status = os.stat(root)
        if os.path.isdir(root):
            with os.scandir(root) as entries:
                empty = next(entries, None) is None
            if empty and inode is not None and inode_of(status) != inode:
                return "an empty folder stands in its place, as when a disk is not mounted"
    except FileNotFoundError:
        return "no such file or folder"
    except OSError as exc:
        return (exc.strerror or str(exc)).lower()
    return None


def _check_precision(space: VectorSpace | None, precision: str | None) -> None:
    """Raise `UsageError` if ``precision`` is set and the vectors of ``space`` have another one."""
    if space is not None and precision not in (None, space.precision):
        raise UsageError(
            f"the library's vectors of '{space.model}' are in {space.precision}, not {precision}",
            argument="precision",
            value=precision,
            choices=[space.precision],
        )


def _file_row(found: Found, outcome: FileOutcome, old: FileRow | None) -> NewFile | None:
    """The row to write for a file that was read; None where its old row, if any, stays as it is."""
    if isinstance(outcome, Vanished):
        return None
    stamp = outcome.stamp or found.stamp
    if isinstance(outcome, Failed):
        if outcome.passing and old is not None and old.state == "ok":
            return None  # the file is only out of reach: its row stays, and the next run tries again
        return NewFile(found.path, stamp.size, stamp.mtime_ns, reason=outcome.reason, retry=outcome.passing)
    digest = None if isinstance(outcome, NotAPicture) else outcome.digest
    return NewFile(found.path, stamp.size, stamp.mtime_ns, digest)
