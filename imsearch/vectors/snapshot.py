"""The snapshot of a vector index: a file of codes, the plan by which they are searched, and what it was made of.

It is a cache. Its format has no number of its own for every change of code: a file of another format, of another model,
or a damaged one is simply made again.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from imsearch.vectors.codes import Codes

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """How vectors are coded and searched, and what that reached when it was measured.

    ``components`` of a vector are kept; codes are spread over ``lists``, of which ``probed`` are looked into for
    ten hits, and ``depth`` candidates taken. ``trained_on`` vectors were there. ``recall`` is that of the ten nearest
    by exact search, over ``measured_with`` held-out vectors; None where everything is looked through exactly.
    """

    components: int
    lists: int
    probed: int
    depth: int
    trained_on: int
    recall: float | None = None
    measured_with: int = 0

    @property
    def exact(self) -> bool:
        """Whether every vector is looked at in float16."""
        return self.lists == 1


@dataclass(frozen=True, slots=True)
class SnapshotStamp:
    """What a snapshot was made of: the model, the highest id in it, and the last departure that it knows of."""

    fingerprint: str
    dimensions: int
    highest: int
    departure: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Codes of all vectors that there were when it was made, the plan by which they are searched, and its stamp."""

    codes: Codes
    plan: Plan
    stamp: SnapshotStamp

    def save(self, path: Path) -> None:
        """Write it to ``path`` in one move."""
        self.codes.save(path, {"format": FORMAT, "plan": asdict(self.plan), "stamp": asdict(self.stamp)})

    @classmethod
    def open(cls, path: Path, fingerprint: str, dimensions: int, *, mapped: bool = True) -> "Snapshot | None":
        """Read one back; None where there is none for this model, or it is damaged."""
        opened = Codes.open(path, mapped=mapped)
        if opened is None:
            return None
        codes, facts = opened
        try:
            if facts["format"] != FORMAT:
                return None
            snapshot = cls(codes, Plan(**facts["plan"]), SnapshotStamp(**facts["stamp"]))
        except (KeyError, TypeError):
            return None
        of_model = (snapshot.stamp.fingerprint, snapshot.stamp.dimensions) == (fingerprint, dimensions)
        return snapshot if of_model else None
