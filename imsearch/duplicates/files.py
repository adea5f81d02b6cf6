"""From contents, by which duplicates are found, to files and the groups that users get."""

import datetime
import os
from collections.abc import Iterable, Sequence

import numpy as np

from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import HeldFile
from imsearch.duplicates.keep import Rule, choose
from imsearch.types.duplicates import DuplicateFile, DuplicateGroup, GroupKind


def files_by_content(catalog: CatalogReader, contents: Iterable[int]) -> dict[int, list[HeldFile]]:
    """The files that hold each of the contents, by its id, sorted by path."""
    ids = np.fromiter(set(contents), np.int64)
    found: dict[int, list[HeldFile]] = {}
    for file in sorted(catalog.held_files(ids), key=lambda file: file.path):
        found.setdefault(file.content_id, []).append(file)
    return found


def group_of(kind: GroupKind, files: Sequence[HeldFile], rules: Sequence[Rule]) -> DuplicateGroup:
    """A group of these files, with the file to keep that the rules choose."""
    kept, reason = choose(files, rules)
    ordered = sorted(files, key=lambda file: file.path)
    place = ordered.index(kept)
    return DuplicateGroup(kind, tuple(map(_duplicate_file, ordered)), place, reason).keeping(place, reason)


def _duplicate_file(file: HeldFile) -> DuplicateFile:
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
    )
