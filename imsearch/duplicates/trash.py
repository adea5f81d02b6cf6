"""Moving files to the system's trash: the only module that imports Send2Trash.

A file is moved only if it and the file that is kept are as they were when they were indexed, the kept one can be read,
and they are two files.
"""

import os
from collections.abc import Iterable
from typing import Protocol

from imsearch.backends.backend import Backend
from imsearch.sources.paths import is_below
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup, TrashReport
from imsearch.types.events import Skip


def send(path: str) -> None:
    """Move a file to the trash. Raises `OSError` where that fails."""
    from send2trash import send2trash  # with the libraries of the desktop, where there is one

    send2trash(path)


class Mover(Protocol):
    """Takes files away."""

    def move(self, path: str) -> None:
        """Take one away. Raises `OSError` where that fails."""


class DryRun:
    """Leaves files where they are."""

    def move(self, path: str) -> None:
        """Leave it."""


class SystemTrash:
    """Moves files to the trash, and remembers which."""

    def __init__(self) -> None:
        self.moved: list[bytes] = []

    def move(self, path: str) -> None:
        """Move one. Raises `OSError` where that fails."""
        send(path)
        self.moved.append(os.fsencode(path))


def trash(backend: Backend, groups: Iterable[DuplicateGroup], under: bytes | None) -> TrashReport:
    """Move every file but the kept one of each group to the trash, and forget them; with ``under``, only files at or
    below that path.

    Raises `LibraryLockedError` while another process writes.
    """
    mover = SystemTrash()
    with backend.writing() as session:
        writer = session.writer()
        try:
            return clear(groups, under, mover)
        finally:  # also of what was moved before an interruption
            writer.remove_files(mover.moved)


def clear(groups: Iterable[DuplicateGroup], under: bytes | None, mover: Mover) -> TrashReport:
    """Have every file but the kept one of each group moved; with ``under``, only files at or below that path."""
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
    """Whether a file is a link, hard or symbolic, to the kept one, so that moving it would free nothing.

    Raises `OSError` unless both are as they were when they were indexed.
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
