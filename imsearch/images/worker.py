"""Reads and decodes files one after another: a process of its own, so that a decoder that crashes or hangs
on a broken file takes down nothing else.

`imsearch.images.pool` starts it as ``python -m imsearch.images.worker MEMORY SIZE``. Through pipes come the model's
`Preprocessing`, whether regions are wanted, and then, until standard input ends, a `Task` at a time, and an `Outcome`
goes back for each, all pickled; but the pixels of an outcome lie in the memory that both share when it is sent, each
array after its length.
"""

import mmap
import pickle
import signal
import sys
from typing import BinaryIO

from imsearch.images.reading import process

LENGTH = 8
"""Bytes in the shared memory that say how many follow."""


def serve(tasks: BinaryIO, outcomes: BinaryIO, memory: mmap.mmap) -> None:
    """Answer each task of the stream ``tasks`` on ``outcomes`` until it ends."""
    preprocessing, regions = pickle.load(tasks)  # noqa: S301  the parent process is the only writer
    while True:
        try:
            task = pickle.load(tasks)  # noqa: S301
        except EOFError:
            return
        pixels: list[pickle.PickleBuffer] = []
        message = pickle.dumps(process(task, preprocessing, regions), protocol=5, buffer_callback=pixels.append)
        at = 0
        for raw in (buffer.raw() for buffer in pixels):
            memory[at : at + LENGTH] = raw.nbytes.to_bytes(LENGTH, "little")
            at += LENGTH + raw.nbytes
            memory[at - raw.nbytes : at] = raw
        outcomes.write(message)
        outcomes.flush()


def shared_memory(name: str, size: int) -> mmap.mmap:
    """The memory that the parent shares: an inherited file descriptor, or on Windows a name."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size, tagname=name)
    return mmap.mmap(int(name), size)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    serve(sys.stdin.buffer, sys.stdout.buffer, shared_memory(sys.argv[1], int(sys.argv[2])))
