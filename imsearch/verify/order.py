"""The order of verified hits."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from imsearch.types.hits import Hit, Proof

_VERDICTS = ("exact", "copy", "similar")

_NOT_COMPARED = (len(_VERDICTS), 0, 0.0)


@dataclass(frozen=True, slots=True)
class Verified:
    """The proof of a hit; ``evidence`` is that of the `Comparison` that gave it, 0 without one."""

    proof: Proof
    evidence: float = 0.0

    @property
    def place(self) -> tuple[int, int, float]:
        """What hits are sorted by: the verdict, and with an alignment the number of features that agree on it."""
        inliers = self.proof.inliers if self.proof.transform is not None else 0
        return _VERDICTS.index(self.proof.verdict), -inliers, -self.evidence if inliers else 0.0


def ordered(hits: Sequence[Hit], verified: Mapping[str, Verified], digest: str | None, path: str | None) -> list[Hit]:
    """The hits with their proofs and new ranks: the probe's own file, the same pixels, copies, hits with an alignment,
    the others by score, and last those that were not compared.

    ``verified`` are by digest; ``digest`` and ``path`` are the probe's.
    """

    def place(hit: Hit) -> tuple[object, ...]:
        each = verified.get(hit.digest)
        return (
            (hit.digest, hit.path) != (digest, path),
            *(_NOT_COMPARED if each is None else each.place),
            -hit.score,
            os.fsencode(hit.path),
        )

    return [
        replace(hit, rank=rank, proof=verified[hit.digest].proof if hit.digest in verified else None)
        for rank, hit in enumerate(sorted(hits, key=place), 1)
    ]
