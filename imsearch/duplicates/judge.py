"""The judge of duplicates: whether two pictures of the library are copies of each other, for many pairs."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from imsearch.duplicates.judging import Question
from imsearch.verify.proof import copies_as_wholes, copies_by_features
from imsearch.verify.verifier import Verifier

PAIRS_AT_ONCE = 512
"""Pairs whose features are in memory together, some 50 MB at the most."""

FEATURES_SCORE = 0.85
"""Score from which features are looked for: most copies below are turned, blurred or recoloured, and whole."""

Seen = TypeVar("Seen")


class FeatureJudge:
    """Judges pairs by what `Verifier` keeps of their pictures: as wholes first, which takes a tenth of the time."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def copies(self, pairs: Iterable[Question]) -> Iterator[bool]:
        """For each pair in turn, whether both show the same photograph. A file that cannot be read is no copy."""
        remaining = iter(pairs)
        while part := list(itertools.islice(remaining, PAIRS_AT_ONCE)):
            verdicts = self._judged(part, self._verifier.looks, copies_as_wholes)
            closer = [at for at, pair in enumerate(part) if not verdicts[at] and pair.score >= FEATURES_SCORE]
            found = self._judged([part[at] for at in closer], self._verifier.features, copies_by_features)
            for at, verdict in zip(closer, found, strict=True):
                verdicts[at] = verdict
            yield from verdicts

    def _judged(
        self,
        pairs: Sequence[Question],
        see: Callable[[list[tuple[bytes, bytes]]], list[Seen | None]],
        compare: Callable[[Seen, Sequence[Seen]], list[bool]],
    ) -> list[bool]:
        paths = {side.digest: side.path for pair in pairs for side in (pair.first, pair.second)}
        seen = dict(zip(paths, see(list(paths.items())), strict=True))

        def judged(group: list[Question]) -> list[bool]:
            one, others = seen[group[0].first.digest], [seen[pair.second.digest] for pair in group]
            if one is None:
                return [False] * len(others)
            verdicts = iter(compare(one, [other for other in others if other is not None]))
            return [other is not None and next(verdicts) for other in others]

        groups = [list(group) for _, group in itertools.groupby(pairs, key=lambda pair: pair.first.digest)]
        with self._verifier.comparing():
            return list(itertools.chain.from_iterable(self._verifier.threads.map(judged, groups)))
