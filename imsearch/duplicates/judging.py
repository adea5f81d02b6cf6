"""Who says whether two pictures are copies of each other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Side:
    """A picture of a pair: the digest of its content, and the path of a file that holds it."""

    digest: bytes
    path: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """Whether two pictures are copies; ``score`` is their cosine similarity."""

    first: Side
    second: Side
    score: float


class Judge(Protocol):
    """Looks at pairs closely."""

    def copies(self, pairs: Iterable[Question]) -> Iterator[bool]:
        """For each pair in turn, whether both show the same photograph. A file that cannot be read is no copy."""
