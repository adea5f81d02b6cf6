"""Marking many groups of copies at once. No I/O.

A file is only marked to go if a file that stays holds the same bytes, or shows all that it shows: the file that was
proposed to keep, which every other file of a group of copies was compared with.
"""

from collections.abc import Callable, Collection

from imsearch.types.duplicates import DuplicateFile, DuplicateGroup

Stays = Callable[[DuplicateFile], bool]
"""Whether a file must stay."""


def exact_copies(group: DuplicateGroup, here: Collection[str]) -> frozenset[str]:
    """The paths of the exact copies of a group that may go. ``here`` holds the paths of the files that are there."""
    present = [file for file in group.files if file.path in here]
    if group.kind != "copies" or not present:
        return frozenset()
    first = {file.digest: file.path for file in reversed(present)}
    if group.kept.path in here:
        first[group.kept.digest] = group.kept.path
    return frozenset(file.path for file in present if first[file.digest] != file.path)


def copies_but(group: DuplicateGroup, here: Collection[str], stays: Stays) -> frozenset[str]:
    """The paths of the files of a group of copies that may go because others stay. ``here`` holds the paths of the
    files that are there."""
    present = [file for file in group.files if file.path in here]
    staying = {file.digest for file in present if stays(file)}
    if group.kind != "copies":
        return frozenset()
    return frozenset(
        file.path for file in present if not stays(file) and (file.digest in staying or group.kept.digest in staying)
    )
