"""Events: what long work reports while it runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PreparingModel:
    """Event: a model is being loaded, and compiled where this is its first use."""

    model: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """Event: the folders have been compared with the catalog.

    ``total`` files are to be read, ``unchanged`` files need not be, and ``gone`` files were deleted or moved.
    """

    total: int
    unchanged: int
    gone: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Event: a batch has been committed. Counts are of files since the start of the run; ``total`` are to be read."""

    done: int
    total: int
    embedded: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Skip:
    """Event: a file or folder could not be read. Files below such a folder stay in the library."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hashed:
    """Event: ``done`` of ``total`` pictures that had no perceptual hash yet have been read for one."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Described:
    """Event: ``done`` of ``total`` pictures whose local features were not known yet have been read for them."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Event: pictures similar to ``done`` of ``total`` pictures have been searched for."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Event: ``done`` of ``total`` pairs that may be copies have been judged. Many pairs never need to be."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Event: ``done`` of ``total`` pictures that may go have been moved to the trash, or were found to stay."""

    done: int
    total: int


Event = PreparingModel | Scanned | Progress | Skip | Hashed | Described | Compared | Judged | Moved
