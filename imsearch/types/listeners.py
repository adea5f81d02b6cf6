"""The types of listeners: functions that long work calls with its events. Queries load them without the events."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.types.events import Event

Listener = Callable[["Event"], None]
"""A function that `Library.index`, `Library.duplicates` and `Library.trash` call with each event, in the thread of
their caller."""


def ignore(event: "Event") -> None:
    """A listener that takes no notice."""
