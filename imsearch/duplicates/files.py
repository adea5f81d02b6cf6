"""From contents, by which duplicates are found, to files and the groups that users get."""

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import HeldFile
from imsearch.duplicates.families import Member
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup, GroupKind
from imsearch.verify.contents import Content
from imsearch.verify.judgment import prove
from imsearch.verify.planes import Canvas


def files_by_content(catalog: CatalogReader, contents: Iterable[int]) -> dict[int, list[HeldFile]]:
    """The files that hold each of the contents, by its id, sorted by path."""
    ids = np.fromiter(set(contents), np.int64)
    found: dict[int, list[HeldFile]] = {}
    for file in sorted(catalog.held_files(ids), key=lambda file: file.path):
        found.setdefault(file.content_id, []).append(file)
    return found


def content_of(files: Sequence[HeldFile]) -> Content:
    """A content, to be read from the first of its files that exists."""
    file = next((file for file in files if os.path.isfile(file.path)), files[0])
    return Content(file.digest, file.path)


def by_folder(files: Iterable[HeldFile]) -> list[list[HeldFile]]:
    """The files of each folder, sorted by folder."""
    folders: dict[bytes, list[HeldFile]] = {}
    for file in files:
        folders.setdefault(os.path.dirname(file.path), []).append(file)
    return [held for _, held in sorted(folders.items())]


def group_of(
    kind: GroupKind,
    files: Sequence[HeldFile],
    kept: HeldFile,
    reason: str,
    members: Mapping[int, Member] = MappingProxyType({}),
) -> DuplicateGroup:
    """A group of these files, of which ``kept`` is the one to keep. ``members`` are the contents that were judged with
    its content."""
    ordered = sorted(files, key=lambda file: file.path)
    place = ordered.index(kept)
    described = tuple(_duplicate_file(file, kept, members.get(file.content_id)) for file in ordered)
    return DuplicateGroup(kind, described, place, reason).keeping(place, reason)


def _duplicate_file(file: HeldFile, kept: HeldFile, member: Member | None) -> DuplicateFile:
    proof = None
    if member is not None:
        proof = prove(Canvas(file.width, file.height), Canvas(kept.width, kept.height), member.judgment)
    return DuplicateFile(
        path=os.fsdecode(file.path),
        digest=file.digest.hex(),
        relation="kept",  # replaced once the file to keep is known
        size=file.size,
        mtime_ns=file.mtime_ns,
        width=file.width,
        height=file.height,
        format=file.format,
        taken=None if file.taken is None else datetime.datetime.fromisoformat(file.taken),
        proof=proof,
        differs=() if member is None else member.differs,
    )
