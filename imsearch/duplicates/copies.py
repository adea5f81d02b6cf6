"""Finding groups of edited copies: near pairs are judged until the groups are known."""

import os
from collections.abc import Collection, Iterator, Sequence

from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import HeldFile
from imsearch.duplicates.files import files_by_content
from imsearch.duplicates.groups import Pair, Rounds, grouped
from imsearch.duplicates.judge import PairJudge, PicturePair
from imsearch.types.events import Judged
from imsearch.types.listeners import Listener
from imsearch.verify.contents import Content

PAIRS_AT_ONCE = 2048
"""Pairs whose files are looked up in the catalog at once."""

_DELETED = Content(b"", b"")
"""A placeholder for a content that was removed from the library after the pairs were found."""


class CopyFinder:
    """Groups pictures of a library that are copies of each other, by the verdicts of a judge."""

    def __init__(self, catalog: CatalogReader, judge: PairJudge, listener: Listener) -> None:
        self._catalog = catalog
        self._judge = judge
        self._listener = listener

    def groups(self, pairs: Sequence[Pair], different: Collection[tuple[int, int]]) -> list[list[int]]:
        """Groups of two or more contents that are copies, found among ``pairs``. No group has both contents of a pair
        in ``different``.

        The listener gets a `Judged` event for each pair that was judged.
        """
        rounds = Rounds(pairs, different)
        done = 0
        while asked := rounds.next_round():
            verdicts: list[bool] = []
            for verdict in self._judge.copies(self._picture_pairs(asked)):
                verdicts.append(verdict)
                done += 1
                self._listener(Judged(done, len(pairs)))
            rounds.settle(asked, verdicts)
        return grouped(rounds.copies, different)

    def _picture_pairs(self, pairs: Sequence[Pair]) -> Iterator[PicturePair]:
        for begin in range(0, len(pairs), PAIRS_AT_ONCE):
            part = pairs[begin : begin + PAIRS_AT_ONCE]
            files = files_by_content(self._catalog, {end for pair in part for end in pair[:2]})
            pictures = {content: _picture(held) for content, held in files.items()}
            for first, second, score in part:
                yield PicturePair(pictures.get(first, _DELETED), pictures.get(second, _DELETED), score)


def _picture(files: Sequence[HeldFile]) -> Content:
    """A content, to be read from the first of its files that exists."""
    file = next((file for file in files if os.path.isfile(file.path)), files[0])
    return Content(file.digest, file.path)
