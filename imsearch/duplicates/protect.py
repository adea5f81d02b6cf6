"""Folders whose files are never moved."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

from imsearch.sources.paths import is_below
from imsearch.types.duplicates import DuplicateGroup


def protecting(groups: Iterable[DuplicateGroup], folders: Sequence[str | os.PathLike[str]]) -> list[DuplicateGroup]:
    """The groups, with the files at or below these folders as protected ones."""
    below = [os.path.abspath(os.fsencode(folder)) for folder in folders]

    def lies_there(path: str) -> bool:
        return any(is_below(os.fsencode(path), folder) for folder in below)

    return [
        replace(group, files=tuple(replace(file, protected=lies_there(file.path)) for file in group.files))
        for group in groups
    ]
