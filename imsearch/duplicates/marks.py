"""What a person has marked in a review, and what of it was applied. No I/O."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from imsearch.types.duplicates import DuplicateGroup

Decision = Literal["kept", "different"]
"""What was applied. ``kept``: the files that were marked to stay have stayed, and the others were moved to the trash;
``different``: it is remembered that the pictures are no duplicates."""

MOST_UNDONE = 1000
"""How many of the last changes can be undone."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What is to become of a group: the files at the paths in ``keep`` stay and the others go to the trash or, where
    the pictures are ``different``, all stay and that is remembered."""

    keep: frozenset[str] = frozenset()
    different: bool = False


@dataclass(frozen=True, slots=True)
class ReviewedGroup:
    """A group as it is now. ``number`` counts from 1; ``mark`` is what a person wants of it, and ``decision`` what was
    applied to it, each None where there is none; ``here`` holds the paths of the files that the library still has with
    the same content."""

    number: int
    group: DuplicateGroup
    mark: Mark | None
    decision: Decision | None
    here: frozenset[str]


class ReviewState:
    """The marks and the decisions of one review, by the number of the group. Safe to use from several threads."""

    def __init__(self) -> None:
        self._marks: dict[int, Mark] = {}
        self._decisions: dict[int, Decision] = {}
        self._before: deque[dict[int, Mark | None]] = deque(maxlen=MOST_UNDONE)
        self._lock = threading.Lock()

    def marks(self) -> dict[int, Mark]:
        """All marks that are not applied yet, by ascending number."""
        with self._lock:
            return dict(sorted(self._marks.items()))

    def mark(self, number: int) -> Mark | None:
        """The mark of a group, if it has one that is not applied yet."""
        return self._marks.get(number)

    def decision(self, number: int) -> Decision | None:
        """What was applied to a group; None where it has a new mark, or none was applied."""
        return self._decisions.get(number) if number not in self._marks else None

    def change(self, wanted: Mapping[int, Mark | None]) -> None:
        """Mark groups or, with None, take their marks away: one change, which `undo` takes back at once."""
        with self._lock:
            before = {number: self._marks.get(number) for number in wanted}
            if before != dict(wanted):
                self._before.append(before)
                self._put(wanted)

    def undo(self) -> tuple[int, ...]:
        """Take back the last change. Returns the numbers of its groups; none where there is nothing to take back."""
        with self._lock:
            if not self._before:
                return ()
            before = self._before.pop()
            self._put(before)
            return tuple(before)

    def settle(self, decisions: Mapping[int, Decision]) -> None:
        """The marks of these groups were applied. No change from before can be undone any more."""
        with self._lock:
            self._before.clear()
            self._decisions.update(decisions)
            self._put(dict.fromkeys(decisions))

    def reopen(self, numbers: Iterable[int]) -> None:
        """Forget what was applied to these groups."""
        with self._lock:
            for number in numbers:
                self._decisions.pop(number, None)

    def _put(self, wanted: Mapping[int, Mark | None]) -> None:
        for number, mark in wanted.items():
            if mark is None:
                self._marks.pop(number, None)
            else:
                self._marks[number] = mark
