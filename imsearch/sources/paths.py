"""Paths as bytes: what lies below what.

Paths are bytes, as the file system has them, so that no name is lost.
"""

import os
from collections.abc import Iterable

SEPARATOR = os.fsencode(os.sep)


def as_prefix(folder: bytes) -> bytes:
    """The bytes that all paths below ``folder`` begin with."""
    return folder if folder.endswith(SEPARATOR) else folder + SEPARATOR


def is_below(path: bytes, folder: bytes) -> bool:
    """Whether a path is ``folder`` or lies below it."""
    return path == folder or path.startswith(as_prefix(folder))


def below(folder: bytes) -> tuple[bytes, bytes]:
    """The range of all paths below a folder in the order of bytes, without its end; a database index can serve it."""
    prefix = as_prefix(folder)
    return prefix, prefix[:-1] + bytes([prefix[-1] + 1])


def outermost(paths: Iterable[bytes]) -> list[bytes]:
    """Those of the paths that are not below another of them, in the order of bytes."""
    found: list[bytes] = []
    for path in sorted(set(paths), key=as_prefix):
        if not (found and is_below(as_prefix(path), found[-1])):
            found.append(path)
    return found
