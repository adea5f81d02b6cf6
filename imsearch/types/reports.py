"""Reports: what calls that change something have done."""

from dataclasses import dataclass

from imsearch.types.events import Skip


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an index run did, counted in files.

    ``unchanged`` counts files that were not read, as their size and time of modification are the same; ``embedded``
    counts pictures that went through the model (copies and moved files do not); ``kept`` counts files that stay in the
    library because their folder is out of reach.
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


@dataclass(frozen=True, slots=True)
class TrashReport:
    """The files that were moved to the trash, or in a dry run would be, and their total ``size`` in bytes.

    ``skipped`` are files that should have been moved and could not be. ``linked`` are second names (links) of files
    that stay; they are left alone, as moving them frees no space.
    """

    moved: tuple[str, ...]
    size: int
    skipped: tuple[Skip, ...]
    linked: tuple[str, ...]
