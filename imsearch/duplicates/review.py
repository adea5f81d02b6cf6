"""Reviewing groups of duplicates: the user chooses the file to keep, or marks the pictures as different."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from imsearch.errors import NotInGroupError, OnePictureError, UnknownGroupError, UnknownPictureError
from imsearch.types.duplicates import DuplicateGroup
from imsearch.types.libraries import IndexedPicture
from imsearch.types.probes import Indexed
from imsearch.types.reports import TrashReport

Decision = Literal["kept", "different"]
"""``kept``: one file was kept and the others moved to the trash; ``different``: the pictures are not duplicates."""

BY_HAND = "chosen by hand"
"""The reason for keeping a file that no rule chose."""


class ReviewedLibrary(Protocol):
    """What a review needs of an `imsearch.library.Library`."""

    def picture(self, digest: str) -> IndexedPicture:
        """The files that hold a picture. Raises `UnknownPictureError`."""

    def trash(self, groups: Iterable[DuplicateGroup]) -> TrashReport:
        """Move all but the kept file of each group to the trash."""

    def mark_different(self, *pictures: str | os.PathLike[str] | Indexed) -> int:
        """Remember that pictures are different. Returns how many pairs are new."""

    def forget_different(self, *pictures: str | os.PathLike[str] | Indexed) -> int:
        """Forget that pictures are different. Returns how many pairs were known."""


@dataclass(frozen=True, slots=True)
class ReviewedGroup:
    """A group as it is now. ``number`` counts from 1; ``decision`` is None until the user decides; ``here`` holds the
    paths of the files that the library still has with the same content."""

    number: int
    group: DuplicateGroup
    decision: Decision | None
    here: frozenset[str]


class Review:
    """The groups that a search has found, and the user's decisions about them.

    ``groups`` and ``decisions`` (by number of the group) are changed in place, so that the caller can keep them and
    continue the review later.
    """

    def __init__(
        self,
        library: ReviewedLibrary,
        groups: list[DuplicateGroup],
        decisions: dict[int, Decision] | None = None,
    ) -> None:
        self._library = library
        self._groups = groups
        self._decisions = {} if decisions is None else decisions

    def __len__(self) -> int:
        return len(self._groups)

    def group(self, number: int) -> ReviewedGroup:
        """The group with this number, counted from 1. Raises `UnknownGroupError`."""
        if not 1 <= number <= len(self._groups):
            raise UnknownGroupError(f"there is no group {number}, only {len(self._groups)}", group=number)
        group = self._groups[number - 1]
        return ReviewedGroup(number, group, self._decisions.get(number), self._here(group))

    def keep_file(self, number: int, path: str) -> TrashReport:
        """Keep the file at ``path``: move the other files of the group to the trash.

        Only files that the library still has with the same content are moved. A file is skipped if it, or the file to
        keep, has changed since it was indexed; the group then stays undecided, and can be decided again. Raises
        `UnknownGroupError`, `NotInGroupError`, and what `Library.trash` raises.
        """
        reviewed = self.group(number)
        group = reviewed.group
        place = next((place for place, file in enumerate(group.files) if file.path == path), None)
        if place is None:
            raise NotInGroupError(f"group {number} has no file {path}", group=number, path=path)
        chosen = group.keeping(place, group.reason if place == group.keep else BY_HAND)
        left = tuple(file for file in chosen.files if file.path in reviewed.here or file is chosen.kept)
        report = self._library.trash([replace(chosen, files=left, keep=left.index(chosen.kept))])
        self._groups[number - 1] = chosen
        if not report.skipped:
            self._decisions[number] = "kept"
        return report

    def mark_different(self, number: int) -> int:
        """Remember that the pictures of a group are all different: no later search puts two of them into one group,
        wherever their files are. Returns how many pairs are new.

        Raises `UnknownGroupError`, and `OnePictureError` where all files of the group hold the same bytes.
        """
        pairs = self._library.mark_different(*self._pictures(number))
        self._decisions[number] = "different"
        return pairs

    def forget_different(self, number: int) -> int:
        """Take back `mark_different` for a group. Returns how many pairs were removed. Raises what `mark_different`
        raises."""
        pairs = self._library.forget_different(*self._pictures(number))
        if self._decisions.get(number) == "different":
            del self._decisions[number]
        return pairs

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
