"""Bringing back what was moved to the trash, as the log of the library tells it."""

import os
import sys
from collections.abc import Iterable, Sequence

from imsearch.backends.backend import Backend, WriteSession
from imsearch.catalog.rows import NewFile
from imsearch.duplicates.freedesktop import Trash, put_back
from imsearch.duplicates.log import TrashLog
from imsearch.errors import LibraryError
from imsearch.sources.digests import digest_of_file
from imsearch.sources.paths import is_below
from imsearch.sources.source import Stamp
from imsearch.types.events import Skip
from imsearch.types.reports import RestoreReport, TrashedFile


def trashed(backend: Backend) -> list[TrashedFile]:
    """The files that were moved to the trash and not brought back, the last one first."""
    return [*TrashLog(backend.folder).trashed().values()][::-1]


def restore(backend: Backend, paths: Sequence[str | os.PathLike[str]]) -> RestoreReport:
    """Bring back the files at or below any of these paths, or all where there are none.

    Raises `LibraryNotFoundError`, `LibraryError` on systems whose trash cannot be read, and `LibraryLockedError` while
    another process writes.
    """
    backend.catalog()
    log = TrashLog(backend.folder)
    below = [os.path.abspath(os.fsencode(path)) for path in paths]
    with backend.writing() as session:
        wanted = {
            number: file
            for number, file in reversed(log.trashed().items())
            if not below or any(is_below(os.fsencode(file.path), path) for path in below)
        }
        if not wanted:
            return RestoreReport((), ())
        _check_platform(backend, log)
        restored, skipped = _restored(log, wanted)
        return RestoreReport(
            tuple(file.path for file in restored), tuple(skipped), tuple(_indexed(backend, session, restored))
        )


def _check_platform(backend: Backend, log: TrashLog) -> None:
    if sys.platform.startswith(("darwin", "win")):
        raise LibraryError(
            f"the trash of this system cannot be read: bring the files back on the desktop; {log.path} lists them",
            library=backend.address,
        )


def _restored(log: TrashLog, wanted: dict[str, TrashedFile]) -> tuple[list[TrashedFile], list[Skip]]:
    """The files that were brought back, and the other files with the reasons why they were not."""
    trash = Trash(os.fsencode(file.path) for file in wanted.values())
    restored, skipped = [], []
    for number, file in wanted.items():
        try:
            back = _bring_back(file, trash)
        except OSError as exc:
            skipped.append(Skip(file.path, exc.strerror or str(exc)))
            continue
        log.tell("restored", number)
        if back:
            restored.append(file)
    return restored, skipped


def _bring_back(file: TrashedFile, trash: Trash) -> bool:
    """Bring a file back. Returns False where it is there already. Raises `OSError` where it stays in the trash."""
    path = os.fsencode(file.path)
    if os.path.lexists(path):
        if os.path.isfile(path) and _holds(path, file):
            return False
        raise FileExistsError("another file is there now")
    entry = next((entry for entry in trash.entries(path) if _holds(entry.file, file)), None)
    if entry is None:
        raise FileNotFoundError("it is not in the trash any more")
    put_back(entry, path)
    return True


def _holds(path: bytes, file: TrashedFile) -> bool:
    """Whether a file has the bytes that a file had when it was moved."""
    try:
        return os.path.getsize(path) == file.size and digest_of_file(os.fsdecode(path)).hex() == file.digest
    except OSError:
        return False


def _indexed(backend: Backend, session: WriteSession, restored: Iterable[TrashedFile]) -> list[str]:
    """Take those files into the library of whose bytes it has a copy. Returns the paths of the other pictures."""
    catalog = backend.catalog()
    rows: list[NewFile] = []
    waiting: list[str] = []
    for file in restored:
        if catalog.path_of(bytes.fromhex(file.digest)) is not None:
            stamp = Stamp.of(os.stat(file.path))
            rows.append(NewFile(os.fsencode(file.path), stamp.size, stamp.mtime_ns, bytes.fromhex(file.digest)))
        elif file.beside is None:
            waiting.append(file.path)
    if rows:
        session.writer().write(rows, [], catalog.spaces()[0])
    return waiting
