"""Moving files to the system's trash: the only module that imports Send2Trash.

A file is moved only if it and the file to keep are as they were when they were indexed, if the file to keep can be
read, and if they are not one file under two names.
"""

import os
from collections.abc import Iterable
from typing import Protocol

from imsearch.backends.backend import Backend
from imsearch.sources.paths import is_below
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup
from imsearch.types.events import Skip
from imsearch.types.reports import TrashReport


def send(path: str) -> None:
    """Move a file to the trash. Raises `OSError` where that fails."""
    from send2trash import send2trash  # imported here, as it may load libraries of the desktop

    send2trash(path)


class Mover(Protocol):
    """Moves files to a trash."""

    def move(self, path: str) -> None:
        """Move a file. Raises `OSError` where that fails."""


class DryRun:
    """A `Mover` that leaves files where they are."""

    def move(self, path: str) -> None:
        """Leave the file."""


class SystemTrash:
    """A `Mover` to the system's trash; ``moved`` holds the paths of the files that it has moved."""

    def __init__(self) -> None:
        self.moved: list[bytes] = []

    def move(self, path: str) -> None:
        """Move a file. Raises `OSError` where that fails."""
        send(path)
        self.moved.append(os.fsencode(path))


def trash(backend: Backend, groups: Iterable[DuplicateGroup], under: bytes | None) -> TrashReport:
    """Move all files of each group but the one to keep to the trash, and remove them from the library; with ``under``,
    only files at or below that path.

    Raises `LibraryLockedError` while another process writes.
    """
    mover = SystemTrash()
    with backend.writing() as session:
        writer = session.writer()
        try:
            return clear(groups, under, mover)
        finally:  # after an interruption, the files moved so far are removed from the library too
            writer.remove_files(mover.moved)


def clear(groups: Iterable[DuplicateGroup], under: bytes | None, mover: Mover) -> TrashReport:
    """Move all files of each group but the one to keep, by ``mover``; with ``under``, only files at or below it."""
    moved: list[DuplicateFile] = []
    skipped: list[Skip] = []
    linked: list[str] = []
    for group in groups:
        for file in group.rest:
            if under is not None and not is_below(os.fsencode(file.path), under):
                continue
            try:
                if _is_one(file, group.kept):
                    linked.append(file.path)
                    continue
                mover.move(file.path)
            except OSError as exc:
                skipped.append(Skip(file.path, exc.strerror or str(exc)))
            else:
                moved.append(file)
    return TrashReport(
        tuple(file.path for file in moved), sum(file.size for file in moved), tuple(skipped), tuple(linked)
    )


def _is_one(file: DuplicateFile, kept: DuplicateFile) -> bool:
    """Whether a file is a link, hard or symbolic, to the file to keep, so that moving it would free no space.

    Raises `OSError` unless both files are as they were when they were indexed, and the file to keep can be read.
    """
    status, kept_status = _unchanged(file, "it "), _unchanged(kept, f"the file to keep, {kept.path}, ")
    with open(kept.path, "rb") as opened:
        opened.read(1)
    return os.path.islink(file.path) or os.path.samestat(status, kept_status)


def _unchanged(file: DuplicateFile, name: str) -> os.stat_result:
    try:
        status = os.stat(file.path)
    except OSError as exc:
        raise OSError(f"{name}cannot be reached: {exc.strerror}") from exc
    if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns):
        raise OSError(f"{name}has changed since it was indexed")
    return status
