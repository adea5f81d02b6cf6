"""Reviewing groups of duplicates: a person marks what is to become of each group, and applies all marks at the end."""

import os
from collections.abc import Callable, Iterable
from typing import Protocol

from imsearch.duplicates.accept import copies_but, exact_copies
from imsearch.duplicates.applying import Applied, Plan, plan_of
from imsearch.duplicates.marks import Mark, ReviewedGroup, ReviewState
from imsearch.errors import NothingKeptError, NotInGroupError, OnePictureError, UnknownGroupError, UnknownPictureError
from imsearch.sources.paths import is_below
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup
from imsearch.types.libraries import IndexedPicture
from imsearch.types.probes import Indexed
from imsearch.types.reports import TrashReport


class ReviewedLibrary(Protocol):
    """What a review needs of an `imsearch.library.Library`."""

    def picture(self, digest: str) -> IndexedPicture:
        """The files that hold a picture. Raises `UnknownPictureError`."""

    def trash(self, groups: Iterable[DuplicateGroup], *, dry_run: bool = False) -> TrashReport:
        """Move the marked files of each group to the trash."""

    def mark_different(self, *pictures: str | os.PathLike[str] | Indexed) -> int:
        """Remember that pictures are different. Returns how many pairs are new."""

    def forget_different(self, *pictures: str | os.PathLike[str] | Indexed) -> int:
        """Forget that pictures are different. Returns how many pairs were known."""


class Review:
    """The groups that a search has found, and the marks of a person. Nothing is moved or remembered before `apply`.

    ``state`` is changed in place, so that the caller can keep it and continue the review later.
    """

    def __init__(
        self, library: ReviewedLibrary, groups: list[DuplicateGroup], state: ReviewState | None = None
    ) -> None:
        self._library = library
        self._groups = groups
        self._state = ReviewState() if state is None else state

    def __len__(self) -> int:
        return len(self._groups)

    def group(self, number: int) -> ReviewedGroup:
        """The group with this number, counted from 1. Raises `UnknownGroupError`."""
        if not 1 <= number <= len(self._groups):
            raise UnknownGroupError(f"there is no group {number}, only {len(self._groups)}", group=number)
        group = self._groups[number - 1]
        state = self._state
        return ReviewedGroup(number, group, state.mark(number), state.decision(number), self._here(group))

    def keep(self, number: int, paths: Iterable[str]) -> None:
        """Mark the files at ``paths`` to stay, and the others of the group to go to the trash.

        Raises `UnknownGroupError`, `NotInGroupError` for another path, and `NothingKeptError` where none of these files
        is still there.
        """
        keep = frozenset(paths)
        reviewed = self.group(number)
        for path in sorted(keep - {file.path for file in reviewed.group.files}):
            raise NotInGroupError(f"group {number} has no file {path}", group=number, path=path)
        if keep.isdisjoint(reviewed.here):
            raise NothingKeptError(f"at least one file of group {number} must stay", group=number)
        self._state.change({number: Mark(keep)})

    def call_different(self, number: int) -> None:
        """Mark the pictures of a group as different: once that is applied, no later search puts two of them into one
        group, wherever their files are.

        Raises `UnknownGroupError`, and `OnePictureError` where all files of the group hold the same bytes.
        """
        self._pictures(number)
        self._state.change({number: Mark(different=True)})

    def unmark(self, number: int) -> None:
        """Take the mark of a group away. Where it was already applied that the pictures are different, forget that.

        Raises `UnknownGroupError`, and what `Library.forget_different` raises.
        """
        reviewed = self.group(number)
        if reviewed.decision == "different":
            self._library.forget_different(*self._pictures(number))
        if reviewed.mark is None:
            self._state.reopen([number])
        self._state.change({number: None})

    def undo(self) -> tuple[int, ...]:
        """Take back the last change of marks, be it of one group or of many. Returns the numbers of its groups."""
        return self._state.undo()

    def accept_exact(self) -> tuple[int, ...]:
        """Mark the exact copies of all groups of copies that are not marked yet: of files with the same bytes one
        stays. Edited copies stay. Returns the numbers of the groups that were marked."""
        return self._accept(exact_copies)

    def accept_keeping(self, folder: str) -> tuple[int, ...]:
        """In all groups of copies that are not marked yet, keep what lies below a folder, and mark the other copies of
        it to go. Returns the numbers of the groups that were marked."""
        return self._accept(lambda group, here: copies_but(group, here, _below(folder)))

    def accept_moving(self, folder: str) -> tuple[int, ...]:
        """In all groups of copies that are not marked yet, mark what lies below a folder to go, where a copy of it lies
        elsewhere. Returns the numbers of the groups that were marked."""
        below = _below(folder)
        return self._accept(lambda group, here: copies_but(group, here, lambda file: not below(file)))

    def plan(self) -> Applied:
        """What `apply` would do now."""
        return self._plan().applied(self._library.trash, dry_run=True)

    def apply(self) -> Applied:
        """Move all files that are marked to go to the trash, and remember which pictures are different.

        Only files that the library still has with the same content are moved. A group of which a file was skipped keeps
        its mark, so that it can be applied again. Raises what `Library.trash` and `Library.mark_different` raise.
        """
        plan = self._plan()
        for number in plan.different:
            self._library.mark_different(*self._pictures(number))
        self._state.settle(dict.fromkeys(plan.different, "different"))
        applied = plan.applied(self._library.trash)
        self._state.settle(dict.fromkeys(applied.settled, "kept"))
        return applied

    def reopen(self, paths: Iterable[str]) -> None:
        """Open the groups of files that are back again, so that they can be marked anew."""
        back = set(paths)
        self._state.reopen(
            number for number, group in enumerate(self._groups, 1) if any(file.path in back for file in group.files)
        )

    def _accept(self, going: Callable[[DuplicateGroup, frozenset[str]], frozenset[str]]) -> tuple[int, ...]:
        marks: dict[int, Mark | None] = {}
        for number, group in enumerate(self._groups, 1):
            if group.kind != "copies" or self._state.mark(number) or self._state.decision(number):
                continue
            here = self._here(group)
            if gone := going(group, here):
                marks[number] = Mark(here - gone)
        self._state.change(marks)
        return tuple(marks)

    def _plan(self) -> Plan:
        return plan_of(self.group(number) for number in self._state.marks())

    def _pictures(self, number: int) -> list[Indexed]:
        """Each picture of a group once. Raises `OnePictureError` where there is only one."""
        digests = dict.fromkeys(file.digest for file in self.group(number).group.files)
        if len(digests) < 2:
            message = f"the files of group {number} hold the same bytes: they are one picture"
            raise OnePictureError(message, group=number)
        return [Indexed(digest) for digest in digests]

    def _here(self, group: DuplicateGroup) -> frozenset[str]:
        paths_of = {digest: self._paths(digest) for digest in {file.digest for file in group.files}}
        return frozenset(file.path for file in group.files if file.path in paths_of[file.digest])

    def _paths(self, digest: str) -> set[str]:
        """The paths of the files that hold a picture; empty where the library has no such picture."""
        try:
            return {file.path for file in self._library.picture(digest).files}
        except UnknownPictureError:
            return set()


def _below(folder: str) -> Callable[[DuplicateFile], bool]:
    """Whether a file lies at or below a folder."""
    path = os.path.abspath(os.fsencode(folder))
    return lambda file: is_below(os.fsencode(file.path), path)
