"""The exit codes of commands, and the one place that turns errors into messages and exit codes."""

import functools
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from imsearch.cli.hints import hint
from imsearch.cli.output import terminal
from imsearch.errors import ImsearchError, UsageError, VectorSpaceNotFoundError


class Exit(IntEnum):
    """The exit codes: done, failed, wrong usage, done but something was skipped, interrupted."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SKIPPED = 3
    INTERRUPTED = 130


def exiting(function: Callable[..., int]) -> Callable[..., None]:
    """Wrap a function that returns an exit code, so that it exits with that code, or with the code of its error."""

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
        except terminal.OutputError as exc:
            terminal.close_stdout()
            terminal.error(exc)
            code = Exit.FAILED
        except BrokenPipeError:
            terminal.close_stdout()  # the program that reads the output has ended, as `head` does
            code = Exit.DONE
        raise SystemExit(int(code))

    return run
