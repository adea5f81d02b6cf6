"""Groups of duplicates, and what became of their files."""

import datetime
from dataclasses import dataclass, replace
from typing import Literal

from imsearch.types.events import Skip

GroupKind = Literal["exact", "copy", "series"]
"""``exact``: all files hold the same bytes; ``copy``: the same photograph, edited; ``series``: taken one after the
other, and no copies."""

Relation = Literal["kept", "exact", "copy", "alike"]


@dataclass(frozen=True, slots=True)
class DuplicateFile:
    """A file of a group, as the catalog has it.

    ``digest`` is SHA-256 of its bytes, in hex. ``relation`` is that to the file that would be kept: the same bytes
    (``exact``), an edited copy (``copy``), or another picture of the series (``alike``); the one to keep is ``kept``.
    ``mtime_ns`` is the file's time of change.
    """

    path: str
    digest: str
    relation: Relation
    size: int
    mtime_ns: int
    width: int
    height: int
    format: str
    taken: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Files of which one would do, in the order of their paths; ``keep`` is its place and ``reason`` says why it."""

    kind: GroupKind
    files: tuple[DuplicateFile, ...]
    keep: int
    reason: str

    @property
    def kept(self) -> DuplicateFile:
        """The file to keep."""
        return self.files[self.keep]

    @property
    def rest(self) -> tuple[DuplicateFile, ...]:
        """The files that could go."""
        return self.files[: self.keep] + self.files[self.keep + 1 :]

    def keeping(self, keep: int, reason: str) -> "DuplicateGroup":
        """The same files with that one to keep, and each with its relation to it."""
        kept = self.files[keep]

        def relation(file: DuplicateFile) -> Relation:
            if file is kept:
                return "kept"
            if file.digest == kept.digest:
                return "exact"
            return "alike" if self.kind == "series" else "copy"

        files = tuple(replace(file, relation=relation(file)) for file in self.files)
        return replace(self, files=files, keep=keep, reason=reason)


@dataclass(frozen=True, slots=True)
class TrashReport:
    """What was moved to the trash, or would be, and the ``size`` of it in bytes.

    ``skipped`` were to go and could not; ``linked`` are links to files that stay, of which moving one frees nothing.
    """

    moved: tuple[str, ...]
    size: int
    skipped: tuple["Skip", ...]
    linked: tuple[str, ...]
