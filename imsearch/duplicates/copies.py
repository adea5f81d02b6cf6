"""Finding families of copies: near pairs are judged until it is known which picture shows all of which others."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence

from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import HeldFile
from imsearch.duplicates.families import Component, Family
from imsearch.duplicates.files import by_folder, content_of, files_by_content
from imsearch.duplicates.groups import Pair, Rounds, grouped
from imsearch.duplicates.judge import PairJudge, PicturePair
from imsearch.duplicates.keep import Rule
from imsearch.images.facts import PictureFacts
from imsearch.types.events import Judged
from imsearch.types.listeners import Listener
from imsearch.verify.contents import Content
from imsearch.verify.judgment import Judgment

PAIRS_AT_ONCE = 2048
"""Pairs whose files are looked up in the catalog at once."""

_DELETED = Content(b"", b"")
"""A placeholder for a content that was removed from the library after the pairs were found."""


class CopyFinder:
    """Finds the families of copies in a library by the judgments of a judge; ``rules`` choose what to keep.

    A chain of copies does not make a family: each member is judged with the picture that is kept. The listener gets a
    `Judged` event for each pair that was judged.
    """

    def __init__(self, catalog: CatalogReader, judge: PairJudge, rules: Sequence[Rule], listener: Listener) -> None:
        self._catalog = catalog
        self._judge = judge
        self._rules = rules
        self._listener = listener
        self._judged: dict[tuple[int, int], Judgment] = {}
        self._not_as_wholes: dict[tuple[int, int], Judgment] = {}  # local features may still show that they are copies
        self._done = self._total = 0

    def families(
        self,
        pairs: Sequence[Pair],
        different: Collection[tuple[int, int]],
        *,
        near: Collection[int] | None = None,
        within_folder: bool = False,
    ) -> list[Family]:
        """The families that ``pairs``, in the order in which they are best judged, lead to.

        No family has both contents of a pair in ``different``. With ``near``, only those are given to which a chain of
        copies leads from one of these contents. With ``within_folder`` each family has files of one folder only.
        """
        copies = self._copies(pairs, different) if near is None else self._copies_near(pairs, different, near)
        chains = grouped([pair._replace(score=self._judged[pair[:2]].agreement) for pair in copies], different)
        files = files_by_content(self._catalog, {content for chain in chains for content in chain})
        facts = self._facts(files)
        apart = {(min(pair), max(pair)) for pair in different}
        shared = {pair[:2]: pair.score for pair in pairs if pair.closely}
        components = [
            Component(held, facts, self._judged, shared, apart, self._rules)
            for chain in chains
            for held in _parts({content: files[content] for content in chain if content in files}, within_folder)
        ]
        self._complete(components)
        return [family for component in components for family in component.families]

    def _copies(self, pairs: Sequence[Pair], different: Collection[tuple[int, int]]) -> list[Pair]:
        """Pairs of copies, enough of them to know all groups."""
        self._total = self._done + len(pairs)
        rounds = Rounds(pairs, different)
        while asked := rounds.next_round():
            rounds.settle(asked, [judgment.copy for judgment in self._judgments(asked)])
        return rounds.copies

    def _copies_near(
        self, pairs: Sequence[Pair], different: Collection[tuple[int, int]], near: Collection[int]
    ) -> list[Pair]:
        """The same for the groups that have any of some contents: only pairs of these, and of their copies, are
        judged."""
        reached, before = set(near), 0
        copies: list[Pair] = []
        while len(reached) > before:
            before = len(reached)
            copies = self._copies([pair for pair in pairs if not reached.isdisjoint(pair[:2])], different)
            reached.update(content for pair in copies for content in pair[:2])
        return copies

    def _complete(self, components: Sequence[Component]) -> None:
        """Judge what each component still wants to know, until all of them are done."""
        while wanted := sorted({pair for component in components for pair in component.wanted()}):
            self._total += len(wanted)
            self._judgments([Pair(first, second, 1.0, closely=True) for first, second in wanted])
            for component in components:
                component.settle()

    def _judgments(self, pairs: Sequence[Pair]) -> list[Judgment]:
        """The judgments of pairs, of which only those are made that are not known yet."""
        new = [pair for pair in pairs if self._known(pair) is None]
        for pair, judgment in zip(new, self._judge.judgments(self._picture_pairs(new)), strict=True):
            kept = self._judged if judgment.copy or pair.closely else self._not_as_wholes
            kept[pair[:2]] = judgment
            self._done += 1
            self._listener(Judged(self._done, self._total))
        return [judgment for judgment in map(self._known, pairs) if judgment is not None]

    def _known(self, pair: Pair) -> Judgment | None:
        judgment = self._judged.get(pair[:2])
        return self._not_as_wholes.get(pair[:2]) if judgment is None and not pair.closely else judgment

    def _picture_pairs(self, pairs: Sequence[Pair]) -> Iterator[PicturePair]:
        for begin in range(0, len(pairs), PAIRS_AT_ONCE):
            part = pairs[begin : begin + PAIRS_AT_ONCE]
            files = files_by_content(self._catalog, {end for pair in part for end in pair[:2]})
            pictures = {content: content_of(held) for content, held in files.items()}
            for first, second, _, closely in part:
                yield PicturePair(pictures.get(first, _DELETED), pictures.get(second, _DELETED), closely)

    def _facts(self, files: Mapping[int, Sequence[HeldFile]]) -> dict[int, PictureFacts]:
        found = self._judge.facts([content_of(held) for held in files.values()])
        return dict(zip(files, found, strict=True))


def _parts(files: Mapping[int, list[HeldFile]], within_folder: bool) -> list[dict[int, list[HeldFile]]]:
    """The files of a chain, by content: all together, or those of each folder."""
    if not within_folder:
        return [dict(files)]
    folders: dict[bytes, dict[int, list[HeldFile]]] = {}
    for folder in by_folder(file for held in files.values() for file in held):
        part = folders.setdefault(os.path.dirname(folder[0].path), {})
        for file in folder:
            part.setdefault(file.content_id, []).append(file)
    return list(folders.values())
