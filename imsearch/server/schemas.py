"""What the API answers with, as pydantic models.

Paths and names are for people: what cannot be shown comes as an escape. Keys and ids are what programs go by.
"""

import base64
import datetime
import os
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from imsearch.formatting.drawing import Side, outlines
from imsearch.formatting.wording import changes, printable
from imsearch.server.keys import file_key
from imsearch.types.hits import Answer, Hit, Proof
from imsearch.types.libraries import IndexedPicture

ID = "6e58a2f1b7c04d93a5e0c1f4b8d7296035ab41ce7f90d2638b15e4c7a9f30d12"
"""Of the pictures in examples."""


class Place(BaseModel):
    """Where a file is: its key, its path, and the path's two parts."""

    file: str
    path: str
    folder: str
    name: str


def place_of(path: str) -> dict[str, str]:
    """The members of a `Place`."""
    folder, name = os.path.split(path)
    return {"file": file_key(path), "path": printable(path), "folder": printable(folder), "name": printable(name)}


class Box(BaseModel):
    """A part of a picture, in pixels of the upright picture, from its upper left corner."""

    model_config = ConfigDict(from_attributes=True)

    x: int
    y: int
    width: int
    height: int


class Size(BaseModel):
    """Of an upright picture, in pixels."""

    width: int
    height: int


class Overlap(BaseModel):
    """Shares of each picture's area that both show."""

    probe: float
    hit: float


class Outlines(BaseModel):
    """The corners of what both pictures show, in pixels of each."""

    probe: list[tuple[float, float]]
    hit: list[tuple[float, float]]


class Change(BaseModel):
    """What was done to a hit to make the probe: mirrored, then turned by degrees clockwise, then scaled. ``matrix`` is
    the homography from pixels of the probe to those of the hit."""

    model_config = ConfigDict(from_attributes=True)

    mirrored: bool
    turned: float
    scale: float
    matrix: list[list[float]]


class Shown(BaseModel):
    """What comparing a hit with the probe has shown; ``how`` is that in words."""

    verdict: str
    how: str
    agreement: float
    inliers: int
    overlap: Overlap
    transform: Change | None
    quadrilateral: list[tuple[float, float]] | None
    shared: Outlines | None
    matches: list[tuple[float, float, float, float]]

    @classmethod
    def of(cls, proof: Proof, probe: Side, hit: Side) -> "Shown":
        """A proof, with outlines."""
        shared = None
        if proof.transform is not None:
            in_probe, in_hit = outlines(proof.transform.matrix, probe, hit)
            shared = Outlines(probe=_rounded(in_probe), hit=_rounded(in_hit))
        return cls(
            verdict=proof.verdict,
            how=changes(proof),
            agreement=proof.agreement,
            inliers=proof.inliers,
            overlap=Overlap(probe=proof.probe_overlap, hit=proof.hit_overlap),
            transform=None if proof.transform is None else Change.model_validate(proof.transform),
            quadrilateral=None if proof.quadrilateral is None else _rounded(proof.quadrilateral),
            shared=shared,
            matches=[(round(a, 1), round(b, 1), round(c, 1), round(d, 1)) for a, b, c, d in proof.matches],
        )


def _rounded(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(round(x, 1), round(y, 1)) for x, y in points]


class FoundPicture(Place):
    """A hit: a file, the id of its picture, and the cosine similarity to the probe (-1 to 1)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rank": 1,
                    "id": ID,
                    "file": "L3Bob3Rvcy8yMDE5L3BpZXIuanBn",
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
    region: Box | None
    proof: Shown | None

    @classmethod
    def of(cls, hit: Hit, probe: Side) -> "FoundPicture":
        """A hit of a probe of this size."""
        return cls(
            **place_of(hit.path),
            rank=hit.rank,
            id=hit.digest,
            score=round(hit.score, 6),
            width=hit.width,
            height=hit.height,
            format=hit.format,
            taken=hit.taken,
            region=None if hit.region is None else Box.model_validate(hit.region),
            proof=None if hit.proof is None else Shown.of(hit.proof, probe, Side(hit.width, hit.height)),
        )


class FoundProbe(Size):
    """The size of what was asked with, after a crop; ``preview`` is the whole picture as a small JPEG, in a data URL,
    where that was asked for."""

    preview: str | None = None


class Found(BaseModel):
    """The answer to a probe."""

    model: str
    seconds: float
    probe: FoundProbe
    hits: list[FoundPicture]

    @classmethod
    def of(cls, answer: Answer, model: str, preview: bytes | None) -> "Found":
        """An answer that is no error, and a JPEG of the probe."""
        assert answer.size is not None
        width, height = answer.size
        return cls(
            model=model,
            seconds=answer.seconds,
            probe=FoundProbe(width=width, height=height, preview=None if preview is None else _data_url(preview)),
            hits=[FoundPicture.of(hit, Side(width, height)) for hit in answer.hits],
        )


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


class StoredFile(Place):
    """A file that holds a picture, as it was when it was indexed."""

    size: int
    modified: datetime.datetime


class StoredPicture(BaseModel):
    """A picture of the library and all files that hold it."""

    id: str
    width: int
    height: int
    format: str
    taken: datetime.datetime | None
    files: list[StoredFile]

    @classmethod
    def of(cls, picture: IndexedPicture) -> "StoredPicture":
        """What the library knows of a picture."""
        return cls(
            id=picture.digest,
            width=picture.width,
            height=picture.height,
            format=picture.format,
            taken=picture.taken,
            files=[
                StoredFile(**place_of(file.path), size=file.size, modified=time_of(file.mtime_ns))
                for file in picture.files
            ],
        )


class Root(BaseModel):
    """A folder (or file) that was indexed, and whether it is there now."""

    path: str
    reachable: bool


class LibraryFacts(BaseModel):
    """The library at a glance. ``folders`` are those that may be indexed from here."""

    path: str
    name: str
    exists: bool
    model: str
    dimensions: int
    files: int
    pictures: int
    unreadable: int
    regions: int
    disk_bytes: int
    roots: list[Root]
    folders: list[str]
    formats: list[str]
    can_verify: bool


def time_of(mtime_ns: int) -> datetime.datetime:
    """The time of change of a file, in UTC; the nearest that a calendar has."""
    seconds = min(max(mtime_ns / 1e9, -62_135_596_800), 253_402_300_799)
    return datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(seconds=int(seconds))
