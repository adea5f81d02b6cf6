"""Groups of duplicates."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from imsearch.types.hits import Proof

GroupKind = Literal["copies", "versions", "series"]
"""``copies``: the file to keep shows all that the others show; ``versions``: the same picture, but each file has
something that the file to keep has not; ``series``: other pictures of the same thing, taken one after the other."""

Relation = Literal["kept", "exact", "edited", "version", "alike"]
"""How a file of a group relates to the file to keep; `DuplicateFile` says what each means."""

Difference = Literal["changed", "field-of-view", "resolution", "color", "photographed", "frames", "transparency", "raw"]
"""What a version has that the file to keep has not.

``changed``: some of it shows something else; ``field-of-view``: it shows more; ``resolution``: it has finer detail;
``color``: one of the two has colors that the other has lost; ``photographed``: one is a photograph of the other;
``frames``: it has more pages or frames, or others; ``transparency``: it has transparent parts; ``raw``: it has the raw
data of the camera."""


@dataclass(frozen=True, slots=True)
class DuplicateFile:
    """A file of a group, as the catalog has it.

    ``digest`` is the SHA-256 of its bytes, in hex. ``relation`` compares it with the file to keep: the same bytes
    (``exact``), an edited copy of which the file to keep shows all (``edited``), the same picture with something else
    (``version``), or another picture of the series (``alike``); the file to keep itself is ``kept``. ``size`` is in
    bytes, and ``mtime_ns`` the time of modification in nanoseconds. ``width`` and ``height`` are pixels of the upright
    picture.

    ``proof`` compares the file, as the probe, with the file that was proposed to keep, as the hit; it is None for that
    file, for others with the same bytes, and in a series. ``differs`` says what makes a version of it. A ``protected``
    file lies in a folder whose files are never moved.
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
    proof: Proof | None = None
    differs: tuple[Difference, ...] = ()
    protected: bool = False


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Files of which one may be enough, sorted by path: ``files[keep]`` is the file to keep, and ``reason`` says why.

    ``marked`` holds the paths of the files that a person chose for the trash; it is None where nobody has chosen.
    """

    kind: GroupKind
    files: tuple[DuplicateFile, ...]
    keep: int
    reason: str
    marked: frozenset[str] | None = None

    @property
    def kept(self) -> DuplicateFile:
        """The file to keep."""
        return self.files[self.keep]

    @property
    def rest(self) -> tuple[DuplicateFile, ...]:
        """All files but the one to keep."""
        return self.files[: self.keep] + self.files[self.keep + 1 :]

    def proposed(self, *, edited: bool = False) -> tuple[DuplicateFile, ...]:
        """The files that may go to the trash: those that a person marked or, where nobody has, copies whose bytes
        another file of the group keeps; with ``edited``, edited copies too. Versions and series are never proposed, and
        neither are protected files."""
        if self.marked is not None:
            return tuple(file for file in self.files if file.path in self.marked)
        if self.kind != "copies":
            return ()
        free = tuple(file for file in self.rest if not file.protected)
        if edited:
            return free
        first_of = {file.digest: file for file in [self.kept, *self.rest][::-1]}
        return tuple(file for file in free if first_of[file.digest] is not file)

    def keeping(self, keep: int, reason: str) -> "DuplicateGroup":
        """The same group with ``files[keep]`` as the file to keep, and with the relations of all files to it."""
        kept = self.files[keep]
        other: dict[GroupKind, Relation] = {"copies": "edited", "versions": "version", "series": "alike"}

        def relation(file: DuplicateFile) -> Relation:
            if file is kept:
                return "kept"
            return "exact" if file.digest == kept.digest else other[self.kind]

        files = tuple(replace(file, relation=relation(file)) for file in self.files)
        return replace(self, files=files, keep=keep, reason=reason)

    def marking(self, paths: Iterable[str]) -> "DuplicateGroup":
        """The same group, with these files chosen for the trash by a person."""
        return replace(self, marked=frozenset(paths))
