"""The terminal: lines of results on stdout; notes, questions and errors on stderr."""

import contextlib
import os
import sys

from imsearch.formatting.wording import printable


class OutputError(Exception):
    """Results cannot be written to stdout. The message says why."""


def open_standard_streams() -> None:
    """Open stdout and stderr where the program was started with closed ones: writing results fails then, as it must,
    and notes go nowhere."""
    if sys.stdout is None:
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def line(text: str) -> None:
    """Write a line of results to stdout."""
    write(os.fsencode(text) + b"\n")


def note(text: str) -> None:
    """Write a line for people to stderr. Control characters are escaped, so that a path cannot add lines."""
    sys.stderr.write(printable(text) + "\n")


def error(exc: Exception, hint: str = "") -> None:
    """Write an error and a hint, if there is one, to stderr, a line each."""
    note(f"imsearch: {exc}")
    if hint:
        note(f"hint: {hint}")


def count(number: int, thing: str) -> str:
    """A number with its noun, in the plural if needed."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def agreed(question: str) -> bool | None:
    """Ask a question on stderr. Returns whether the answer on stdin is yes; None where stdin has ended."""
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not sys.stdin.isatty():
        sys.stderr.write("\n")
    return answer.strip().lower() in ("y", "yes") if answer else None


def close_stdout() -> None:
    """Redirect stdout to the null device, so that Python does not fail when flushing it at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def flush() -> None:
    """Flush stdout and stderr. It is no error if their readers have closed them."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()


def write(data: bytes) -> None:
    """Write bytes of results to stdout. Raises `BrokenPipeError` where its reader has ended, and `OutputError`."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        raise OutputError(f"the results cannot be written: {(exc.strerror or str(exc)).lower()}") from exc


def amount(number: int) -> str:
    """A number of bytes in words: ``3.4 MiB``."""
    size = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
