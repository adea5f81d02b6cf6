"""Answers for programs: bare paths, or JSON lines."""

import dataclasses
import json
import os
from typing import TYPE_CHECKING, Any

from imsearch.cli.output.terminal import line, write

if TYPE_CHECKING:
    from imsearch.types.hits import Answer, Proof

SCHEMA = 1
"""The version of the schema of the JSON lines."""


class PathAnswers:
    """Shows bare paths, exactly as the file system has them, with ``end`` after each."""

    def __init__(self, end: bytes) -> None:
        self._end = end

    def show(self, answer: "Answer") -> None:
        """Show the hits of one probe."""
        write(b"".join(os.fsencode(hit.path) + self._end for hit in answer.hits))


class JsonAnswers:
    """Shows one JSON object per probe, a line each. Bytes of paths that are not UTF-8 become lone surrogates."""

    def __init__(self, model: str) -> None:
        self._model = model

    def show(self, answer: "Answer") -> None:
        """Show the hits of one probe."""
        record: dict[str, Any] = {
            "schema": SCHEMA,
            "probe": answer.probe,
            "model": self._model,
            "seconds": round(answer.seconds, 4),
        }
        if answer.error is not None:
            record["error"] = str(answer.error)
        record["hits"] = [
            {
                "rank": hit.rank,
                "path": hit.path,
                "score": round(hit.score, 6),
                "width": hit.width,
                "height": hit.height,
                "format": hit.format,
                "taken": hit.taken.isoformat() if hit.taken else None,
                "region": dataclasses.asdict(hit.region) if hit.region else None,
                **({} if hit.proof is None else proof_values(hit.proof)),
            }
            for hit in answer.hits
        ]
        line(json.dumps(record))


def proof_values(proof: "Proof") -> dict[str, Any]:
    """The members of a proof in JSON, without the points that matched."""
    transform = proof.transform
    return {
        "verdict": proof.verdict,
        "agreement": proof.agreement,
        "inliers": proof.inliers,
        "overlap": {"probe": proof.probe_overlap, "hit": proof.hit_overlap},
        "transform": None if transform is None else dataclasses.asdict(transform),
        "quadrilateral": proof.quadrilateral,
        "changed": proof.changed,
        "changed_parts": proof.changed_parts,
        "photographed": proof.photographed,
        "apart": proof.apart,
    }
