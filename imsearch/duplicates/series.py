"""Series: near-identical pictures that were taken one after the other and are not copies of each other. No I/O."""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence

from imsearch.duplicates.groups import Pair, grouped

SCORE = 0.9
"""The cosine similarity from which pictures that are not copies are near-identical."""

SPAN = datetime.timedelta(minutes=5)
"""The most time between two neighbors of a series, where it is known when both were taken."""


class Leads:
    """The lead of each group of copies: a content that represents the group, so that a series has each picture once."""

    def __init__(self, copies: Iterable[Sequence[int]]) -> None:
        self._groups = {group[0]: group for group in copies}
        self._leads = {content: lead for lead, group in self._groups.items() for content in group}

    def of(self, content: int) -> int:
        """The lead of the content's group; the content itself where it has no copies."""
        return self._leads.get(content, content)

    def copies_of(self, lead: int) -> Sequence[int]:
        """All contents of the group of a lead, itself included."""
        return self._groups.get(lead, [lead])


def near_alike(pairs: Iterable[Pair], leads: Leads) -> list[Pair]:
    """The pairs that may be neighbors in a series: near-identical, but not copies of each other."""
    return [pair for pair in pairs if pair.score >= SCORE and leads.of(pair.first) != leads.of(pair.second)]


def series_of(
    pairs: Iterable[Pair],
    leads: Leads,
    taken: Mapping[int, str | None],
    different: Collection[tuple[int, int]],
) -> list[list[int]]:
    """Series, each as a group of leads.

    ``pairs`` are those of `near_alike`; ``taken`` says when each content was taken, in ISO 8601. No series has both
    contents of a pair in ``different``.
    """
    links = []
    for pair in pairs:
        if _close(taken.get(pair.first), taken.get(pair.second)):
            one, other = sorted((leads.of(pair.first), leads.of(pair.second)))
            links.append(Pair(one, other, pair.score))
    return grouped(links, [(leads.of(first), leads.of(second)) for first, second in different])


def _close(one: str | None, other: str | None) -> bool:
    """Whether two times are no further apart than `SPAN`; True if either is not known."""
    if one is None or other is None:
        return True
    return abs(datetime.datetime.fromisoformat(one) - datetime.datetime.fromisoformat(other)) <= SPAN
