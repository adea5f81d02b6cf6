"""The description of what a child process does, and the frames that pass whatever the work is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from imsearch import errors
from imsearch.errors import ImsearchError

SettingsT = TypeVar("SettingsT")
TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

Tell = Callable[[Any], None]
"""A function that sends an event to the parent."""


class WorkerError(Exception):
    """A bug of ours in a child process, or a child process that ended without a reason. The message includes the
    traceback of the child, or its last words."""


class OutOfMemoryError(Exception):
    """A child process did not have enough memory for its task."""


@dataclass(frozen=True, slots=True)
class Work(Generic[SettingsT, TaskT, ResultT]):
    """What a child process does: for each task it calls ``do(settings, task, tell)`` and sends the result back.

    ``name`` is where the child finds this value, as ``module:attribute``. The other fields are the types of values that
    may pass: ``settings`` (sent first and once), ``tasks``, ``events`` (which ``do`` may report by ``tell``) and
    ``results``. An `ImsearchError` that ``do`` raises is raised in the parent.

    ``background`` work is a single task of low priority, in a process that Ctrl-C does not reach. When its standard
    input is closed, as the task is no longer wanted or the parent has ended, it is interrupted as if by Ctrl-C.
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
    """The first frame to a child.

    ``name`` and ``size`` are those of the shared memory, size 0 for none; ``spare`` is how many bytes of memory the
    child may take more than it starts with, None for no limit; ``log_level`` is its level of logging.
    """

    name: str
    size: int
    spare: int | None
    log_level: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """A frame from a child: a log record."""

    level: int
    logger: str
    message: str


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """A frame from a child: there was not enough memory for its task."""


@dataclass(frozen=True, slots=True)
class Bug:
    """A frame from a child: an unexpected exception, which is a bug of ours."""

    traceback: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A frame from a child: an `ImsearchError`, with the name of its class and its fields."""

    kind: str
    message: str
    fields: dict[str, Any]

    @classmethod
    def of(cls, error: ImsearchError) -> "Refusal":
        """The frame for an error of `imsearch.errors`."""
        fields = {
            name: _plain(value) for name, value in vars(error).items() if name != "message" and not name.startswith("_")
        }
        return cls(type(error).__name__, error.message, fields)

    def error(self) -> ImsearchError:
        """The error that the frame holds. Raises `WorkerError` where it names no class of `imsearch.errors`."""
        kind = getattr(errors, self.kind, None)
        if not (isinstance(kind, type) and issubclass(kind, ImsearchError)):
            raise WorkerError(f"a child process raised {self.kind}, which is no error of imsearch: {self.message}")
        return kind(self.message, **self.fields)


def _plain(value: object) -> object:
    """A field of an error as a value that msgpack can hold; other values become text."""
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
