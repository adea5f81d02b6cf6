"""What a client can mark in a review, and what has come of it."""

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from imsearch.duplicates.applying import Applied
from imsearch.formatting.wording import printable
from imsearch.server.jobs.running import SkippedFile
from imsearch.server.keys import file_key
from imsearch.server.schemas.files import EXAMPLE_KEY
from imsearch.server.schemas.groups import shown
from imsearch.types.duplicates import Relation
from imsearch.types.reports import RestoreReport, TrashedFile


class KeepMark(BaseModel):
    """The keys of the files that stay, at least one; the others of the group go to the trash."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"keep": [EXAMPLE_KEY]}]})

    keep: Annotated[list[str], Field(min_length=1)]


class DifferentMark(BaseModel):
    """The pictures of the group are different: all stay, and no later search groups two of them."""

    model_config = ConfigDict(extra="forbid")

    different: Literal[True]


class AcceptExact(BaseModel):
    """Of files with the same bytes one stays; edited copies stay."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["exact"]


class AcceptKeeping(BaseModel):
    """Keep what lies below this folder; copies of it elsewhere go."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"keep_below": "/photos"}]})

    keep_below: str


class AcceptMoving(BaseModel):
    """What lies below this folder goes, where a copy of it lies elsewhere."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"move_below": "/photos/backup"}]})

    move_below: str


class MarkedGroups(BaseModel):
    """The numbers of the groups whose marks have changed."""

    groups: list[int]


class ApplyOrder(BaseModel):
    """Whether to move the files, or only to say what would be moved."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"dry_run": True}]})

    dry_run: bool = False


class NamedFile(BaseModel):
    """The key of a file, and its path."""

    file: str
    path: str


class MovedFile(NamedFile):
    """A file that was moved to the trash. ``relation`` compares it with the files of its group that stay."""

    relation: Relation


class AppliedMarks(BaseModel):
    """What has come of the marks, or in a dry run would come of them.

    ``moved`` are the files of groups that were moved to the trash, ``along`` others that belong to them and were moved
    with them, and ``bytes`` the size of all of these. ``skipped`` files should have been moved and could not be;
    ``linked`` are links to files that stay, which are left: moving them frees no space. ``groups`` counts the groups
    that are done with, ``different`` those whose pictures are remembered as different."""

    moved: list[MovedFile]
    along: list[NamedFile]
    bytes: int
    skipped: list[SkippedFile]
    linked: list[str]
    groups: int
    different: int

    @classmethod
    def of(cls, applied: Applied) -> "AppliedMarks":
        """The description of what was applied."""
        return cls(
            moved=[MovedFile(**_named(file.path), relation=file.relation) for file in applied.moved],
            along=[NamedFile(**_named(path)) for path in applied.along],
            bytes=applied.size,
            skipped=[SkippedFile.of(skip) for skip in applied.skipped],
            linked=shown(applied.linked),
            groups=len(applied.settled),
            different=len(applied.different),
        )


class InTrash(NamedFile):
    """A file that was moved to the trash: where it was, its size in bytes, and when it was moved."""

    bytes: int
    moved: datetime.datetime

    @classmethod
    def of(cls, file: TrashedFile) -> "InTrash":
        """The description of a file in the trash."""
        return cls(**_named(file.path), bytes=file.size, moved=file.moved)


class TrashList(BaseModel):
    """The files that were moved to the trash and not brought back."""

    files: list[InTrash]


class RestoreOrder(BaseModel):
    """The keys of the files to bring back; none means all that were moved."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"files": [EXAMPLE_KEY]}]})

    files: list[str] = []


class Restored(BaseModel):
    """The files that were brought back from the trash, and those that could not be. Those in ``waiting`` were brought
    back too, but the library knows them again only after the next index run."""

    restored: list[str]
    skipped: list[SkippedFile]
    waiting: list[str]

    @classmethod
    def of(cls, report: RestoreReport) -> "Restored":
        """The description of what was brought back."""
        return cls(
            restored=shown(report.restored),
            skipped=[SkippedFile.of(skip) for skip in report.skipped],
            waiting=shown(report.waiting),
        )


def _named(path: str) -> dict[str, str]:
    return {"file": file_key(path), "path": printable(path)}
