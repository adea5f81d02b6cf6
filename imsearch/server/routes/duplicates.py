"""Routes of reviews: the groups that a search for duplicates has found, what a person marks in them, and the trash."""

import os
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import BaseModel

from imsearch.duplicates.review import Review
from imsearch.errors import LibraryNotFoundError, UsageError
from imsearch.formatting.wording import printable
from imsearch.server.jobs.running import Running
from imsearch.server.keys import path_of_key
from imsearch.server.problems import ProblemError, refusals
from imsearch.server.routes.runs import RunDep, RunsDep
from imsearch.server.schemas.groups import Group, GroupPage
from imsearch.server.schemas.marks import (
    AcceptExact,
    AcceptKeeping,
    AcceptMoving,
    AppliedMarks,
    ApplyOrder,
    DifferentMark,
    InTrash,
    KeepMark,
    MarkedGroups,
    Restored,
    RestoreOrder,
    TrashList,
)
from imsearch.server.served import ServedDep

router = APIRouter(prefix="/v1", tags=["duplicates"])

MOST_AT_ONCE = 200
"""The most groups in one answer."""


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
    return Review(served.library, run.groups, run.review)


ReviewDep = Annotated[Review, Depends(_review)]
Number = Annotated[int, Path(description="The number of a group, from 1.")]


@router.get("/runs/{id}/groups", summary="Groups of duplicates", responses=refusals(404, 422))
def groups(
    review: ReviewDep,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = 50,
) -> GroupPage:
    """A page of the groups that a search for duplicates has found, in its order."""
    numbers = range(1, len(review) + 1)[offset : offset + limit]
    return GroupPage(total=len(review), groups=[Group.of(review.group(number)) for number in numbers])


@router.put("/runs/{id}/groups/{number}/mark", summary="Mark a group", responses=refusals(400, 404, 409, 422))
def mark(review: ReviewDep, number: Number, wanted: KeepMark | DifferentMark) -> Group:
    """Say what is to become of a group: which of its files stay, or that its pictures are different. Nothing is moved
    or remembered until the marks are applied; until then each can be replaced or taken back."""
    if isinstance(wanted, KeepMark):
        review.keep(number, [path_of_key(key) for key in wanted.keep])
    else:
        review.call_different(number)
    return Group.of(review.group(number))


@router.delete("/runs/{id}/groups/{number}/mark", summary="Take a mark away", responses=refusals(404, 409, 422))
def unmark(review: ReviewDep, number: Number) -> Group:
    """Leave a group open again. If it was applied already that its pictures are different, that is forgotten; files in
    the trash stay there."""
    review.unmark(number)
    return Group.of(review.group(number))


@router.post("/runs/{id}/undo", summary="Take the last mark back", responses=refusals(404))
def undo(review: ReviewDep) -> MarkedGroups:
    """Take the last change of marks back, be it of one group or of many; again, the one before. Marks that were applied
    are not taken back."""
    return MarkedGroups(groups=list(review.undo()))


@router.post("/runs/{id}/accept", summary="Mark many groups", responses=refusals(400, 404, 422))
def accept(review: ReviewDep, order: AcceptExact | AcceptKeeping | AcceptMoving) -> MarkedGroups:
    """Mark the groups of copies that are not marked yet: all exact copies, or all copies in or outside a folder. In
    each group a file stays that shows all that is marked to go."""
    match order:
        case AcceptKeeping():
            numbers = review.accept_keeping(_folder(order.keep_below))
        case AcceptMoving():
            numbers = review.accept_moving(_folder(order.move_below))
        case _:
            numbers = review.accept_exact()
    return MarkedGroups(groups=list(numbers))


def _folder(path: str) -> str:
    """The absolute path of a folder. Raises `UsageError` for another text."""
    if not os.path.isabs(path) or "\0" in path or not path.isprintable():
        raise UsageError(f"'{path}' is not an absolute path")
    return path


@router.post("/runs/{id}/apply", summary="Apply all marks", responses=refusals(400, 404, 409, 422))
def apply(review: ReviewDep, order: Annotated[ApplyOrder, Body()] = ApplyOrder()) -> AppliedMarks:  # noqa: B008
    """Move all files that are marked to go to the system's trash, and remember which pictures are different. A file is
    skipped, and stays, if it or what stays in its group has changed since it was indexed; its group keeps the mark, and
    the request can be repeated."""
    return AppliedMarks.of(review.plan() if order.dry_run else review.apply())


@router.get("/trashed", summary="What was moved to the trash", responses=refusals(409))
def trashed(served: ServedDep) -> TrashList:
    """The files that imsearch has moved to the trash and not brought back."""
    try:
        files = served.library.trashed()
    except LibraryNotFoundError:
        files = []
    return TrashList(files=[InTrash.of(file) for file in files])


@router.post("/restore", summary="Bring back what was moved", responses=refusals(400, 409, 422))
def restore(served: ServedDep, runs: RunsDep, order: Annotated[RestoreOrder, Body()] = RestoreOrder()) -> Restored:  # noqa: B008
    """Bring files back that imsearch has moved to the trash, where the system's trash allows that, and open their
    groups again. A file is skipped if there is another one at its path by now."""
    report = served.library.restore(*map(path_of_key, order.files))
    for run in runs.all():
        Review(served.library, run.groups, run.review).reopen(report.restored)
    return Restored.of(report)


@router.get("/decisions", summary="What was called different", responses=refusals(409))
def decisions(served: ServedDep) -> DecisionList:
    """The pairs of pictures that are never taken for duplicates."""
    try:
        pairs = served.library.different()
    except LibraryNotFoundError:
        pairs = []
    return DecisionList(pairs=[DifferentPair(first=printable(one), second=printable(other)) for one, other in pairs])
