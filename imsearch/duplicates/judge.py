"""Judging pairs: whether two pictures of the library are copies of each other."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from imsearch import verify
from imsearch.verify.contents import Content
from imsearch.verify.opening import Verification

if TYPE_CHECKING:
    from imsearch.verify.cores import Cores
    from imsearch.verify.store import FeatureStore

Seen = TypeVar("Seen")

PAIRS_AT_ONCE = 512
"""Pairs whose features are in memory together: at most some 50 MB."""

FEATURES_SCORE = 0.85
"""The score from which features are compared: most copies that score less are turned, blurred or recolored but whole,
and are recognized by their appearance."""


@dataclass(frozen=True, slots=True)
class PicturePair:
    """Two pictures that may be copies of each other; ``score`` is their cosine similarity."""

    first: Content
    second: Content
    score: float


class PairJudge(Protocol):
    """Decides whether pairs of pictures are copies."""

    def copies(self, pairs: Iterable[PicturePair]) -> Iterator[bool]:
        """For each pair, in order, whether both show the same photograph; False where a file cannot be read."""


class FeatureJudge:
    """Judges pairs by appearance first, which takes a tenth of the time, and undecided pairs by local features."""

    def __init__(self, store: "FeatureStore", cores: "Cores") -> None:
        self._store = store
        self._cores = cores

    @classmethod
    def of(cls, verification: Verification) -> "FeatureJudge | None":
        """A judge that uses a library's verifier; None where OpenCV is not installed."""
        if not verify.available():
            return None
        verifier = verification.verifier()
        return cls(verifier.store, verifier.cores)

    def copies(self, pairs: Iterable[PicturePair]) -> Iterator[bool]:
        """For each pair, in order, whether both show the same photograph; False where a file cannot be read."""
        remaining = iter(pairs)
        while batch := list(itertools.islice(remaining, PAIRS_AT_ONCE)):
            verdicts = self._as_wholes(batch)
            undecided = [at for at, pair in enumerate(batch) if not verdicts[at] and pair.score >= FEATURES_SCORE]
            for at, verdict in zip(undecided, self._by_features([batch[at] for at in undecided]), strict=True):
                verdicts[at] = verdict
            yield from verdicts

    def _as_wholes(self, pairs: Sequence[PicturePair]) -> list[bool]:
        from imsearch.verify.proof import copies_as_wholes  # imports OpenCV, which need not be installed

        contents = _contents(pairs)
        return self._compared(copies_as_wholes, pairs, _by_digest(contents, self._store.appearances(contents)))

    def _by_features(self, pairs: Sequence[PicturePair]) -> list[bool]:
        from imsearch.verify.proof import copies_by_features  # imports OpenCV, which need not be installed

        contents = _contents(pairs)
        return self._compared(copies_by_features, pairs, _by_digest(contents, self._store.features(contents)))

    def _compared(
        self,
        compare: Callable[[Seen, Sequence[Seen]], list[bool]],
        pairs: Sequence[PicturePair],
        seen: Mapping[bytes, Seen],
    ) -> list[bool]:
        """For each pair, in order, whether ``compare`` finds that it is a pair of copies. ``seen`` holds appearances or
        features by digest, without those of unreadable pictures."""
        readable = [pair for pair in pairs if pair.first.digest in seen and pair.second.digest in seen]
        groups = [list(group) for _, group in itertools.groupby(readable, key=lambda pair: pair.first.digest)]
        firsts = [seen[group[0].first.digest] for group in groups]
        seconds = [[seen[pair.second.digest] for pair in group] for group in groups]
        verdicts = itertools.chain.from_iterable(self._cores.compare(compare, firsts, seconds))
        copies = {pair for pair, verdict in zip(readable, verdicts, strict=True) if verdict}
        return [pair in copies for pair in pairs]


def _contents(pairs: Sequence[PicturePair]) -> list[Content]:
    """Each content of the pairs once."""
    return list({content.digest: content for pair in pairs for content in (pair.first, pair.second)}.values())


def _by_digest(contents: Sequence[Content], seen: Sequence[Seen | None]) -> dict[bytes, Seen]:
    return {content.digest: each for content, each in zip(contents, seen, strict=True) if each is not None}
