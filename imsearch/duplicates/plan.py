"""What would be moved to the trash: of each group the files proposed, with the files that belong to them.

Every file that goes has one that stays: the same bytes where there are any, else the file to keep. No file that another
one relies on goes, whatever groups they are in.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from imsearch.duplicates.checks import Digests, readable, same_bytes, unchanged
from imsearch.duplicates.companions import Surroundings, is_raw
from imsearch.sources.paths import is_below
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup
from imsearch.types.events import Skip
from imsearch.types.reports import TrashReport


@dataclass(frozen=True, slots=True)
class Move:
    """A picture that is to go, and the file of its group that stays in its place. ``chosen`` holds the paths of all
    files that stay because a person chose so."""

    file: DuplicateFile
    stays: DuplicateFile
    chosen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Companion:
    """A file that goes along with the pictures at ``owners``, once all of them are gone; ``size`` is in bytes.

    ``same`` is a file with the same bytes that stays; None for a sidecar, which needs none.
    """

    path: str
    owners: frozenset[str]
    size: int
    same: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be moved, and what is not, with the reasons; the fields are like those of a `TrashReport`."""

    moves: tuple[Move, ...]
    companions: tuple[Companion, ...]
    skipped: tuple[Skip, ...]
    linked: tuple[str, ...]

    def report(self) -> TrashReport:
        """The report of a run in which everything goes as planned."""
        return TrashReport(
            tuple(move.file.path for move in self.moves),
            sum(move.file.size for move in self.moves) + sum(each.size for each in self.companions),
            self.skipped,
            self.linked,
            tuple(each.path for each in self.companions),
        )


class _StaysError(Exception):
    """A file is not moved, for this reason."""


class _LinkedError(Exception):
    """A file is a link to one that stays."""


def planned(
    groups: Iterable[DuplicateGroup], under: str | os.PathLike[str] | None = None, *, edited: bool = False
) -> Plan:
    """The plan for the files that `DuplicateGroup.proposed` gives; with ``under``, only for those at or below it."""
    below = None if under is None else os.path.abspath(os.fsencode(under))
    moves: dict[str, Move] = {}
    skipped: list[Skip] = []
    linked: list[str] = []
    for group in groups:
        going = [
            file
            for file in group.proposed(edited=edited)
            if file.path not in moves and (below is None or is_below(os.fsencode(file.path), below))
        ]
        staying = _Staying(group, {file.path for file in going})
        for file in going:
            try:
                moves[file.path] = staying.move(file)
            except _LinkedError:
                linked.append(file.path)
            except (OSError, _StaysError) as exc:
                skipped.append(Skip(file.path, _reason(exc)))
    left, companions, refused = _with_companions(list(moves.values()))
    return Plan(tuple(left), tuple(companions), (*skipped, *refused), tuple(linked))


class _Staying:
    """The files of a group that stay, the file to keep first."""

    def __init__(self, group: DuplicateGroup, going: set[str]) -> None:
        self._files = [file for file in (group.kept, *group.rest) if file.path not in going]
        self._chosen = frozenset(file.path for file in self._files if group.marked is not None)
        self._places = {place for file in self._files for place in _places(file.path)}

    def move(self, file: DuplicateFile) -> Move:
        """The move of another file of the group.

        Raises `OSError` and `_StaysError` where it must not go, `_LinkedError` where that would free nothing.
        """
        if file.protected:
            raise _StaysError("it lies in a folder whose files are never moved")
        if not self._files:
            raise _StaysError("no file of its group would stay")
        stays = next((other for other in self._files if other.digest == file.digest), self._files[0])
        if is_raw(file.path) and stays.digest != file.digest:
            raise _StaysError(f"it is raw data of a camera, and {stays.path} has other bytes")
        unchanged(file, "it")
        unchanged(stays, f"the file to keep, {stays.path},")
        readable(stays.path)
        if os.path.islink(file.path) or self._places.intersection(_places(file.path)):
            raise _LinkedError
        return Move(file, stays, self._chosen)


