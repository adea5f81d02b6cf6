"""The order of an index run: scan, compare, read, embed, store."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from imsearch.catalog.rows import FileRow, NewContent, NewFile, Space
from imsearch.catalog.writer import Store
from imsearch.errors import UsageError
from imsearch.images import formats
from imsearch.indexing.decoding import DecodePool
from imsearch.indexing.reading import Decoded, Failed, Known, NotAPicture, Outcome, Task, Vanished
from imsearch.indexing.regions import RegionEmbedder
from imsearch.models.model import Embedder
from imsearch.search.ranking import check_fingerprint
from imsearch.sources.folders import FolderSource
from imsearch.sources.paths import SEPARATOR, outermost
from imsearch.sources.source import Found, Stamp, Unreachable
from imsearch.types.events import Listener, Progress, Scanned, Skip
from imsearch.types.libraries import IndexReport

BATCH_FILES = 64
"""Files that are embedded and stored together, in one transaction; more where the model takes more at once."""

BATCH_FILES_WITH_REGIONS = 16
"""Fewer where each is embedded many times and comes with megabytes of pixels."""

LOOKUP = 1024
"""Files whose sizes are looked up in the catalogue at once."""

NEVER = -1
"""The time of change of no file: a row that has it is read again by the next run."""


@dataclass(slots=True)
class Changes:
    """What a scan finds different from the catalogue. ``to_read`` pairs files with their old row, if any."""

    to_read: list[tuple[Found, FileRow | None]] = field(default_factory=list)
    gone: list[FileRow] = field(default_factory=list)
    unreachable: list[Unreachable] = field(default_factory=list)
    unchanged: int = 0
    kept: int = 0


def compare(
    found: Iterable[Found | Unreachable], known: Iterable[FileRow], *, retry_failed: bool, changes: Changes
) -> None:
    """Add to ``changes`` what differs between a scan and the catalogue, both in the order of path bytes."""
    rows = iter(known)
    row = next(rows, None)
    for item in found:
        while row is not None and row.path < item.path:
            changes.gone.append(row)
            row = next(rows, None)
        if isinstance(item, Unreachable):
            changes.unreachable.append(item)
            while row is not None and _covers(item, row.path):
                changes.kept += 1
                row = next(rows, None)
            continue
        old = row if row is not None and row.path == item.path else None
        if old is not None:
            row = next(rows, None)
        if old is not None and _unchanged(item, old, retry_failed):
            changes.unchanged += 1
        else:
            changes.to_read.append((item, old))
    while row is not None:
        changes.gone.append(row)
        row = next(rows, None)


def _covers(item: Unreachable, path: bytes) -> bool:
    return path.startswith(item.path) if item.path.endswith(SEPARATOR) else path == item.path


def _unchanged(item: Found, old: FileRow, retry_failed: bool) -> bool:
    if retry_failed and old.state == "unreadable":
        return False
    return old.complete and item.stamp == Stamp(old.size, old.mtime_ns)


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that are stored together: each with its old row, if any, and what reading it gave.

    ``fresh`` are the pictures among them that are being embedded, and ``contents`` what will come of that.
    """

    files: list[tuple[Found, FileRow | None, Outcome]]
    fresh: list[Decoded]
    contents: Future[list[NewContent]]


