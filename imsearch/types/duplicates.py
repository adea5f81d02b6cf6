"""Groups of duplicates."""

import datetime
from dataclasses import dataclass, replace
from typing import Literal

GroupKind = Literal["exact", "copy", "series"]
"""``exact``: all files hold the same bytes; ``copy``: the same photograph, edited; ``series``: near-identical pictures
that were taken one after the other and are not copies."""

Relation = Literal["kept", "exact", "copy", "alike"]
"""How a file of a group relates to the file to keep; `DuplicateFile` says what each means."""


@dataclass(frozen=True, slots=True)
class DuplicateFile:
    """A file of a group, as the catalog has it.

    ``digest`` is the SHA-256 of its bytes, in hex. ``relation`` compares it with the file to keep: the same bytes
    (``exact``), an edited copy (``copy``), or another picture of the series (``alike``); the file to keep itself is
    ``kept``. ``size`` is in bytes, and ``mtime_ns`` the time of modification in nanoseconds. ``width`` and ``height``
    are pixels of the upright picture.
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
    """Files of which one is enough, sorted by path: ``files[keep]`` is the file to keep, and ``reason`` says why."""

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
        """All files but the one to keep."""
        return self.files[: self.keep] + self.files[self.keep + 1 :]

    def keeping(self, keep: int, reason: str) -> "DuplicateGroup":
        """The same group with ``files[keep]`` as the file to keep, and with the relations of all files to it."""
        kept = self.files[keep]

        def relation(file: DuplicateFile) -> Relation:
            if file is kept:
                return "kept"
            if file.digest == kept.digest:
                return "exact"
            return "alike" if self.kind == "series" else "copy"

        files = tuple(replace(file, relation=relation(file)) for file in self.files)
        return replace(self, files=files, keep=keep, reason=reason)
