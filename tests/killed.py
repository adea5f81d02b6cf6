"""A process that moves files to the trash or brings them back, and is killed in the middle of it.

``killed.py LIBRARY FOLDER COUNT trash|restore [KEPT OTHER]...``: it is killed right before the COUNT-th time that it
opens, links, renames or removes something in a folder, or never where COUNT is 0.
"""

import os
import signal
import sys
from pathlib import Path

from trashes import group_of

import imsearch

EVENTS = {"open", "os.link", "os.mkdir", "os.remove", "os.rename"}


def kill_at(count: int, folder: str) -> None:
    left = count

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        paths = [os.fsdecode(each) for each in arguments if isinstance(each, str | bytes)]
        if event in EVENTS and any(path.startswith(folder) for path in paths):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def main() -> None:
    address, folder, count, call, *paths = sys.argv[1:]
    groups = [group_of(Path(kept), Path(other)) for kept, other in zip(paths[::2], paths[1::2], strict=True)]
    library = imsearch.open(address)
    if int(count):
        kill_at(int(count), folder)
    if call == "trash":
        library.trash(groups, edited=True)
    else:
        library.restore()


if __name__ == "__main__":
    main()
