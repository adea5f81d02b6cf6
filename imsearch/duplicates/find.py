"""The search for duplicates: near pairs, verdicts, groups, and the file of each group to keep.

Exact copies share a content, so the catalog knows them already. Edited copies are found by judging pairs that are
proposed. Series are made of near pictures that are not copies; of each group of copies, they have the file to keep.
"""

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import HeldFile
from imsearch.duplicates import series
from imsearch.duplicates.copies import CopyFinder
from imsearch.duplicates.families import Family, Member
from imsearch.duplicates.files import by_folder, files_by_content, group_of
from imsearch.duplicates.groups import Pair, reached
from imsearch.duplicates.judge import PairJudge
from imsearch.duplicates.keep import Candidate, choose, rules_named
from imsearch.duplicates.proposals import COPY_SCORE, Proposals
from imsearch.errors import UsageError
from imsearch.sources.paths import is_below
from imsearch.types.duplicates import DuplicateGroup, GroupKind
from imsearch.types.listeners import Listener
from imsearch.types.options import DuplicateOptions

Different = Sequence[tuple[int, int]]
"""Pairs of contents that the user marked as different."""


class FindDuplicates:
    """One search for duplicates in a library. Without a judge only exact copies and series are found."""

    def __init__(
        self,
        catalog: CatalogReader,
        proposals: Proposals,
        judge: PairJudge | None,
        options: DuplicateOptions,
        listener: Listener,
    ) -> None:
        """Raises `UsageError` for rules that do not exist."""
        self._catalog = catalog
        self._proposals = proposals
        self._judge = judge
        self._listener = listener
        self._options = options
        self._rules = rules_named(options.keep, [_absolute(folder) for folder in options.prefer])
        self._under = None if options.under is None else _absolute(options.under)

    def run(self) -> list[DuplicateGroup]:
        """The groups: copies, then versions, then series, each kind sorted by first path.

        Raises `UsageError` for a path at or below which nothing is indexed.
        """
        if self._under is not None and not self._catalog.knows_below(self._under):
            path = os.fsdecode(self._under)
            raise UsageError(f"the library knows no picture at or below {path}", argument="under", value=path)
        different = self._catalog.different_contents()
        near = self._near()
        families = self._families(near, different)
        groups = self._copies(families) + self._versions(families)
        if self._options.series:
            groups += self._series(near, families, different)
        return groups

    def _near(self) -> list[Pair]:
        """Pairs of near pictures, as far as they are needed."""
        if self._judge is not None:
            return self._proposals.near(COPY_SCORE)
        return self._proposals.near(series.SCORE) if self._options.series else []

    def _families(self, near: Sequence[Pair], different: Different) -> list[Family]:
        if self._judge is None:
            return []
        finder = CopyFinder(self._catalog, self._judge, self._rules, self._listener)
        wanted = None if self._under is None else self._catalog.contents_below(self._under).tolist()
        pairs = self._proposals.copies(near)
        return finder.families(pairs, different, near=wanted, within_folder=self._options.within_folder)

    def _copies(self, families: Sequence[Family]) -> list[DuplicateGroup]:
        """Groups of copies: families that have some, and other contents that several files hold."""
        groups: list[DuplicateGroup] = []
        for family in families:
            held = [file for content in (family.content, *family.copies) for file in family.files[content]]
            groups += self._group("copies", held, family.kept, family.reason, family.copies)
        grouped = {content for family in families for content in family.files}
        shared = [content for content in self._catalog.shared_contents().tolist() if content not in grouped]
        for files in files_by_content(self._catalog, shared).values():
            for part in by_folder(files) if self._options.within_folder else [files]:
                groups += self._group("copies", part, *self._best(part))
        return sorted(groups, key=_first_path)

    def _versions(self, families: Sequence[Family]) -> list[DuplicateGroup]:
        """Groups of versions, in which each family is represented by the file that is kept of it."""
        kept = {family.content: family.kept for family in families}
        groups: list[DuplicateGroup] = []
        for family in families:
            versions = {
                content: member
                for content, member in family.versions.items()
                if not (self._options.leave_greyscale and "color" in member.differs)
            }
            held = [family.kept, *(kept[content] for content in versions)]
            groups += self._group("versions", held, family.kept, family.reason, versions)
        return sorted(groups, key=_first_path)

    def _series(self, pairs: Sequence[Pair], families: Sequence[Family], different: Different) -> list[DuplicateGroup]:
        """Series of pictures, of near pairs. Of each family, they have the file to keep."""
        if self._under is not None:
            pairs = reached(pairs, self._catalog.contents_below(self._under).tolist())
        leads = series.Leads(_with_versions(families))
        near = series.near_alike(pairs, leads)
        held = files_by_content(self._catalog, (end for pair in near for end in pair[:2]))
        taken = {content: files[0].taken for content, files in held.items()}
        found = series.series_of(near, leads, taken, different)
        kept = {family.content: family.kept for family in families}
        groups: list[DuplicateGroup] = []
        for group in found:
            files = [kept[lead] if lead in kept else self._best(held[lead])[0] for lead in group if lead in held]
            groups += self._group("series", files, *self._best(files))
        return sorted(groups, key=_first_path)

    def _best(self, files: Sequence[HeldFile]) -> tuple[HeldFile, str]:
        """The file to keep of files that nothing but the catalog tells apart, and the reason."""
        return choose([Candidate(file) for file in files], self._rules)

    def _group(
        self,
        kind: GroupKind,
        files: Sequence[HeldFile],
        kept: HeldFile,
        reason: str,
        members: Mapping[int, Member] = MappingProxyType({}),
    ) -> list[DuplicateGroup]:
        """The group of these files, if it has two or more, which are not names of one file, and was asked for."""
        elsewhere = self._under is not None and not any(is_below(file.path, self._under) for file in files)
        together = self._options.across_folders and len({os.path.dirname(file.path) for file in files}) < 2
        if len(files) < 2 or elsewhere or together or _is_one_file(files):
            return []
        return [group_of(kind, files, kept, reason, members)]


def _with_versions(families: Sequence[Family]) -> list[list[int]]:
    """The contents of each family together with those of its versions, the one that is kept first."""
    by_content = {family.content: family for family in families}
    versions = {content for family in families for content in family.versions}
    return [
        [part for content in (family.content, *family.versions) for part in (content, *by_content[content].copies)]
        for family in families
        if family.content not in versions
    ]


def _is_one_file(files: Sequence[HeldFile]) -> bool:
    """Whether all paths are names of one file, as links are."""
    if len({file.content_id for file in files}) > 1:
        return False
    try:
        first, *others = (os.stat(file.path) for file in files)
    except OSError:
        return False
    return all(os.path.samestat(first, other) for other in others)


def _absolute(path: str | os.PathLike[str]) -> bytes:
    return os.path.abspath(os.fsencode(path))


def _first_path(group: DuplicateGroup) -> bytes:
    return os.fsencode(group.files[0].path)
