"""The order of verified hits."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from imsearch.types.hits import Hit, Proof

_VERDICTS = ("exact", "copy", "similar")

_NOT_COMPARED = (len(_VERDICTS), 0, 0.0)


@dataclass(frozen=True, slots=True)
class Verified:
    """The proof of a hit; ``evidence`` is that of the `Comparison` behind it, 0 if there was none."""

    proof: Proof
    evidence: float = 0.0

    @property
    def place(self) -> tuple[int, int, float]:
        """The key for sorting hits: the verdict, then, with an alignment, the number of features that agree on it."""
        inliers = self.proof.inliers if self.proof.transform is not None else 0
        return _VERDICTS.index(self.proof.verdict), -inliers, -self.evidence if inliers else 0.0


def ordered(hits: Sequence[Hit], verified: Mapping[str, Verified], digest: str | None, path: str | None) -> list[Hit]:
    """The hits with their proofs and new ranks.

    Their order is: the probe's own file, hits with the same pixels, copies, hits with an alignment, other compared
    hits, and hits that were not compared; equal ones by score. The keys of ``verified`` are digests; ``digest`` and
    ``path`` are those of the probe's file, None if it has none.
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
