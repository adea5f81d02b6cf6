"""How commands end: 0 done, 1 failed, 2 wrong usage, 3 done but something was skipped, 130 interrupted."""

import functools
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from imsearch.cli.hints import hint
from imsearch.cli.output import terminal
from imsearch.errors import ImsearchError, UsageError, VectorSpaceNotFoundError


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SKIPPED = 3
    INTERRUPTED = 130


def exiting(function: Callable[..., int]) -> Callable[..., None]:
    """A function that returns an exit code, as one that exits with it, or with that of the error it raised."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            code = function(*args, **kwargs)
        except ImsearchError as exc:
            terminal.error(exc, hint(exc))
            code = Exit.USAGE if isinstance(exc, UsageError | VectorSpaceNotFoundError) else Exit.FAILED
        except KeyboardInterrupt:
            terminal.note("interrupted: what was done is kept, and the next run goes on from there")
            code = Exit.INTERRUPTED
        except BrokenPipeError:
            terminal.close_stdout()  # the reader had enough, as `head` has
            code = Exit.DONE
        raise SystemExit(int(code))

    return run
