"""Child processes of tests: which there are, and whether they have ended."""

import os
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 60.0
"""Seconds after which something that does not come is a failure."""


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        threading.Event().wait(0.01)


def children(work: str, parent: int | None = None) -> set[int]:
    """The numbers of the processes that do a work of this name for a process, this one by default."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            status = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if status[0] != "Z" and int(status[1]) == (parent or os.getpid()) and work.encode() in command:
            found.add(int(folder.name))
    return found


def wait_for_end(process: int) -> None:
    """Wait for the end of a process that `os.pidfd_open` has opened, whoever collects it."""
    readable, _, _ = select.select([process], [], [], PATIENCE)
    os.close(process)
    assert readable, "the process goes on"
