"""Finding families of copies: near pairs are judged until it is known which picture shows all of which others."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence

from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import HeldFile
from imsearch.duplicates.families import Component, Family
from imsearch.duplicates.files import by_folder, files_by_content
from imsearch.duplicates.groups import Pair, Rounds, grouped
from imsearch.duplicates.judge import PairJudge, PicturePair
from imsearch.duplicates.keep import Rule
from imsearch.images.facts import PictureFacts
from imsearch.types.events import Judged, PairsLeft
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
        self._total = 0

    def families(
        self, pairs: Sequence[Pair], different: Collection[tuple[int, int]], *, within_folder: bool = False
    ) -> list[Family]:
        """The families that ``pairs`` lead to. No family has both contents of a pair in ``different``; with
        ``within_folder`` each family has files of one folder only."""
        self._total = len(pairs)
        rounds = Rounds(pairs, different)
        while asked := rounds.next_round():
            rounds.settle(asked, [judgment.copy for judgment in self._judgments(asked)])
        self._look_closer(rounds)
        chains = grouped(rounds.copies, different)
        files = files_by_content(self._catalog, {content for chain in chains for content in chain})
        facts = self._facts(files)
        apart = {(min(pair), max(pair)) for pair in different}
        components = [
            Component(held, facts, self._judged, apart, self._rules)
            for chain in chains
            for held in _parts({content: files[content] for content in chain if content in files}, within_folder)
        ]
        self._complete(components)
        return [family for component in components for family in component.families]

    def _look_closer(self, rounds: Rounds) -> None:
        """Look again at pairs that could still join two groups, the highest scores first, as long as there is time.
        The listener gets a `PairsLeft` event if that was too short."""
        pairs = [pair for pair in rounds.undecided() if not self._judged[pair[:2]].copy]
        done = 0
        for pair, judgment in zip(pairs, self._judge.closer(self._picture_pairs(pairs)), strict=False):
            self._judged[pair[:2]] = judgment
            rounds.settle([pair], [judgment.copy])
            done += 1
            self._listener(Judged(len(self._judged) - len(pairs) + done, self._total))
        if done < len(pairs):
            self._listener(PairsLeft(len(pairs) - done))

    def _complete(self, components: Sequence[Component]) -> None:
        """Judge what each component still wants to know, until all of them are done."""
        while wanted := sorted({pair for component in components for pair in component.wanted()}):
            self._total += len(wanted)
            for _ in self._judgments([Pair(first, second, 1.0) for first, second in wanted]):
                pass
            for component in components:
                component.settle()

    def _judgments(self, pairs: Sequence[Pair]) -> Iterator[Judgment]:
        for pair, judgment in zip(pairs, self._judge.judgments(self._picture_pairs(pairs)), strict=True):
            self._judged[pair[:2]] = judgment
            self._listener(Judged(len(self._judged), self._total))
            yield judgment

    def _picture_pairs(self, pairs: Sequence[Pair]) -> Iterator[PicturePair]:
        for begin in range(0, len(pairs), PAIRS_AT_ONCE):
            part = pairs[begin : begin + PAIRS_AT_ONCE]
            files = files_by_content(self._catalog, {end for pair in part for end in pair[:2]})
            pictures = {content: _picture(held) for content, held in files.items()}
            for first, second, score in part:
                yield PicturePair(pictures.get(first, _DELETED), pictures.get(second, _DELETED), score)

    def _facts(self, files: Mapping[int, Sequence[HeldFile]]) -> dict[int, PictureFacts]:
        found = self._judge.facts([_picture(held) for held in files.values()])
        return dict(zip(files, found, strict=True))


def _picture(files: Sequence[HeldFile]) -> Content:
    """A content, to be read from the first of its files that exists."""
    file = next((file for file in files if os.path.isfile(file.path)), files[0])
    return Content(file.digest, file.path)


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
