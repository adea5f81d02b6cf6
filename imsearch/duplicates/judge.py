"""Judging pairs: whether two pictures of the library are copies of each other, and how they lie on each other."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from imsearch import verify
from imsearch.duplicates.looks import Look, completed_by
from imsearch.images.facts import NO_FACTS, PictureFacts
from imsearch.verify.contents import Content
from imsearch.verify.judgment import Judgment
from imsearch.verify.opening import Verification

if TYPE_CHECKING:
    from imsearch.catalog.cache import Cache
    from imsearch.verify.cores import Cores
    from imsearch.verify.proof import Comparison
    from imsearch.verify.store import FeatureStore

Seen = TypeVar("Seen")

PAIRS_AT_ONCE = 512
"""Pairs whose features are in memory together: at most some 70 MB."""


@dataclass(frozen=True, slots=True)
class PicturePair:
    """Two pictures that may be copies of each other, to be compared as wholes, and if ``closely`` by local features."""

    first: Content
    second: Content
    closely: bool


class PairJudge(Protocol):
    """Decides whether pairs of pictures are copies."""

    def judgments(self, pairs: Iterable[PicturePair]) -> Iterator[Judgment]:
        """For each pair, in order, the judgment of its first and its second picture."""

    def facts(self, contents: Sequence[Content]) -> list[PictureFacts]:
        """What the file of each content says about it; nothing where it cannot be read."""


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """A judgment in the cache; ``closely`` says whether features were compared."""

    judgment: Judgment
    closely: bool


_DECODER = msgspec.msgpack.Decoder(_Kept)


class FeatureJudge:
    """Judges pairs by appearance first, which takes less time and aligns whole pictures best, and then, if that shows
    no copies, by local features. Judgments are kept in a ``cache``, so that the next search only looks at what is new.
    """

    def __init__(self, store: "FeatureStore", cores: "Cores", cache: "Cache") -> None:
        self._store = store
        self._cores = cores
        self._cache = cache

    @classmethod
    def of(cls, verification: Verification) -> "FeatureJudge | None":
        """A judge that uses a library's verifier; None where OpenCV is not installed."""
        if not verify.available():
            return None
        verifier = verification.verifier()
        return cls(verifier.store, verifier.cores, verifier.judgments)

    def facts(self, contents: Sequence[Content]) -> list[PictureFacts]:
        """What the file of each content says about it; nothing where it cannot be read."""
        return [NO_FACTS if each is None else each.facts for each in self._store.appearances(contents)]

    def judgments(self, pairs: Iterable[PicturePair]) -> Iterator[Judgment]:
        """For each pair, in order, the judgment of its first and its second picture. Where a file cannot be read, they
        are no copies."""
        remaining = iter(pairs)
        while batch := list(itertools.islice(remaining, PAIRS_AT_ONCE)):
            yield from (each.judgment for each in self._judged(batch))

    def _judged(self, pairs: Sequence[PicturePair]) -> list[_Kept]:
        known = self._known(pairs)
        new = [at for at, each in enumerate(known) if each is None or (pairs[at].closely and not each.closely)]
        made = dict(zip(new, self._as_wholes([pairs[at] for at in new]), strict=True))
        left = [at for at in new if pairs[at].closely and not made[at].closely]
        made |= dict(zip(left, self._by_features([pairs[at] for at in left]), strict=True))
        made = self._looked_at(pairs, made)
        self._keep(pairs, made)
        return [made[at] if each is None or at in made else each for at, each in enumerate(known)]

    def _looked_at(self, pairs: Sequence[PicturePair], made: Mapping[int, _Kept]) -> dict[int, _Kept]:
        """The judgments of copies completed by what only all of their pixels show."""
        copies = {at: each.judgment for at, each in made.items() if each.judgment.copy}
        contents = _contents([pairs[at] for at in copies])
        seen = _by_digest(contents, self._store.appearances(contents))
        looks = {}
        for at, judgment in copies.items():
            first, second = pairs[at].first, pairs[at].second
            if first.digest in seen and second.digest in seen:
                looks[at] = Look(first, second, seen[first.digest], seen[second.digest], judgment)
        completed = zip(looks, self._cores.read(completed_by, looks.values()), strict=True)
        return {**made, **{at: replace(made[at], judgment=judgment) for at, judgment in completed}}

    # The cache

    def _known(self, pairs: Sequence[PicturePair]) -> list[_Kept | None]:
        found = self._cache.get(_key(pair) for pair in pairs)
        return [_DECODER.decode(found[_key(pair)]) if _key(pair) in found else None for pair in pairs]

    def _keep(self, pairs: Sequence[PicturePair], judged: Mapping[int, _Kept]) -> None:
        self._cache.put({_key(pairs[at]): msgspec.msgpack.encode(each) for at, each in judged.items()})

    # Comparing

    def _as_wholes(self, pairs: Sequence[PicturePair]) -> list[_Kept]:
        from imsearch.verify.proof import compare_wholes  # imports OpenCV, which need not be installed

        contents = _contents(pairs)
        found = self._compared(compare_wholes, pairs, _by_digest(contents, self._store.appearances(contents)))
        return [_Kept(judgment, closely=judgment.copy) for judgment in found]

    def _by_features(self, pairs: Sequence[PicturePair]) -> list[_Kept]:
        from imsearch.verify.proof import compare  # imports OpenCV, which need not be installed

        contents = _contents(pairs)
        found = self._compared(compare, pairs, _by_digest(contents, self._store.features(contents)))
        return [_Kept(judgment, closely=True) for judgment in found]

    def _compared(
        self,
        compare: "Callable[[Seen, Sequence[Seen]], Sequence[Comparison | None]]",
        pairs: Sequence[PicturePair],
        seen: Mapping[bytes, Seen],
    ) -> list[Judgment]:
        """The judgment of each pair, in order, by ``compare``. ``seen`` holds appearances or features by digest,
        without those of unreadable pictures."""
        readable = [at for at, pair in enumerate(pairs) if pair.first.digest in seen and pair.second.digest in seen]
        groups = [list(group) for _, group in itertools.groupby(readable, key=lambda at: pairs[at].first.digest)]
        firsts = [seen[pairs[group[0]].first.digest] for group in groups]
        seconds = [[seen[pairs[at].second.digest] for at in group] for group in groups]
        compared = itertools.chain.from_iterable(self._cores.compare(compare, firsts, seconds))
        judgments = {at: Judgment.of(each) for at, each in zip(readable, compared, strict=True)}
        return [judgments.get(at, _NOTHING) for at in range(len(pairs))]


_NOTHING = Judgment()


def _key(pair: PicturePair) -> bytes:
    return pair.first.digest + pair.second.digest


def _contents(pairs: Sequence[PicturePair]) -> list[Content]:
    """Each content of the pairs once."""
    return list({content.digest: content for pair in pairs for content in (pair.first, pair.second)}.values())


def _by_digest(contents: Sequence[Content], seen: Sequence[Seen | None]) -> dict[bytes, Seen]:
    return {content.digest: each for content, each in zip(contents, seen, strict=True) if each is not None}
