"""Groups of duplicates and what a person marks in them, as the API gives them."""

import datetime
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from imsearch.duplicates.marks import Decision, Mark, ReviewedGroup
from imsearch.formatting.wording import changes, printable
from imsearch.server.keys import file_key
from imsearch.server.schemas.files import EXAMPLE_ID, EXAMPLE_KEY, FileName, file_name, time_of
from imsearch.types.duplicates import Difference, DuplicateFile, GroupKind, Relation

Matrix = tuple[tuple[float, ...], ...]

IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


class GroupedFile(FileName):
    """A file of a group, as it was when it was indexed, compared with the file that was proposed to keep.

    ``differs`` says what a version has that the proposed file has not, and ``how`` what was done to it, in words;
    ``changed`` is the share of what both show where it shows something else, in 0..1, and ``outlines`` are around these
    parts, each a list of corners in pixels of the upright proposed file. ``matrix`` is the homography from pixels of
    this file to pixels of the proposed one, null where it is not known. ``here`` says whether the library still has the
    file with that content."""

    id: str
    relation: Relation
    differs: list[Difference]
    how: str
    changed: float
    matrix: Matrix | None
    outlines: list[list[tuple[float, float]]]
    size: int
    width: int
    height: int
    format: str
    taken: datetime.datetime | None
    modified: datetime.datetime
    here: bool

    @classmethod
    def of(cls, file: DuplicateFile, proposed: DuplicateFile, here: bool) -> "GroupedFile":
        """The file of a group; ``here`` says whether the library still has it."""
        proof = file.proof
        return cls(
            **file_name(file.path),
            id=file.digest,
            relation=file.relation,
            differs=list(file.differs),
            how=changes(proof),
            changed=round(proof.changed, 4) if proof else 0.0,
            matrix=_matrix(file, proposed),
            outlines=[[(round(x, 1), round(y, 1)) for x, y in part] for part in proof.changed_parts] if proof else [],
            size=file.size,
            width=file.width,
            height=file.height,
            format=file.format,
            taken=file.taken,
            modified=time_of(file.mtime_ns),
            here=here,
        )


class GroupMark(BaseModel):
    """What a person wants of a group: the files with the keys in ``keep`` stay and the others go to the trash or, where
    the pictures are ``different``, all stay."""

    keep: list[str]
    different: bool

    @classmethod
    def of(cls, mark: Mark) -> "GroupMark":
        """The description of a mark."""
        return cls(keep=[file_key(path) for path in sorted(mark.keep)], different=mark.different)


class Group(BaseModel):
    """Files of which one may be enough. ``keep`` is the index of the file that is proposed to keep, from 0, and
    ``reason`` says why it is that one. ``number`` counts from 1. ``mark`` is what a person wants of the group, and
    ``decision`` what was applied to it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": 1,
                    "kind": "copies",
                    "reason": "largest: 4000 x 3000 pixels",
                    "keep": 0,
                    "mark": None,
                    "decision": None,
                    "files": [
                        {
                            "file": EXAMPLE_KEY,
                            "path": "/photos/2019/pier.jpg",
                            "folder": "/photos/2019",
                            "name": "pier.jpg",
                            "id": EXAMPLE_ID,
                            "relation": "kept",
                            "differs": [],
                            "how": "",
                            "changed": 0.0,
                            "matrix": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
                            "outlines": [],
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
    mark: GroupMark | None
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
            mark=None if reviewed.mark is None else GroupMark.of(reviewed.mark),
            decision=reviewed.decision,
            files=[GroupedFile.of(file, group.kept, file.path in reviewed.here) for file in group.files],
        )


class GroupPage(BaseModel):
    """A page of the groups of a run; ``total`` is the number of all its groups."""

    total: int
    groups: list[Group]


def shown(paths: Iterable[str]) -> list[str]:
    """Paths as they can be shown."""
    return [printable(path) for path in paths]


def _matrix(file: DuplicateFile, proposed: DuplicateFile) -> Matrix | None:
    if file.digest == proposed.digest:
        return IDENTITY
    transform = file.proof.transform if file.proof else None
    return None if transform is None else transform.matrix
