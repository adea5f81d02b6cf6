"""What long work tells while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PreparingModel:
    """Event: a model is being loaded, and compiled where this is its first use."""

    model: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """Event: the folders have been compared with the catalog; ``total`` files are to be read."""

    total: int
    unchanged: int
    gone: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Event: a batch has been committed; all counts are since the start of the run."""

    done: int
    total: int
    embedded: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Skip:
    """Event: a file or folder that could not be read, and why. What was known below such a folder stays."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Event: of ``total`` pictures, ``done`` have been looked at for others near them."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Judged:
    """Event: of ``total`` pairs that may be copies, ``done`` have been looked at; many need not be in the end."""

    done: int
    total: int


Event = PreparingModel | Scanned | Progress | Skip | Compared | Judged

Listener = Callable[[Event], None]
"""What `Library.index` and `Library.duplicates` call with each event, in the thread that called it."""
