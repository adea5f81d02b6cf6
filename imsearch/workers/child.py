"""Does one task after another: a process of its own, so that a decoder that crashes or hangs on a broken picture takes
down nothing else.

`imsearch.workers.supervisor` starts it as ``python -m imsearch.workers.child MEMORY SIZE [ROOM]``. Through pipes come
the function that does the tasks and then, until standard input ends, a task at a time, and a result goes back for each,
all pickled; but the arrays of a result lie in the memory that both share when it is sent, each after its length, as far
as they fit. ROOM limits the memory that it may take besides what it starts with, in bytes.
"""

import mmap
import pickle
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

LENGTH = 8
"""Bytes in the shared memory that say how many follow."""


def serve(answer: Callable[[Any], Any], tasks: BinaryIO, results: BinaryIO, memory: mmap.mmap) -> None:
    """Answer each task of the stream ``tasks`` on ``results`` until it ends."""
    while True:
        try:
            task = pickle.load(tasks)  # noqa: S301  the parent process is the only writer
        except EOFError:
            return
        results.write(_packed(answer(task), memory))
        results.flush()


def _packed(result: object, memory: mmap.mmap) -> bytes:
    """A result pickled, but for the arrays that have been put into ``memory``."""
    at = 0

    def keep_in_pickle(array: pickle.PickleBuffer) -> bool:
        nonlocal at
        raw = array.raw()
        end = at + LENGTH + raw.nbytes
        if end > len(memory):
            return True
        memory[at : at + LENGTH] = raw.nbytes.to_bytes(LENGTH, "little")
        memory[at + LENGTH : end] = raw
        at = end
        return False

    return pickle.dumps(result, protocol=5, buffer_callback=keep_in_pickle)


def shared_memory(name: str, size: int) -> mmap.mmap:
    """The memory that the parent shares: an inherited file descriptor, or on Windows a name."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size, tagname=name)
    return mmap.mmap(int(name), size)


def limit_memory(room: int) -> None:
    """Have whatever takes more than ``room`` bytes of addresses besides those in use fail; on Linux only."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + room
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    memory = shared_memory(sys.argv[1], int(sys.argv[2]))
    answer = pickle.load(sys.stdin.buffer)  # noqa: S301  the parent process is the only writer
    if len(sys.argv) > 3:
        limit_memory(int(sys.argv[3]))
    serve(answer, sys.stdin.buffer, sys.stdout.buffer, memory)
