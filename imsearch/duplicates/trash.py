"""Moving files to the system's trash: the only module that imports Send2Trash.

Right before a file goes, its bytes and those of the file that stays for it are read anew. The log knows of every file
before it goes, so that a process may be killed at any time: what was moved can be brought back, and the rows of those
files leave the catalog with the next index run.
"""

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterable

from imsearch.backends.backend import Backend
from imsearch.duplicates.checks import same_as_indexed
from imsearch.duplicates.log import Outcome, TrashLog
from imsearch.duplicates.plan import Companion, Move, Plan, planned
from imsearch.sources.digests import digest_of_file
from imsearch.types.duplicates import DuplicateGroup
from imsearch.types.events import Moved, Skip
from imsearch.types.listeners import Listener, ignore
from imsearch.types.reports import TrashReport


def trash(
    backend: Backend,
    groups: Iterable[DuplicateGroup],
    under: str | os.PathLike[str] | None = None,
    *,
    edited: bool = False,
    dry_run: bool = False,
    listener: Listener = ignore,
) -> TrashReport:
    """Move the files that groups propose to the trash, with what belongs to them, and remove them from the library.

    With ``under``, only files at or below it; with ``edited``, edited copies too; with ``dry_run``, only say what would
    be moved. The listener gets a `Moved` event for each picture that may go. Raises `LibraryLockedError` while another
    process writes.
    """
    plan = planned(groups, under, edited=edited)
    return plan.report() if dry_run else _carried_out(backend, plan, listener)


def _carried_out(backend: Backend, plan: Plan, listener: Listener) -> TrashReport:
    mover = _Mover(TrashLog(backend.folder), plan.companions)
    with backend.writing() as session:
        writer = session.writer()
        try:
            for done, move in enumerate(plan.moves, 1):
                mover.move(move)
                listener(Moved(done, len(plan.moves)))
        finally:  # after an interruption, the files moved so far are removed from the library too
            writer.remove_files(map(os.fsencode, [*mover.moved, *mover.companions]))
    return TrashReport(
        tuple(mover.moved), mover.size, (*plan.skipped, *mover.skipped), plan.linked, tuple(mover.companions)
    )


def _send(path: str) -> None:
    from send2trash import send2trash  # imported here, as it may load libraries of the desktop

    send2trash(path)


class _Mover:
    """One run: what it has ``moved`` so far, the ``companions`` that went along, and what it ``skipped``."""

    def __init__(self, log: TrashLog, companions: Iterable[Companion]) -> None:
        self._log = log
        self._belonging: dict[str, list[Companion]] = defaultdict(list)
        for companion in companions:
            for owner in companion.owners:
                self._belonging[owner].append(companion)
        self.moved: list[str] = []
        self.companions: list[str] = []
        self.skipped: list[Skip] = []
        self.size = 0

    def move(self, move: Move) -> None:
        """Move a picture and what goes along with it, or note why it stays."""
        try:
            self._move_picture(move)
        except OSError as exc:
            self._skip(move.file.path, exc)
        else:
            self._take_along(move.file.path, move.stays.path)

    def _move_picture(self, move: Move) -> None:
        """Raises `OSError` where the file must not go, or where moving it fails."""
        same_as_indexed(move.file, "it")
        same_as_indexed(move.stays, f"the file to keep, {move.stays.path},")
        self._send(move.file.path, move.file.digest, move.file.size, move.stays.path, None)
        self.moved.append(move.file.path)

    def _take_along(self, owner: str, kept: str) -> None:
        """Move the companions of a file that is gone, unless they belong to another one that is still there."""
        for companion in self._belonging[owner]:
            if not companion.owners <= {*self.moved, *self.companions}:
                continue
            try:
                self._move_companion(companion, owner, kept)
            except OSError as exc:
                self._skip(companion.path, exc)
            else:
                self._take_along(companion.path, kept)

    def _move_companion(self, companion: Companion, owner: str, kept: str) -> None:
        """Raises `OSError` where the file must not go, or where moving it fails."""
        digest = digest_of_file(companion.path)
        if companion.same is not None and digest != digest_of_file(companion.same):
            raise OSError(f"it holds other bytes than {companion.same}")
        self._send(companion.path, digest.hex(), companion.size, companion.same or kept, owner)
        self.companions.append(companion.path)

    def _send(self, path: str, digest: str, size: int, kept: str, beside: str | None) -> None:
        number = self._log.intend(path, digest, size, kept, beside)
        try:
            _send(path)
        except OSError:
            self._tell("left", number)
            raise
        self.size += size
        self._tell("moved", number)

    def _tell(self, outcome: Outcome, number: str) -> None:
        with contextlib.suppress(OSError):  # the intent is on the disk, and whether the file is there tells the rest
            self._log.tell(outcome, number)

    def _skip(self, path: str, exc: OSError) -> None:
        self.skipped.append(Skip(path, exc.strerror or str(exc)))
