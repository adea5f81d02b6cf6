"""Reads and decodes files one after another: a process of its own, so that a decoder that crashes or hangs
on a broken file takes down nothing else.

`imsearch.images.pool` starts it as ``python -m imsearch.images.worker`` and talks to it through pipes: a pickled
`Task` in, a pickled `Outcome` out, until standard input ends.
"""

import pickle
import signal
import sys
from typing import BinaryIO

from imsearch.images.reading import process


def serve(tasks: BinaryIO, outcomes: BinaryIO) -> None:
    """Answer each task of the stream ``tasks`` on ``outcomes`` until it ends."""
    while True:
        try:
            task = pickle.load(tasks)  # noqa: S301  the parent process is the only writer
        except EOFError:
            return
        pickle.dump(process(task), outcomes, protocol=pickle.HIGHEST_PROTOCOL)
        outcomes.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    serve(sys.stdin.buffer, sys.stdout.buffer)
