"""The answer to a query, as the API gives it."""

import base64
import datetime
import os

from pydantic import BaseModel, ConfigDict

from imsearch.formatting.drawing import Side
from imsearch.server.schemas.files import EXAMPLE_ID, EXAMPLE_KEY, FileName, Size, file_name
from imsearch.server.schemas.proofs import HitProof
from imsearch.types.hits import Answer, Hit


class HitRegion(BaseModel):
    """A rectangle of a picture, in pixels of the upright picture; ``x`` and ``y`` are from its upper left corner."""

    model_config = ConfigDict(from_attributes=True)

    x: int
    y: int
    width: int
    height: int


class QueryHit(FileName):
    """A hit: a file, the id of its picture, and the cosine similarity to the probe (-1 to 1)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rank": 1,
                    "id": EXAMPLE_ID,
                    "file": EXAMPLE_KEY,
                    "path": "/photos/2019/pier.jpg",
                    "folder": "/photos/2019",
                    "name": "pier.jpg",
                    "score": 0.973112,
                    "width": 4000,
                    "height": 3000,
                    "format": "jpeg",
                    "taken": "2019-07-04T18:03:11",
                    "region": None,
                    "proof": None,
                }
            ]
        }
    )

    rank: int
    id: str
    score: float
    width: int
    height: int
    format: str
    taken: datetime.datetime | None
    region: HitRegion | None
    proof: HitProof | None

    @classmethod
    def of(cls, hit: Hit, probe: Side) -> "QueryHit":
        """The hit of a probe; ``probe`` has the size of the probe."""
        size = Side(hit.width, hit.height)
        return cls(
            **file_name(hit.path),
            rank=hit.rank,
            id=hit.digest,
            score=round(hit.score, 6),
            width=hit.width,
            height=hit.height,
            format=hit.format,
            taken=hit.taken,
            region=None if hit.region is None else HitRegion.model_validate(hit.region),
            proof=None if hit.proof is None else HitProof.of(hit.proof, probe, size, os.path.basename(hit.path)),
        )


class QueryProbe(Size):
    """The size of the probe, after a crop. ``preview`` is the whole picture as a small JPEG, in a data URL, if that was
    asked for."""

    preview: str | None = None


class QueryAnswer(BaseModel):
    """The hits of a probe, best first."""

    model: str
    seconds: float
    probe: QueryProbe
    hits: list[QueryHit]

    @classmethod
    def of(cls, answer: Answer, model: str, preview: bytes | None) -> "QueryAnswer":
        """The description of an answer without an error; ``preview`` is a JPEG of the probe."""
        assert answer.size is not None
        width, height = answer.size
        return cls(
            model=model,
            seconds=answer.seconds,
            probe=QueryProbe(width=width, height=height, preview=None if preview is None else _data_url(preview)),
            hits=[QueryHit.of(hit, Side(width, height)) for hit in answer.hits],
        )


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
