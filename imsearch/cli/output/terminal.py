"""The terminal: lines of results on stdout; notes, questions and errors on stderr."""

import contextlib
import os
import sys

from imsearch.formatting.wording import printable


def line(text: str) -> None:
    """A line of results on stdout."""
    write(os.fsencode(text) + b"\n")


def note(text: str) -> None:
    """A line for people on stderr; a path in it must not bring in lines of its own."""
    sys.stderr.write(printable(text) + "\n")


def error(exc: Exception, hint: str = "") -> None:
    """What went wrong and what to do about it, a line each on stderr."""
    note(f"imsearch: {exc}")
    if hint:
        note(f"hint: {hint}")


def count(number: int, thing: str) -> str:
    """A number with its noun."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def agreed(question: str) -> bool | None:
    """What a person answers on stdin to a question on stderr; None where there is nobody to answer."""
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not sys.stdin.isatty():
        sys.stderr.write("\n")
    return answer.strip().lower() in ("y", "yes") if answer else None


def close_stdout() -> None:
    """Point stdout nowhere, so that Python does not fail on flushing it at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def flush() -> None:
    """Have the streams written; who does not want them any more is no error."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()


def write(data: bytes) -> None:
    """Results on stdout, as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def amount(number: int) -> str:
    """A number of bytes for people."""
    size = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
