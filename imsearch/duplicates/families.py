"""Families: a picture that is kept, and the copies of which it shows all. No I/O: judgments are made elsewhere.

Pictures that a chain of copies connects are a component. Of these one is chosen to be kept, and each other one is
judged with it. Those of which it shows all are its copies. Of the rest the next one is chosen, and so on; pictures that
were chosen so, and are copies of each other, are versions.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from imsearch.catalog.rows import HeldFile
from imsearch.duplicates.keep import Candidate, Rule, choose
from imsearch.duplicates.relations import Side, differences
from imsearch.images.facts import NO_FACTS, PictureFacts
from imsearch.types.duplicates import Difference
from imsearch.verify.judgment import Judgment
from imsearch.verify.planes import Canvas

TRIES = 3
"""The most pictures of which it is tried, for each family, how many of the others they show."""


@dataclass(frozen=True, slots=True)
class Member:
    """A picture beside the one that is kept: the judgment of it and that one, and what it has that that one has not."""

    judgment: Judgment
    differs: tuple[Difference, ...]


@dataclass(slots=True)
class Family:
    """A picture to be kept, as a content with its ``files``, of which ``kept`` is the one to keep for a ``reason``.

    ``copies`` are the pictures of which it shows all, and ``versions`` the pictures that differ: each is the content
    that is kept of another family. ``files`` holds the files of all contents of the family.
    """

    content: int
    kept: HeldFile
    reason: str
    files: Mapping[int, Sequence[HeldFile]]
    copies: dict[int, Member] = field(default_factory=dict)
    versions: dict[int, Member] = field(default_factory=dict)


class Component:
    """Pictures that a chain of copies connects, by their ``files``, on the way to families.

    ``judged`` holds all judgments so far, and grows between the calls; ``shared`` says how many details two pictures
    share. Both go by the two contents, the lower one first.
    """

    def __init__(
        self,
        files: Mapping[int, Sequence[HeldFile]],
        facts: Mapping[int, PictureFacts],
        judged: Mapping[tuple[int, int], Judgment],
        shared: Mapping[tuple[int, int], float],
        different: Collection[tuple[int, int]],
        rules: Sequence[Rule],
    ) -> None:
        self._files = files
        self._facts = facts
        self._judged = judged
        self._shared = shared
        self._different = different
        self._rules = rules
        self._left = sorted(files)
        self._chosen: Family | None = None
        self._tried: list[int] = []
        self._versions: set[int] = set()
        self._members: dict[tuple[int, int], Member] = {}
        self.families: list[Family] = []

    def wanted(self) -> list[tuple[int, int]]:
        """The pairs whose judgment must be known before `settle`; none once the families are complete."""
        while self._chosen is not None or self._left:
            if self._chosen is None:
                self._chosen = self._choice(self._left)
            pairs = [_pair(self._chosen.content, other) for other in self._left if self._may_show(other)]
            unknown = [pair for pair in pairs if pair not in self._judged]
            if unknown:
                return unknown
            self.settle()
        return []

    def settle(self) -> None:
        """Once all that was wanted is known, give the chosen picture its copies, or choose another one where it shows
        few of the others, as one with a watermark does."""
        chosen = self._chosen
        if chosen is None:
            return
        self._tried.append(chosen.content)
        few = 2 * self._shows(chosen.content) < len(self._left) - 1
        best = self._choice(self._left, self._not_shown_by_tried() if few else [])
        if best.content in self._tried:
            self._take(best)
        elif len(self._tried) < TRIES:
            self._chosen = best
        else:
            self._take(self._choice(self._tried))

    def _take(self, chosen: Family) -> None:
        """Give a picture its copies."""
        self._chosen, self._tried = None, []
        for other in self._left:
            member = self._member(other, chosen.content)
            if member is not None and not member.differs and not self._apart(other, [chosen.content, *chosen.copies]):
                chosen.copies[other] = member
        self._left = [other for other in self._left if other != chosen.content and other not in chosen.copies]
        self._add(chosen)

    def _not_shown_by_tried(self) -> list[int]:
        """The pictures that are left, but for those that were tried and those of which a tried one shows all."""
        shown = {other for other in self._left for tried in self._tried if self._shows_all(tried, other)}
        return [other for other in self._left if other not in shown and other not in self._tried]

    def _may_show(self, other: int) -> bool:
        """Whether the chosen picture may show all of another one: not where the other one has something that a picture
        that was kept before has not, and the chosen one has no such thing, as then it has not that of the other."""
        chosen = self._chosen
        if chosen is None or other == chosen.content:
            return False
        for family in self.families:
            ours, its = self._member(chosen.content, family.content), self._member(other, family.content)
            if ours is not None and its is not None and not set(its.differs) <= set(ours.differs):
                return False
        return True

    def _add(self, family: Family) -> None:
        """Add a family, as versions of an earlier one if their kept pictures are copies."""
        for earlier in self.families:
            if earlier.content in self._versions:
                continue
            member = self._member(family.content, earlier.content)
            if member is not None and not self._apart(family.content, [earlier.content, *earlier.versions]):
                earlier.versions[family.content] = member
                self._versions.add(family.content)
                break
        self.families.append(family)

    def _choice(self, contents: Sequence[int], hopeful: Sequence[int] = ()) -> Family:
        """A picture to be kept of those of ``contents``, as if the ``hopeful`` ones of them showed all others."""
        upright = self._upright()
        candidates = [
            Candidate(
                file,
                self._facts.get(content, NO_FACTS),
                self._shown_by(content),
                self._made_from(content),
                len(self._left) if content in hopeful else self._shows_as_tried(content),
                upright[content],
                self._alike(content),
            )
            for content in contents
            for file in self._files[content]
        ]
        kept, reason = choose(candidates, self._rules)
        return Family(kept.content_id, kept, reason, self._files)

    def _shown_by(self, content: int) -> int:
        """How many of the pictures that are left show all that a picture shows, or a larger field, and more. A frame,
        or other pictures in a collage, are nothing more: a framed picture counts as less than what it shows, as does
        one that has lost its colors."""
        found = 0
        for other in self._left:
            forth, back = self._member(content, other), self._member(other, content)
            if forth is not None and back is not None:
                less = not forth.differs and bool(back.differs)
                part = "field-of-view" in back.differs and "field-of-view" not in forth.differs
                framed, framing = forth.judgment.framed
                grey, greying = forth.judgment.grey
                found += framed or (grey and not greying) or ((less or part) and not framing)
        return found

    def _made_from(self, content: int) -> int:
        """From how many of the pictures that are left a picture was made by compressing them again."""
        members = (self._member(content, other) for other in self._left)
        return sum(member is not None and member.judgment.later[0] for member in members)

    def _shows(self, content: int) -> int:
        """Of how many of the pictures that are left a picture shows all."""
        return sum(self._shows_all(content, other) for other in self._left)

    def _shows_as_tried(self, content: int) -> int:
        """The same for a picture that was tried. Another one may show as many as one that was tried and shows all of
        it."""
        if content in self._tried:
            return self._shows(content)
        return max((self._shows(tried) for tried in self._tried if self._shows_all(tried, content)), default=0)

    def _upright(self) -> Counter[int]:
        """By picture, how many of the others lie as it does, neither turned nor mirrored against it, as far as those
        that were tried show it."""
        found = Counter[int]()
        for tried in self._tried:
            members = {other: self._member(other, tried) for other in self._left}
            lying = {other: member.judgment.orientation for other, member in members.items() if member is not None}
            lying[tried] = (False, 0)
            alike = Counter(lying.values())
            found |= Counter({content: alike[each] - 1 for content, each in lying.items()})
        return found

    def _alike(self, content: int) -> int:
        """How many details a picture shares with the other pictures that are left."""
        return round(sum(self._shared.get(_pair(content, other), 0.0) for other in self._left))

    def _shows_all(self, content: int, other: int) -> bool:
        """Whether a picture is known to show all of another one."""
        member = self._member(other, content)
        return member is not None and not member.differs

    def _member(self, other: int, kept: int) -> Member | None:
        """A picture beside one that is kept; None if they are not known to be copies."""
        judgment = self._judged.get(_pair(other, kept))
        if other == kept or judgment is None or not judgment.copy:
            return None
        if (other, kept) not in self._members:
            turned = judgment if other < kept else judgment.reversed()
            differs = differences(self._side(other), self._side(kept), turned)
            self._members[other, kept] = Member(turned, differs)
        return self._members[other, kept]

    def _side(self, content: int) -> Side:
        file = self._files[content][0]
        return Side(Canvas(file.width, file.height), self._facts.get(content, NO_FACTS))

    def _apart(self, content: int, others: Sequence[int]) -> bool:
        """Whether the user said that a picture is different from any of the others."""
        return any(_pair(content, other) in self._different for other in others)


def _pair(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)