def _places(path: str) -> list[tuple[int, int]]:
    """Device and inode of a file, by which all its names are known; empty where it cannot be reached."""
    try:
        status = os.stat(path)
    except OSError:
        return []
    return [(status.st_dev, status.st_ino)]


def _reason(exc: Exception) -> str:
    return (exc.strerror if isinstance(exc, OSError) else None) or str(exc)


def _with_companions(moves: list[Move]) -> tuple[list[Move], list[Companion], list[Skip]]:
    """Those of the moves that lose nothing, what goes along with them, and why others stay.

    A picture that stays may keep its companions, and with them other pictures. So this is repeated until none is left
    that stays.
    """
    beside, digests = Surroundings(), Digests()
    refused: list[Skip] = []
    while True:
        attempt = _Attempt(moves, beside, digests)
        reasons = dict(attempt.refusals())
        refused += [Skip(path, reason) for path, reason in reasons.items()]
        moves = [move for move in moves if move.file.path not in reasons]
        if not reasons:
            return moves, attempt.companions(), refused


class _Attempt:
    """What goes along if all of these moves are made."""

    def __init__(self, moves: Sequence[Move], beside: Surroundings, digests: Digests) -> None:
        self._moves = moves
        self._beside = beside
        self._digests = digests
        self._going = {move.file.path for move in moves}
        self._relied = {name for move in moves for name in _names(move.stays.path)}
        self._owners: dict[str, set[str]] = defaultdict(set)
        self._same: dict[str, str] = {}

    def refusals(self) -> Iterator[tuple[str, str]]:
        """The paths of pictures that must stay, with the reasons."""
        for move in self._moves:
            try:
                self._take_along(move)
            except (OSError, _StaysError) as exc:
                yield move.file.path, _reason(exc)

    def companions(self) -> list[Companion]:
        """What goes along with the moves, in the order of the paths."""
        gone = self._going | set(self._owners)
        owners_of: dict[str, set[str]] = defaultdict(set, self._owners)
        for path in gone:
            for sidecar in self._beside.sidecars(path):
                owners_of[sidecar].update({path}, self._beside.owners(sidecar))
        return [
            Companion(path, frozenset(owners), os.path.getsize(path), self._same.get(path))
            for path, owners in sorted(owners_of.items(), key=lambda each: os.fsencode(each[0]))
            if owners <= gone and path not in self._relied and _is_file(path)
        ]

    def _take_along(self, move: Move) -> None:
        """Note the raw data and the film beside a picture, which go along. Raises `_StaysError` where they would be
        lost."""
        path, stays = move.file.path, move.stays.path
        if self._relied.intersection(_names(path)):
            raise _StaysError("it is kept in the place of another file")
        shot = self._beside.shot(path)
        others = {other for other in shot.pictures if other != path and other not in shot.partners(path)}
        if path in shot.pictures and others - self._going:
            return  # a picture that stays keeps them
        for partner in shot.partners(path):
            if partner in self._going or partner in move.chosen or not _is_file(partner):
                continue
            same = self._same.get(partner) or self._same_beside(stays, partner)
            if same is None:
                raise _StaysError(f"{os.path.basename(partner)} beside it is nowhere else")
            if self._relied.intersection(_names(partner)):
                raise _StaysError(f"{os.path.basename(partner)} beside it is kept in the place of another file")
            self._same[partner] = same
            self._relied.update(_names(same))
            self._owners[partner].add(path)

    def _same_beside(self, stays: str, partner: str) -> str | None:
        """The file beside the one that stays that has the bytes of a partner, and stays as well."""
        for other in self._beside.shot(stays).like(partner):
            goes = any(name in self._going or name in self._owners for name in _names(other))
            if not goes and same_bytes(other, partner, self._digests):
                return other
        return None


def _names(path: str) -> set[str]:
    """A path, and the one that it leads to through links."""
    return {path, os.path.realpath(path)}


def _is_file(path: str) -> bool:
    """Whether there is a file at a path, and no link."""
    return os.path.isfile(path) and not os.path.islink(path)
