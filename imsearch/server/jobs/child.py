"""Does one run over a library: a process of its own and of low priority, so that the server's queries need not wait for
Python's lock, for memory, or for a core.

`imsearch.server.jobs.running` starts it as ``python -m imsearch.server.jobs.child``. Through standard input come a
`Place` and a `Job`, to standard output go events and the outcome, all pickled. When standard input ends, because the
run is cancelled or the server is gone, the run is interrupted as by Ctrl-C: what was done is kept.
"""

import _thread
import os
import pickle
import signal
import sys
import threading
from typing import BinaryIO

from imsearch.errors import ImsearchError
from imsearch.library import Library
from imsearch.server.jobs.job import Begun, Job, Message, Place

NICENESS = 10

INTERRUPTED = 130
"""Exit code, as of the command line."""


def main() -> None:
    """Do what standard input says."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a server in the background may ignore it
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    messages = _own_stdout()
    place, job = pickle.load(sys.stdin.buffer)  # noqa: S301  the server is the only writer
    threading.Thread(target=_interrupt_at_end_of_input, daemon=True).start()
    try:
        do(place, job, messages)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is over, so what comes now interrupts nothing
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(INTERRUPTED)


def do(place: Place, job: Job, messages: BinaryIO) -> None:
    """Do a job, and tell of it."""

    def tell(message: Message) -> None:
        pickle.dump(message, messages, protocol=5)
        messages.flush()

    try:
        with Library(place.path, model=place.model, device=place.device) as library:
            tell(Begun())
            outcome = job.run(library, tell)
        tell(outcome)
    except ImsearchError as exc:
        tell(exc)


def _own_stdout() -> BinaryIO:
    """Standard output, which from now on nobody else writes to: what libraries print goes to standard error."""
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "wb")


def _interrupt_at_end_of_input() -> None:
    while os.read(0, 1):  # not through sys.stdin, whose lock this thread would hold when the process ends
        pass
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:
        signal.pthread_kill(
            threading.main_thread().ident or 0, signal.SIGINT
        )  # also ends what the main thread waits on


if __name__ == "__main__":
    main()
