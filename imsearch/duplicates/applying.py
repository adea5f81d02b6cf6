"""From the marks of a review to what moves, and what has come of it. No I/O: a function that is given moves the files.

A file can be in two groups, such as one of copies and a series. So a file that is marked to stay in one group is not
moved on account of another.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from imsearch.duplicates.marks import Mark, ReviewedGroup
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup, Relation
from imsearch.types.events import Skip
from imsearch.types.reports import TrashReport

BY_HAND = "chosen by hand"
"""The reason for keeping a file that no rule chose."""


class Trash(Protocol):
    """Moves the marked files of groups to the trash, as `imsearch.library.Library.trash` does."""

    def __call__(self, groups: Iterable[DuplicateGroup], *, dry_run: bool = False) -> TrashReport:
        """Move the files, or with ``dry_run`` only say which would be moved."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A file that was moved to the trash; ``relation`` compares it with what stays: ``exact`` if a file that stays
    holds the same bytes, else ``edited``, ``version`` or ``alike``."""

    path: str
    size: int
    relation: Relation


@dataclass(frozen=True, slots=True)
class Applied:
    """What has come of marks, or in a plan would come of them.

    ``moved`` are the files of the groups, and ``along`` the paths of others that belong to them and were moved with
    them; ``size`` is that of all of these together, in bytes. ``skipped`` are files that were to be moved and could not
    be; ``linked`` are second names of files that stay. ``settled`` are the numbers of groups that are done with, and
    ``different`` those of groups whose pictures are now known to be different.
    """

    moved: tuple[Moved, ...]
    along: tuple[str, ...]
    size: int
    skipped: tuple[Skip, ...]
    linked: tuple[str, ...]
    settled: tuple[int, ...]
    different: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: ``groups``, by number, each with the files that are marked to go and the files that stay, if
    they are there; ``refused`` are files that cannot go, by the number of their group; ``different`` as in `Applied`.
    """

    groups: dict[int, DuplicateGroup]
    refused: tuple[tuple[int, Skip], ...]
    different: tuple[int, ...]

    def applied(self, trash: Trash, *, dry_run: bool = False) -> Applied:
        """What comes of it. Raises what ``trash`` raises."""
        report = trash([group for group in self.groups.values() if group.marked], dry_run=dry_run)
        going = {file.path: (file, group) for group in self.groups.values() for file in group.proposed()}
        skipped = (*(skip for _, skip in self.refused), *report.skipped)
        unmoved = {skip.path for skip in report.skipped}
        stuck = {number for number, group in self.groups.items() if unmoved & (group.marked or set())}
        stuck |= {number for number, _ in self.refused}
        return Applied(
            moved=tuple(_moved(*going[path]) for path in report.moved),
            along=report.companions,
            size=report.size,
            skipped=skipped,
            linked=report.linked,
            settled=tuple(number for number in self.groups if number not in stuck),
            different=self.different,
        )


def plan_of(reviewed: Iterable[ReviewedGroup]) -> Plan:
    """The plan for groups that are marked."""
    marked = [(each, each.mark) for each in reviewed if each.mark is not None]
    stays_in: dict[str, int] = {}
    for each, mark in marked:
        for path in each.here if mark.different else each.here & mark.keep:
            stays_in.setdefault(path, each.number)
    groups: dict[int, DuplicateGroup] = {}
    refused: list[tuple[int, Skip]] = []
    planned: set[str] = set()
    for each, mark in marked:
        if mark.different:
            continue
        going, refusals = _going(each, mark, stays_in)
        refused += ((each.number, skip) for skip in refusals)
        groups[each.number] = _to_be_moved(each, mark, going - planned)
        planned |= going
    return Plan(groups, tuple(refused), tuple(each.number for each, mark in marked if mark.different))


def _going(each: ReviewedGroup, mark: Mark, stays_in: dict[str, int]) -> tuple[frozenset[str], list[Skip]]:
    """The paths of the files of a group that can go, and the files that cannot go although they are marked to."""
    wanted = each.here - mark.keep
    if mark.keep.isdisjoint(each.here):
        return frozenset(), [Skip(path, "no file that was marked to stay is left") for path in sorted(wanted)]
    held = sorted(path for path in wanted if path in stays_in)
    return wanted.difference(held), [Skip(path, f"it is marked to stay in group {stays_in[path]}") for path in held]


def _to_be_moved(each: ReviewedGroup, mark: Mark, going: Collection[str]) -> DuplicateGroup:
    """The group with the files that are there: one that stays is the file to keep, and the ones that go are marked."""
    group = each.group
    files = tuple(file for file in group.files if file.path in each.here)
    staying = [file for file in files if file.path in mark.keep]
    if not staying:
        return group.marking(())
    kept = group.kept if group.kept in staying else staying[0]
    reason = group.reason if kept is group.kept else BY_HAND
    return replace(group, files=files, keep=files.index(kept)).keeping(files.index(kept), reason).marking(going)


def _moved(file: DuplicateFile, group: DuplicateGroup) -> Moved:
    return Moved(file.path, file.size, "exact" if file.digest in _staying(group) else file.relation)


def _staying(group: DuplicateGroup) -> Sequence[str]:
    """The digests of the files that stay."""
    return [file.digest for file in group.files if file.path not in (group.marked or ())]
