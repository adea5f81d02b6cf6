"""What child processes do, and what passes between them and their parent besides."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from imsearch import errors
from imsearch.errors import ImsearchError

SettingsT = TypeVar("SettingsT")
TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

Tell = Callable[[Any], None]
"""What sends the parent an event."""


class WorkerError(Exception):
    """A bug of ours in a child process, or a process that ended without a word; the message says all that is known,
    the traceback of the child included."""


class OutOfMemoryError(Exception):
    """A child process did not have enough memory for its task."""


@dataclass(frozen=True, slots=True)
class Work(Generic[SettingsT, TaskT, ResultT]):
    """What a child process does: for each task ``do(settings, task, tell)``, whose result is the answer.

    ``name`` is where the child finds it, as ``module:attribute``. The frames that may pass are ``settings`` (a type,
    first and once), ``tasks``, ``events`` (what ``do`` may tell meanwhile) and ``results``; an `ImsearchError` that
    ``do`` raises is raised in the parent.

    ``background`` work is one task of low priority, in a process that Ctrl-C does not reach. When its standard input is
    closed, because nobody wants it any more or the parent is gone, it is interrupted as by Ctrl-C.
    """

    name: str
    do: Callable[[SettingsT, TaskT, Tell], ResultT]
    settings: type[SettingsT]
    tasks: tuple[type, ...]
    results: tuple[type, ...]
    events: tuple[type, ...] = ()
    background: bool = False

    @property
    def sent(self) -> tuple[type, ...]:
        """The types of the frames to a child."""
        return (Setup, self.settings, *self.tasks)

    @property
    def received(self) -> tuple[type, ...]:
        """The types of the frames from a child."""
        return (LogLine, Refusal, OutOfMemory, Bug, *self.events, *self.results)


@dataclass(frozen=True, slots=True)
class Setup:
    """The first frame to a child: the ``name`` and ``size`` of the memory that it shares, no size for none; the
    ``spare`` bytes of memory that it may take besides what it starts with, None for any; and its level of logging."""

    name: str
    size: int
    spare: int | None
    log_level: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """A frame from a child: a record of its logging."""

    level: int
    logger: str
    message: str


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """A frame from a child: there was not enough memory for its task."""


@dataclass(frozen=True, slots=True)
class Bug:
    """A frame from a child: what it does raised an exception that nobody foresaw."""

    traceback: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A frame from a child: an `ImsearchError`, with the name of its class and its fields."""

    kind: str
    message: str
    fields: dict[str, Any]

    @classmethod
    def of(cls, error: ImsearchError) -> "Refusal":
        """That of an error of `imsearch.errors`."""
        fields = {
            name: _plain(value) for name, value in vars(error).items() if name != "message" and not name.startswith("_")
        }
        return cls(type(error).__name__, error.message, fields)

    def error(self) -> ImsearchError:
        """The error again. Raises `WorkerError` for what is none."""
        kind = getattr(errors, self.kind, None)
        if not (isinstance(kind, type) and issubclass(kind, ImsearchError)):
            raise WorkerError(f"a child process raised {self.kind}, which is no error of imsearch: {self.message}")
        return kind(self.message, **self.fields)


def _plain(value: object) -> object:
    """A field of an error as it goes into a frame."""
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
