"""Series: pictures that are near-alike, taken one after the other, and no copies of each other. Pure."""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence

from imsearch.duplicates.groups import Pair, grouped

SCORE = 0.9
"""Cosine similarity from which pictures that are no copies are near-alike."""

SPAN = datetime.timedelta(minutes=5)
"""Between two neighbors of a series, where both say when they were taken."""


class Leads:
    """The content that stands for each group of copies, so that a series holds each picture once."""

    def __init__(self, copies: Iterable[Sequence[int]]) -> None:
        self._groups = {group[0]: group for group in copies}
        self._leads = {content: lead for lead, group in self._groups.items() for content in group}

    def of(self, content: int) -> int:
        """The content that stands for this one; itself where it has no copies."""
        return self._leads.get(content, content)

    def copies_of(self, lead: int) -> Sequence[int]:
        """The contents that a content stands for, itself among them."""
        return self._groups.get(lead, [lead])


def near_alike(pairs: Iterable[Pair], leads: Leads) -> list[Pair]:
    """The pairs that may be neighbors of a series: near-alike, and no copies."""
    return [pair for pair in pairs if pair.score >= SCORE and leads.of(pair.first) != leads.of(pair.second)]


def series_of(
    pairs: Iterable[Pair],
    leads: Leads,
    taken: Mapping[int, str | None],
    different: Collection[tuple[int, int]],
) -> list[list[int]]:
    """Series, as groups of contents that stand for their copies.

    ``pairs`` are near-alike; ``taken`` says when a content was taken, in ISO 8601; no series holds both of a pair in
    ``different``.
    """
    links = []
    for first, second, score in pairs:
        if _close(taken.get(first), taken.get(second)):
            one, other = sorted((leads.of(first), leads.of(second)))
            links.append(Pair(one, other, score))
    return grouped(links, [(leads.of(first), leads.of(second)) for first, second in different])


def _close(one: str | None, other: str | None) -> bool:
    """Whether two times are near, or not both known."""
    if one is None or other is None:
        return True
    return abs(datetime.datetime.fromisoformat(one) - datetime.datetime.fromisoformat(other)) <= SPAN
