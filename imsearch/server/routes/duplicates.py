"""Routes of reviews: the groups that a search for duplicates has found, and the user's decisions about them."""

import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict

from imsearch.duplicates.review import Decision, Review, ReviewedGroup
from imsearch.errors import LibraryNotFoundError
from imsearch.formatting.wording import printable
from imsearch.server.jobs.running import Running, SkippedFile
from imsearch.server.keys import path_of_key
from imsearch.server.problems import ProblemError, refusals
from imsearch.server.routes.runs import RunDep
from imsearch.server.schemas.files import EXAMPLE_ID, EXAMPLE_KEY, FileName, file_name, time_of
from imsearch.server.served import ServedDep
from imsearch.types.duplicates import DuplicateFile, GroupKind, Relation

router = APIRouter(prefix="/v1", tags=["duplicates"])

MOST_AT_ONCE = 200
"""The most groups in one answer."""


class GroupedFile(FileName):
    """A file of a group, as it was when it was indexed, with its relation to the file to keep. ``here`` says whether
    the library still has the file with that content."""

    id: str
    relation: Relation
    size: int
    width: int
    height: int
    format: str
    taken: datetime.datetime | None
    modified: datetime.datetime
    here: bool

    @classmethod
    def of(cls, file: DuplicateFile, here: bool) -> "GroupedFile":
        """The file of a group; ``here`` says whether the library still has it."""
        return cls(
            **file_name(file.path),
            id=file.digest,
            relation=file.relation,
            size=file.size,
            width=file.width,
            height=file.height,
            format=file.format,
            taken=file.taken,
            modified=time_of(file.mtime_ns),
            here=here,
        )


class Group(BaseModel):
    """Files of which one is enough. ``keep`` is the index of the file to keep, from 0, and ``reason`` says why it is
    that one. ``number`` counts from 1."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": 1,
                    "kind": "exact",
                    "reason": "shortest path: 21 characters against 26",
                    "keep": 0,
                    "decision": None,
                    "files": [
                        {
                            "file": EXAMPLE_KEY,
                            "path": "/photos/2019/pier.jpg",
                            "folder": "/photos/2019",
                            "name": "pier.jpg",
                            "id": EXAMPLE_ID,
                            "relation": "kept",
                            "size": 2483112,
                            "width": 4000,
                            "height": 3000,
                            "format": "jpeg",
                            "taken": "2019-07-04T18:03:11",
                            "modified": "2019-07-04T16:03:11Z",
                            "here": True,
                        }
                    ],
                }
            ]
        }
    )

    number: int
    kind: GroupKind
    reason: str
    keep: int
    decision: Decision | None
    files: list[GroupedFile]

    @classmethod
    def of(cls, reviewed: ReviewedGroup) -> "Group":
        """The group as it is now."""
        group = reviewed.group
        return cls(
            number=reviewed.number,
            kind=group.kind,
            reason=printable(group.reason),
            keep=group.keep,
            decision=reviewed.decision,
            files=[GroupedFile.of(file, file.path in reviewed.here) for file in group.files],
        )


class GroupPage(BaseModel):
    """A page of the groups of a run; ``total`` is the number of all its groups."""

    total: int
    groups: list[Group]


class Choice(BaseModel):
    """The key of the file to keep."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"file": EXAMPLE_KEY}]})

    file: str


class Cleared(BaseModel):
    """The files that were moved to the trash, and their total size in ``bytes``. ``skipped`` files should have been
    moved and could not be; ``linked`` are links to the file that stays, which are left: moving them frees no space."""

    moved: list[str]
    bytes: int
    skipped: list[SkippedFile]
    linked: list[str]
    group: Group


class Decided(BaseModel):
    """How many pairs of pictures a decision has changed, and the group after it."""

    pairs: int
    group: Group


class DifferentPair(BaseModel):
    """Two pictures that were marked as different: each as a path, or as ``sha256:`` and its id if no file holds it."""

    first: str
    second: str


class DecisionList(BaseModel):
    """All pairs of pictures that were marked as different."""

    pairs: list[DifferentPair]


def _searched(run: RunDep) -> Running:
    if run.snapshot().groups is None:
        raise ProblemError(
            "no-such-group", HTTPStatus.NOT_FOUND, "this run has no groups: it is no finished search for duplicates"
        )
    return run


SearchDep = Annotated[Running, Depends(_searched)]


def _review(served: ServedDep, run: SearchDep) -> Review:
    return Review(served.library, run.groups, run.decisions)


ReviewDep = Annotated[Review, Depends(_review)]
Number = Annotated[int, Path(description="The number of a group, from 1.")]


@router.get("/runs/{id}/groups", summary="Groups of duplicates", responses=refusals(404, 422))
def groups(
    review: ReviewDep,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = 50,
) -> GroupPage:
    """A page of the groups that a search for duplicates has found: copies, then series, sorted by path."""
    numbers = range(1, len(review) + 1)[offset : offset + limit]
    return GroupPage(total=len(review), groups=[Group.of(review.group(number)) for number in numbers])


@router.post(
    "/runs/{id}/groups/{number}/keep",
    summary="Keep one file of a group",
    responses=refusals(400, 404, 409, 422),
)
def keep(review: ReviewDep, number: Number, choice: Choice) -> Cleared:
    """Move the other files of a group to the system's trash. A file is skipped, and stays, if it or the file to keep
    has changed since it was indexed; the group is then not decided, and the request can be repeated."""
    report = review.keep_file(number, path_of_key(choice.file))
    return Cleared(
        moved=[printable(path) for path in report.moved],
        bytes=report.size,
        skipped=[SkippedFile.of(skip) for skip in report.skipped],
        linked=[printable(path) for path in report.linked],
        group=Group.of(review.group(number)),
    )


@router.post(
    "/runs/{id}/groups/{number}/different", summary="Call a group different", responses=refusals(404, 409, 422)
)
def mark_different(review: ReviewDep, number: Number) -> Decided:
    """Remember that the pictures of a group are all different: no later search puts two of them into one group,
    wherever their files are."""
    return Decided(pairs=review.mark_different(number), group=Group.of(review.group(number)))


@router.delete("/runs/{id}/groups/{number}/different", summary="Take that back", responses=refusals(404, 409, 422))
def forget_different(review: ReviewDep, number: Number) -> Decided:
    """Take back that the pictures of a group are different."""
    return Decided(pairs=review.forget_different(number), group=Group.of(review.group(number)))


@router.get("/decisions", summary="What was called different", responses=refusals(409))
def decisions(served: ServedDep) -> DecisionList:
    """The pairs of pictures that are never taken for duplicates."""
    try:
        pairs = served.library.different()
    except LibraryNotFoundError:
        pairs = []
    return DecisionList(pairs=[DifferentPair(first=printable(one), second=printable(other)) for one, other in pairs])
