"""From pairs to groups. Pure: it knows numbers of pictures, and scores of pairs.

Two pictures are in one group if a chain of copies leads from one to the other. So a pair whose pictures are joined
already need not be judged: whatever the verdict, the groups are the same.

A person's "these are different" outweighs every chain. The strongest pairs are joined first, and a pair that would
bring two such pictures into one group is left out: of two chains that contradict a decision, the weakest link gives.
Which links those are can depend on any pair, so where a decision lies among pictures that may be copies of each other,
every pair of them is judged.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

ROUNDS = 6
"""By then few pairs are left that are passed over, and asking for one at a time would take many more."""


class Pair(NamedTuple):
    """Two pictures, the lower number first, and how alike they are."""

    first: int
    second: int
    score: float


class Groups:
    """Pictures that are joined bit by bit (disjoint sets)."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def find(self, picture: int) -> int:
        """The picture that stands for the group of this one."""
        parents = self._parents
        above = parents.setdefault(picture, picture)
        while above != picture:
            parents[picture] = parents[above]
            picture = parents[above]
            above = parents[picture]
        return picture

    def join(self, first: int, second: int) -> bool:
        """Make one group of two; False where they are one already."""
        one, other = sorted((self.find(first), self.find(second)))
        self._parents[other] = one
        return one != other

    def members(self) -> list[list[int]]:
        """Every group, its pictures ascending; groups in the order of their first picture."""
        found: dict[int, list[int]] = {}
        for picture in sorted(self._parents):
            found.setdefault(self.find(picture), []).append(picture)
        return sorted(found.values())


def strongest_first(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs by falling score; those of equal score by their numbers, so that the order is always the same."""
    return sorted(pairs, key=lambda pair: (-pair.score, pair.first, pair.second))


def connected(pairs: Iterable[Pair]) -> Groups:
    """The groups that result when all pairs are joined."""
    groups = Groups()
    for first, second, _ in pairs:
        groups.join(first, second)
    return groups


def grouped(pairs: Iterable[Pair], different: Collection[tuple[int, int]] = ()) -> list[list[int]]:
    """Groups of two or more pictures that these pairs join, without any that holds both pictures of ``different``."""
    groups = Groups()
    apart: dict[int, set[int]] = {}
    for first, second in different:
        apart.setdefault(first, set()).add(second)
        apart.setdefault(second, set()).add(first)
    for first, second, _ in strongest_first(pairs):
        one, other = sorted((groups.find(first), groups.find(second)))
        enemies = apart.get(one, set())
        if one == other or any(groups.find(enemy) == other for enemy in enemies):
            continue
        groups.join(one, other)
        if one in apart or other in apart:
            apart[one] = enemies | apart.get(other, set())
    return [group for group in groups.members() if len(group) > 1]


def confirmed(
    pairs: Sequence[Pair],
    judge: Callable[[list[Pair]], Iterable[bool]],
    different: Collection[tuple[int, int]] = (),
) -> list[Pair]:
    """Pairs that are copies, as far as they are needed to know the groups.

    ``judge`` is asked in rounds. A round holds, strongest first, the pairs that would each join two groups if all
    before it were copies; those passed over come again if they still would in the next round, and the last round holds
    all that are left. Pairs of a round are in the order of the groups that they belong to, so that a picture is asked
    about in one go.
    """
    different = {(min(pair), max(pair)) for pair in different}
    waiting = [pair for pair in strongest_first(pairs) if pair[:2] not in different]
    candidates = connected(waiting)
    disputed = {candidates.find(picture) for pair in different for picture in pair}
    known = Groups()
    found: list[Pair] = []
    for number in range(1, ROUNDS + 1):
        hoped = Groups()
        asked: list[Pair] = []
        passed: list[Pair] = []
        for pair in waiting:
            if candidates.find(pair.first) in disputed:
                asked.append(pair)
                continue
            one, other = known.find(pair.first), known.find(pair.second)
            if one != other:
                (asked if number == ROUNDS or hoped.join(one, other) else passed).append(pair)
        asked.sort(key=lambda pair: (candidates.find(pair.first), pair.first, pair.second))
        for pair, copies in zip(asked, judge(asked), strict=True):
            if copies:
                found.append(pair)
                known.join(pair.first, pair.second)
        waiting = passed
        if not waiting:
            break
    return found
