"""Reports: what calls that change something have done."""

import datetime
from dataclasses import dataclass, field

from imsearch.types.events import Skip


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an index run did, counted in files.

    ``unchanged`` counts files that were not read, as their size and time of modification are the same; ``embedded``
    counts pictures that went through the model (copies and moved files do not); ``kept`` counts files that stay in the
    library because their folder is out of reach. ``unread`` counts files of kinds that hold pictures and are not
    read, by their kind: ``{"raw": 12, "film": 3}``; ``left_out`` counts folders whose pictures are not for people, by
    the name that says so: ``{"@eaDir": 40, ".nomedia": 1}``.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    moved: int = 0
    removed: int = 0
    skipped: int = 0
    kept: int = 0
    embedded: int = 0
    seconds: float = 0.0
    unread: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrashReport:
    """The files that were moved to the trash, or in a dry run would be.

    ``moved`` are pictures, and ``companions`` the files that go along with them (sidecars, and the raw data and the
    film of the same shot); ``size`` is the total of both in bytes. ``skipped`` are files that should have been moved
    and could not be. ``linked`` are second names (links) of files that stay; they are left alone, as moving them frees
    no space.
    """

    moved: tuple[str, ...]
    size: int
    skipped: tuple[Skip, ...]
    linked: tuple[str, ...]
    companions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrashedFile:
    """A file that was moved to the trash and has not been brought back.

    ``path`` is where it was, ``digest`` the SHA-256 of its bytes in hex, ``size`` is in bytes, and ``moved`` the time
    in UTC. ``kept`` is the file that stayed in its place; ``beside`` the picture that the file went along with, None
    for a picture itself.
    """

    path: str
    digest: str
    size: int
    moved: datetime.datetime
    kept: str
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """The files that were brought back from the trash.

    ``skipped`` are files that could not be brought back. ``waiting`` are those restored pictures that the library holds
    again only after the next index run, as it has to read them first.
    """

    restored: tuple[str, ...]
    skipped: tuple[Skip, ...]
    waiting: tuple[str, ...] = ()
