"""The judge of duplicates: whether two pictures of the library are copies of each other, for many pairs."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from imsearch.duplicates.judging import Side
from imsearch.verifying.features import Features
from imsearch.verifying.proof import compare
from imsearch.verifying.verifier import Verifier

PAIRS_AT_ONCE = 512
"""Pairs whose features are in memory together, some 50 MB at the most."""


class FeatureJudge:
    """Judges pairs by what `Verifier` keeps of their pictures."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def copies(self, pairs: Iterable[tuple[Side, Side]]) -> Iterator[bool]:
        """For each pair in turn, whether both show the same photograph. A file that cannot be read is no copy."""
        remaining = iter(pairs)
        while part := list(itertools.islice(remaining, PAIRS_AT_ONCE)):
            paths = {side.digest: side.path for pair in part for side in pair}
            found = self._verifier.features(list(paths.items()))
            features = dict(zip(paths, found, strict=True))
            groups = [list(group) for _, group in itertools.groupby(part, key=lambda pair: pair[0].digest)]
            asked = [
                (features[group[0][0].digest], [features[second.digest] for _, second in group]) for group in groups
            ]
            for verdicts in self._verifier.threads.map(lambda each: _copies(*each), asked):
                yield from verdicts


def _copies(first: Features | None, others: Sequence[Features | None]) -> list[bool]:
    there = [other for other in others if other is not None]
    comparisons = iter(compare(first, there) if first is not None else ())
    verdicts = []
    for other in others:
        comparison = next(comparisons) if first is not None and other is not None else None
        verdicts.append(comparison is not None and comparison.is_copy)
    return verdicts