class IndexRun:
    """One run over some roots, writing to ``store``.

    ``open_embedder`` is called only if there is something to read; ``model_name`` tells its space before that.
    ``workers`` processes decode, or as many as there are cores. Where the space is to have regions, ``open_activity``
    opens the network that chooses them.
    """

    def __init__(
        self,
        store: Store,
        model_name: str,
        open_embedder: Callable[[], Embedder],
        listener: Listener,
        workers: int | None = None,
        open_activity: Callable[[], Embedder] | None = None,
    ) -> None:
        self._store = store
        self._model_name = model_name
        self._open_embedder = open_embedder
        self._listener = listener
        self._workers = workers
        self._open_activity = open_activity
        self._done = 0
        self._counts: Counter[str] = Counter()
        self._gone: Counter[bytes] = Counter()

    def run(
        self, roots: Sequence[bytes], *, exclude: Sequence[str], include_hidden: bool, retry_failed: bool
    ) -> IndexReport:
        """Bring the catalogue up to date with what lies under ``roots``, and report."""
        started = time.monotonic()
        changes = self._look(roots, exclude, include_hidden, retry_failed)
        self._gone.update(row.digest for row in changes.gone if row.digest is not None)
        self._listener(Scanned(len(changes.to_read), changes.unchanged, len(changes.gone)))
        if changes.to_read:
            self._read(changes.to_read)
        removed = self._store.remove_files(row.path for row in changes.gone)
        return IndexReport(
            added=self._counts["added"],
            updated=self._counts["updated"],
            unchanged=changes.unchanged,
            moved=self._counts["moved"],
            removed=removed - self._counts["moved"],
            skipped=self._counts["skipped"],
            kept=changes.kept,
            embedded=self._counts["embedded"],
            seconds=time.monotonic() - started,
        )

    def _look(
        self, roots: Sequence[bytes], exclude: Sequence[str], include_hidden: bool, retry_failed: bool
    ) -> Changes:
        changes = Changes()
        space = self._store.space_of(self._model_name)
        inodes = self._store.roots()
        for root in outermost(roots):
            reason = _out_of_reach(root, inodes.get(root))
            if reason is not None:
                if not any(True for _ in self._store.file_rows(root, space)):
                    raise UsageError(f"{os.fsdecode(root)}: {reason}")
                changes.kept += sum(1 for _ in self._store.file_rows(root, space))
                self._skip(root, f"{reason}; what is known below it stays (`imsearch remove` forgets it)")
                continue
            self._store.add_root(root, os.stat(root).st_ino)
            library = os.path.abspath(os.fsencode(self._store.path.parent))
            source = FolderSource(root, tuple(exclude), include_hidden, without=library)
            compare(source.listing(), self._store.file_rows(root, space), retry_failed=retry_failed, changes=changes)
        for item in changes.unreachable:
            if item.path.endswith(SEPARATOR) or formats.claims_to_be_a_picture(item.path):
                self._skip(item.path, item.reason)
        return changes

    def _read(self, to_read: list[tuple[Found, FileRow | None]]) -> None:
        """Read, embed and store, all at once: while one batch is stored the next is in the model, and those after
        that are being decoded."""
        embedder = self._open_embedder()
        space = ensure_space(self._store, embedder, regions=self._open_activity is not None)
        regions = RegionEmbedder(embedder, self._open_activity()) if self._open_activity is not None else None
        size = max(BATCH_FILES, 2 * embedder.batch_size)  # two calls, as an accelerator loads one while it runs one
        if regions is not None:
            size = BATCH_FILES_WITH_REGIONS
        model = ThreadPoolExecutor(1, thread_name_prefix="imsearch-embed")
        try:
            with DecodePool(embedder.model.preprocessing, self._workers, regions=regions is not None) as pool:
                outcomes = pool.map(self._tasks(to_read, space), ahead=2 * size)
                files = ((found, old, outcome) for (found, old), outcome in zip(to_read, outcomes, strict=True))
                embedding: Batch | None = None
                while part := list(islice(files, size)):
                    fresh = self._fresh(part, space, embedding)
                    following = Batch(part, fresh, model.submit(_embed, embedder, regions, fresh))
                    if embedding is not None:
                        self._store_batch(embedding, space, len(to_read))
                    embedding = following
                if embedding is not None:
                    self._store_batch(embedding, space, len(to_read))
        finally:
            model.shutdown(cancel_futures=True)

    def _tasks(self, to_read: list[tuple[Found, FileRow | None]], space: Space) -> Iterator[Task]:
        for at in range(0, len(to_read), LOOKUP):
            part = [found for found, _ in to_read[at : at + LOOKUP]]
            known = self._store.known_digests({found.stamp.size for found in part}, space)
            for found in part:
                yield Task(found.path, known.get(found.stamp.size, frozenset()))

    def _fresh(
        self, files: list[tuple[Found, FileRow | None, Outcome]], space: Space, embedding: Batch | None
    ) -> list[Decoded]:
        """The pictures that have no vector yet and will not get one with the batch before; each content once."""
        decoded = {outcome.digest: outcome for _, _, outcome in files if isinstance(outcome, Decoded)}
        known = self._store.known_digests({outcome.stamp.size for outcome in decoded.values()}, space)
        coming = {outcome.digest for outcome in embedding.fresh} if embedding is not None else set()
        return [
            outcome
            for digest, outcome in decoded.items()
            if digest not in coming and digest not in known.get(outcome.stamp.size, frozenset())
        ]

    def _store_batch(self, batch: Batch, space: Space, total: int) -> None:
        self._store.write(
            [row for found, _, outcome in batch.files if (row := _file_row(found, outcome)) is not None],
            batch.contents.result(),
            space,
        )
        self._counts["embedded"] += len(batch.fresh)
        for found, old, outcome in batch.files:
            self._count(found, old, outcome)
        self._done += len(batch.files)
        self._listener(Progress(self._done, total, self._counts["embedded"], self._counts["skipped"]))

    def _count(self, found: Found, old: FileRow | None, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self._skip(found.path, outcome.reason)
        elif isinstance(outcome, Decoded | Known):
            if old is not None:
                # A file that only wanted the vector of another model is new to that model's space.
                same = (found.stamp.size, found.stamp.mtime_ns, old.state) == (old.size, old.mtime_ns, "ok")
                self._counts["added" if same else "updated"] += 1
            elif self._gone[outcome.digest] > 0:
                self._gone[outcome.digest] -= 1
                self._counts["moved"] += 1
            else:
                self._counts["added"] += 1

    def _skip(self, path: bytes, reason: str) -> None:
        self._counts["skipped"] += 1
        self._listener(Skip(os.fsdecode(path), reason))


def _embed(embedder: Embedder, regions: RegionEmbedder | None, pictures: list[Decoded]) -> list[NewContent]:
    if not pictures:
        return []
    vectors = embedder.embed(np.stack([picture.pixels for picture in pictures]))
    contents = [_content(picture, vector) for picture, vector in zip(pictures, vectors, strict=True)]
    if regions is None:
        return contents
    parts = regions.embed((p.whole, p.width, p.height) for p in pictures if p.whole is not None)
    return [replace(content, regions=its) for content, its in zip(contents, parts, strict=True)]


def _out_of_reach(root: bytes, inode: int | None) -> str | None:
    """Why a root cannot be scanned now. An empty folder with another inode than before is a mount point with
    nothing mounted on it."""
    try:
        status = os.stat(root)
        if os.path.isdir(root):
            with os.scandir(root) as entries:
                empty = next(entries, None) is None
            if empty and inode is not None and status.st_ino != inode:
                return "an empty folder stands in its place, as when a disk is not mounted"
    except FileNotFoundError:
        return "no such file or folder"
    except OSError as exc:
        return (exc.strerror or str(exc)).lower()
    return None


def ensure_space(store: Store, embedder: Embedder, *, regions: bool = False) -> Space:
    """The space of the embedder's model, made if there is none. Raises `ModelMismatchError`."""
    model = embedder.model
    space = store.space_of(model.name)
    if space is None:
        return store.add_space(model.name, model.fingerprint, model.dimensions, embedder.precision, regions=regions)
    check_fingerprint(space, model)
    return space


def check_precision(space: Space | None, precision: str | None) -> None:
    """Raise `UsageError` where ``precision`` is asked for and ``space`` has vectors of another."""
    if space is not None and precision not in (None, space.precision):
        raise UsageError(
            f"the library's vectors of '{space.model}' are in {space.precision}, not {precision}: leave out "
            f"--precision, or index into a new library (--library DIR --precision {precision})"
        )


def _file_row(found: Found, outcome: Outcome) -> NewFile | None:
    if isinstance(outcome, Vanished):
        return None
    stamp = outcome.stamp or found.stamp
    if isinstance(outcome, Failed) and outcome.passing:
        return NewFile(found.path, stamp.size, NEVER, reason=outcome.reason)
    if isinstance(outcome, Failed):
        return NewFile(found.path, stamp.size, stamp.mtime_ns, reason=outcome.reason)
    digest = None if isinstance(outcome, NotAPicture) else outcome.digest
    return NewFile(found.path, stamp.size, stamp.mtime_ns, digest)


def _content(outcome: Decoded, vector: NDArray[np.float32]) -> NewContent:
    return NewContent(
        digest=outcome.digest,
        size=outcome.stamp.size,
        width=outcome.width,
        height=outcome.height,
        format=outcome.format,
        taken=outcome.taken,
        vector=vector,
    )
