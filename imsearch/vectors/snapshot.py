"""The snapshot of a vector index: a file of codes, with the plan by which they are searched and a stamp.

It is a cache: a file that is damaged, has another format or is of another model is simply rebuilt, never migrated.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from imsearch.vectors.codes import Codes

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """How vectors are coded and searched, and the recall that was measured.

    Codes keep ``components`` principal components and are distributed among ``lists`` lists. For ten hits, the
    ``probed`` nearest lists are searched and ``depth`` candidates taken. There were ``trained_on`` vectors when the
    plan was made. ``recall`` is the share of the true ten nearest vectors among the candidates, measured with
    ``measured_with`` held-out vectors; None for an exact plan.
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
        """Whether every search searches all vectors, in float16."""
        return self.lists == 1


@dataclass(frozen=True, slots=True)
class SnapshotStamp:
    """What a snapshot was made from: the model's vectors up to the id ``highest``, without those that left up to the
    departure with the number ``departure``."""

    fingerprint: str
    dimensions: int
    highest: int
    departure: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Codes of all vectors at the time of its making, the plan by which they are searched, and its stamp."""

    codes: Codes
    plan: Plan
    stamp: SnapshotStamp

    def save(self, path: Path) -> None:
        """Write the snapshot to ``path`` in one move. Raises `OSError` where that fails."""
        self.codes.save(path, {"format": FORMAT, "plan": asdict(self.plan), "stamp": asdict(self.stamp)})

    @classmethod
    def open(cls, path: Path, fingerprint: str, dimensions: int, *, mapped: bool = True) -> "Snapshot | None":
        """The snapshot in the file ``path``; None where there is none for this model, or it is damaged.

        If ``mapped``, the file is memory-mapped, and its codes can be searched but not changed.
        """
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
