"""From pairs to groups. No I/O: pictures are numbers, and pairs have scores.

Two pictures are in one group if a chain of copies leads from one to the other. So a pair whose pictures are already in
one group need not be judged: whatever the verdict, the groups are the same.

A decision of the user that two pictures are different outweighs every chain. Pairs are joined from the highest score
down, and a pair that would bring two such pictures into one group is left out, so that a chain that contradicts a
decision breaks at its weakest link. Any pair can change which link that is. So in a group with two pictures that were
marked as different every pair is judged.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

ROUNDS = 6
"""The number of rounds. The last one judges all remaining pairs: they are few by then, but could take many rounds."""


class Pair(NamedTuple):
    """Two pictures, the lower number first, and how alike they are; ``closely`` says whether they are to be compared by
    local features too, not only as wholes."""

    first: int
    second: int
    score: float
    closely: bool = False


class Groups:
    """Pictures that are joined bit by bit (disjoint sets)."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def find(self, picture: int) -> int:
        """The representative of the picture's group: the same picture for all of the group."""
        parents = self._parents
        above = parents.setdefault(picture, picture)
        while above != picture:
            parents[picture] = parents[above]
            picture = parents[above]
            above = parents[picture]
        return picture

    def join(self, first: int, second: int) -> bool:
        """Join the groups of two pictures. Returns False if they were one group already."""
        one, other = sorted((self.find(first), self.find(second)))
        self._parents[other] = one
        return one != other

    def members(self) -> list[list[int]]:
        """All groups, each as ascending pictures; groups are sorted by their first picture."""
        found: dict[int, list[int]] = {}
        for picture in sorted(self._parents):
            found.setdefault(self.find(picture), []).append(picture)
        return sorted(found.values())


def strongest_first(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs by falling score; pairs of equal score by their numbers, so that the order is always the same."""
    return sorted(pairs, key=lambda pair: (-pair.score, pair.first, pair.second))


def connected(pairs: Iterable[Pair]) -> Groups:
    """The groups that result when all pairs are joined."""
    groups = Groups()
    for pair in pairs:
        groups.join(pair.first, pair.second)
    return groups


def grouped(pairs: Iterable[Pair], different: Collection[tuple[int, int]] = ()) -> list[list[int]]:
    """Groups of two or more pictures, joined by ``pairs``. No group has both pictures of a pair in ``different``."""
    groups = Groups()
    apart: dict[int, set[int]] = {}
    for first, second in different:
        apart.setdefault(first, set()).add(second)
        apart.setdefault(second, set()).add(first)
    for pair in strongest_first(pairs):
        first, second = pair.first, pair.second
        one, other = sorted((groups.find(first), groups.find(second)))
        enemies = apart.get(one, set())
        if one == other or any(groups.find(enemy) == other for enemy in enemies):
            continue
        groups.join(one, other)
        if one in apart or other in apart:
            apart[one] = enemies | apart.get(other, set())
    return [group for group in groups.members() if len(group) > 1]


def reached(pairs: Sequence[Pair], pictures: Iterable[int]) -> list[Pair]:
    """The pairs that a chain of pairs connects with any of these pictures."""
    chains = connected(pairs)
    wanted = {chains.find(picture) for picture in pictures}
    return [pair for pair in pairs if chains.find(pair.first) in wanted]


class Rounds:
    """Chooses, in rounds, the pairs that must be judged until the groups are known.

    Pairs are taken in the given order. A round has the pairs that would each join two groups if all pairs before them
    were copies. The other pairs wait for the next round, and are not asked for once they can no longer join two groups,
    unless their group has two pictures of a pair in ``different``. The last round has all remaining pairs.
    """

    def __init__(self, pairs: Iterable[Pair], different: Collection[tuple[int, int]] = ()) -> None:
        self._apart = {(min(pair), max(pair)) for pair in different}
        self._waiting = [pair for pair in pairs if pair[:2] not in self._apart]
        self._known = Groups()
        self._number = 0
        self.copies: list[Pair] = []
        """The pairs that were judged to be copies."""

    def next_round(self) -> list[Pair]:
        """The pairs to be judged next, sorted by their pictures; none once the groups are known."""
        self._number += 1
        disputed = self._disputed()
        hoped = Groups()
        asked: list[Pair] = []
        waiting: list[Pair] = []
        for pair in self._waiting:
            one, other = self._known.find(pair.first), self._known.find(pair.second)
            if one == other:
                (asked if one in disputed else waiting).append(pair)
            else:
                (asked if hoped.join(one, other) or self._number >= ROUNDS else waiting).append(pair)
        self._waiting = waiting
        return sorted(asked)

    def settle(self, judged: Iterable[Pair], verdicts: Iterable[bool]) -> None:
        """Take in the verdicts on the pairs of a round: whether each is a pair of copies."""
        for pair, copies in zip(judged, verdicts, strict=True):
            if copies:
                self.copies.append(pair)
                self._known.join(pair.first, pair.second)

    def _disputed(self) -> set[int]:
        """The groups that have both pictures of a pair that was marked as different."""
        return {self._known.find(one) for one, other in self._apart if self._known.find(one) == self._known.find(other)}
