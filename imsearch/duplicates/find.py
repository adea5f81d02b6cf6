"""The search for duplicates: near pairs, verdicts, groups, and the file of each group to keep.

Exact copies share a content, so the catalog knows them already. Edited copies are found by judging pairs of near
neighbors. Series are made of near neighbors that are not copies; of each group of copies, they have the file to keep.
"""

import os
from collections.abc import Sequence

from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import HeldFile
from imsearch.catalog.space import VectorSpace
from imsearch.duplicates import series
from imsearch.duplicates.copies import CopyFinder
from imsearch.duplicates.files import files_by_content, group_of
from imsearch.duplicates.groups import Pair, reached
from imsearch.duplicates.judge import PairJudge
from imsearch.duplicates.keep import choose, rules_named
from imsearch.duplicates.pairs import near_pairs
from imsearch.errors import UsageError
from imsearch.sources.paths import is_below
from imsearch.types.duplicates import DuplicateGroup, GroupKind
from imsearch.types.listeners import Listener
from imsearch.types.options import DuplicateOptions
from imsearch.vectors.index import VectorIndex

COPY_SCORE = 0.75
"""Pairs that score below this are not judged; docs/duplicates.md says what that finds and costs."""

NEIGHBORS = 3
"""How many of its nearest pictures each picture is paired with. More do not help, as copies lead to each other."""

Different = Sequence[tuple[int, int]]
"""Pairs of contents that the user marked as different."""


class FindDuplicates:
    """One search for duplicates in a library. Without a judge only exact copies and series are found."""

    def __init__(
        self,
        catalog: CatalogReader,
        space: VectorSpace,
        index: VectorIndex,
        judge: PairJudge | None,
        options: DuplicateOptions,
        listener: Listener,
    ) -> None:
        """Raises `UsageError` for rules that do not exist."""
        self._catalog = catalog
        self._space = space
        self._index = index
        self._judge = judge
        self._listener = listener
        self._series = options.series
        self._rules = rules_named(options.keep, [_absolute(folder) for folder in options.prefer])
        self._under = None if options.under is None else _absolute(options.under)

    def run(self) -> list[DuplicateGroup]:
        """The groups: those of copies, sorted by their first path, then series, sorted by theirs.

        Raises `UsageError` for a path at or below which nothing is indexed.
        """
        if self._under is not None and not len(self._catalog.contents_below(self._under)):
            path = os.fsdecode(self._under)
            raise UsageError(f"the library knows no picture at or below {path}", argument="under", value=path)
        different = self._catalog.different_contents()
        pairs = self._near_pairs() if self._judge is not None or self._series else []
        copies = self._copies(pairs, different)
        groups = self._copy_groups(copies)
        if self._series:
            groups += self._series_groups(pairs, series.Leads(copies), different)
        return groups

    def _near_pairs(self) -> list[Pair]:
        """Pairs of near contents; with a path, only pairs that a chain of pairs connects with a content there."""
        least = COPY_SCORE if self._judge is not None else series.SCORE
        near = near_pairs(self._space, self._index, self._listener, k=NEIGHBORS, least=least)
        pairs = near.contents(self._space)
        return pairs if self._under is None else reached(pairs, self._catalog.contents_below(self._under).tolist())

    def _copies(self, pairs: Sequence[Pair], different: Different) -> list[list[int]]:
        """Groups of contents that are copies of each other. Another content that several files hold is a group too."""
        groups: list[list[int]] = []
        if self._judge is not None:
            groups = CopyFinder(self._catalog, self._judge, self._listener).groups(pairs, different)
        grouped = {content for group in groups for content in group}
        return groups + [[content] for content in self._catalog.shared_contents().tolist() if content not in grouped]

    def _copy_groups(self, copies: Sequence[Sequence[int]]) -> list[DuplicateGroup]:
        files = files_by_content(self._catalog, (content for group in copies for content in group))
        groups: list[DuplicateGroup] = []
        for contents in copies:
            held = [file for content in contents for file in files.get(content, ())]
            kind: GroupKind = "copy" if len({file.content_id for file in held}) > 1 else "exact"
            groups += self._group(kind, held)
        return sorted(groups, key=_first_path)

    def _series_groups(self, pairs: Sequence[Pair], leads: series.Leads, different: Different) -> list[DuplicateGroup]:
        """Series of pictures. Of each group of copies, they have the file to keep."""
        near = series.near_alike(pairs, leads)
        held = files_by_content(self._catalog, (end for pair in near for end in pair[:2]))
        taken = {content: files[0].taken for content, files in held.items()}
        found = series.series_of(near, leads, taken, different)
        files = files_by_content(
            self._catalog, (content for group in found for lead in group for content in leads.copies_of(lead))
        )
        groups: list[DuplicateGroup] = []
        for group in found:
            copies = [[file for content in leads.copies_of(lead) for file in files.get(content, ())] for lead in group]
            groups += self._group("series", [choose(held, self._rules)[0] for held in copies if held])
        return sorted(groups, key=_first_path)

    def _group(self, kind: GroupKind, files: Sequence[HeldFile]) -> list[DuplicateGroup]:
        """The group of these files, if it has two or more and one of them is where groups were asked for."""
        elsewhere = self._under is not None and not any(is_below(file.path, self._under) for file in files)
        return [] if len(files) < 2 or elsewhere else [group_of(kind, files, self._rules)]


def _absolute(path: str | os.PathLike[str]) -> bytes:
    return os.path.abspath(os.fsencode(path))


def _first_path(group: DuplicateGroup) -> bytes:
    return os.fsencode(group.files[0].path)
