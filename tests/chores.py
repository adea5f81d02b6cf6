"""Work for child processes that does what pictures and bugs do: it answers, crashes, hangs, and says too much."""

import logging
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import UsageError
from imsearch.workers.work import Tell, Work


@dataclass(frozen=True)
class Greeting:
    """Settings."""

    text: str


@dataclass(frozen=True)
class Greet:
    name: str


@dataclass(frozen=True)
class Invert:
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Measure:
    data: bytes


@dataclass(frozen=True)
class Die:
    """By a signal, and with a ``mark`` only where that file is not there yet."""

    signal: int
    mark: str | None = None


@dataclass(frozen=True)
class Hang:
    pass


@dataclass(frozen=True)
class RaiseBug:
    message: str


@dataclass(frozen=True)
class Refuse:
    message: str


@dataclass(frozen=True)
class Exit:
    code: int


@dataclass(frozen=True)
class TakeMemory:
    size: int


@dataclass(frozen=True)
class Speak:
    """To the log, to both standard streams, and ``more`` bytes besides."""

    more: int


@dataclass(frozen=True)
class Count:
    """In the background, up to a number, or until it is interrupted where there is none."""

    to: int | None


@dataclass(frozen=True)
class Answer:
    text: str
    process: int


@dataclass(frozen=True)
class Inverted:
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Counted:
    number: int


def _do(settings: Greeting, task: object, tell: Tell) -> Answer | Inverted:
    text = ""
    match task:
        case Greet():
            text = f"{settings.text} {task.name}"
        case Invert():
            return Inverted(255 - task.pixels)
        case Measure():
            text = str(len(task.data))
        case Die():
            if task.mark is None or not Path(task.mark).exists():
                if task.mark is not None:
                    Path(task.mark).touch()
                os.kill(os.getpid(), task.signal)
                threading.Event().wait()
        case Hang():
            threading.Event().wait()
        case RaiseBug():
            raise KeyError(task.message)
        case Refuse():
            raise UsageError(task.message, argument="folder", value=Path("x"), choices=("a", "b\udcff"))
        case Exit():
            print("farewell", file=sys.stderr, flush=True)
            os._exit(task.code)
        case TakeMemory():
            text = str(len(bytearray(task.size)))
        case Speak():
            logging.getLogger("chores").warning("from the log")
            logging.getLogger("chores").debug("too small a thing")
            print("from standard output", flush=True)
            print("from standard error", file=sys.stderr, flush=True)
            line = "x" * 9_999 + "\n"
            for _ in range(task.more // len(line)):
                sys.stderr.write(line)
    return Answer(text, os.getpid())


def _count(settings: Greeting, task: Count, tell: Tell) -> Answer:
    number = 0
    try:
        while task.to is None or number < task.to:
            number += 1
            tell(Counted(number))
            if task.to is None:
                threading.Event().wait()
    except KeyboardInterrupt:
        tell(Counted(-number))
        raise
    return Answer(settings.text, os.getpid())


_TASKS = (Greet, Invert, Measure, Die, Hang, RaiseBug, Refuse, Exit, TakeMemory, Speak)

PLAY = Work("chores:PLAY", _do, Greeting, tasks=_TASKS, results=(Answer, Inverted))
NOWHERE = Work("chores:MISSING", _do, Greeting, tasks=_TASKS, results=(Answer, Inverted))
MUTE = Work("chores:MUTE", _do, Greeting, tasks=_TASKS, results=(Inverted,))
"""It must not give what it would."""
COUNT = Work("chores:COUNT", _count, Greeting, tasks=(Count,), results=(Answer,), events=(Counted,), background=True)
