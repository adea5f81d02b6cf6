"""The pairs that are proposed as copies, by three channels: vectors, perceptual hashes and visual words."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from imsearch.catalog.space import VectorSpace
from imsearch.duplicates import hash_pairs, word_pairs
from imsearch.duplicates.groups import Pair
from imsearch.duplicates.known_pairs import KnownPairs
from imsearch.types.listeners import Listener
from imsearch.vectors.hash_index import LIMIT, ContentHashes
from imsearch.vectors.index import VectorIndex
from imsearch.vectors.word_index import ContentWords

if TYPE_CHECKING:
    from imsearch.verify.words import Description

NEIGHBORS = 3
"""With how many of its nearest pictures, by vectors, each picture is paired."""

COPY_SCORE = 0.75
"""The cosine similarity from which such a pair is proposed."""

LIKELY = 4.5
"""The score from which pairs that share words are judged first: 98 of 100 copies share as much with their original."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """What pairs are proposed from: the ``digests`` of the contents of a library by their ids, their vectors in a
    ``space`` and its ``index``, their ``hashes`` and ``descriptions``, and the pairs that are ``known`` from earlier
    searches."""

    digests: Mapping[int, bytes]
    space: VectorSpace
    index: VectorIndex
    hashes: ContentHashes
    descriptions: Mapping[int, "Description"]
    known: KnownPairs
    listener: Listener

    def near(self, least: float) -> list[Pair]:
        """Pairs by vectors, with a cosine similarity of ``least`` or more, and by hashes."""
        by_vectors = self.known.near_pairs(self.space, self.index, self.listener, k=NEIGHBORS, least=least)
        by_hashes = self.known.content_pairs(
            "hash",
            (hash_pairs.NEIGHBORS, LIMIT),
            self._digests(self.hashes.contents.tolist()),
            partial(hash_pairs.hash_pairs, self.hashes),
        )
        return _each_once([*by_vectors.contents(self.space), *by_hashes.pairs()])

    def copies(self, near: Iterable[Pair]) -> list[Pair]:
        """All pairs that may be copies, in the best order for judging them: pairs by words, then ``near`` pairs."""
        by_words = self.known.content_pairs(
            "word",
            (word_pairs.NEIGHBORS,),
            self._digests(self.descriptions),
            partial(
                word_pairs.word_pairs, ContentWords.of({key: each.words for key, each in self.descriptions.items()})
            ),
        )
        return _each_once([*self._in_order(by_words.pairs(closely=True)), *near])

    def _digests(self, contents: Collection[int]) -> dict[int, bytes]:
        return {content: self.digests[content] for content in contents if content in self.digests}

    def _in_order(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Pairs by words: first the likely ones, those of a probable original together, then the rest by their scores.

        With an original all others are to be judged anyway. Most derivatives share more with it than with each other.
        """
        shared = defaultdict[int, float](float)
        for pair in pairs:
            for end in pair[:2]:
                shared[end] += pair.score
        rank = {end: (self._standing(end), value) for end, value in shared.items()}

        def place(pair: Pair) -> tuple[object, ...]:
            likely = pair.score >= LIKELY
            standing, value = max(rank[end] for end in pair[:2]) if likely else (0, 0.0)
            return (not likely, -standing, -value, -pair.score, pair)

        return sorted(pairs, key=place)

    def _standing(self, content: int) -> int:
        return self.descriptions[content].standing if content in self.descriptions else 0


def _each_once(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs without those whose pictures an earlier one has."""
    found: dict[tuple[int, int], Pair] = {}
    for pair in pairs:
        found.setdefault(pair[:2], pair)
    return list(found.values())
