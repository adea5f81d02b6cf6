"""Which files are under a folder: paths and stats, no pixels.

Paths come in the order of their bytes, which lets the catalog be compared in one pass.
"""

import errno
import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from imsearch.sources.paths import SEPARATOR, as_prefix


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file, or a symbolic link to one; ``size`` in bytes."""

    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A path that is there but cannot be looked at; what is known at it stays.

    That of a folder ends with a separator, and what is known below it stays too.
    """

    path: bytes
    reason: str


def scan(
    root: bytes, *, exclude: Sequence[str] = (), include_hidden: bool = False, without: bytes | None = None
) -> Iterator[Found | Unreachable]:
    """Every file at or below ``root``, in the order of path bytes.

    Symbolic links to files count as files, links to folders are not followed. Names that begin with a dot are
    passed over unless ``include_hidden``; so is whatever matches a glob of ``exclude`` by its name or by
    its path relative to ``root``, and the folder ``without``.
    """
    prefix_length = len(as_prefix(root))
    waiting = [as_prefix(root) if os.path.isdir(root) else root]
    while waiting:
        path = waiting.pop()
        if not path.endswith(SEPARATOR):
            yield from _file(path)
            continue
        try:
            children = _children(path, prefix_length, exclude, include_hidden, without)
        except FileNotFoundError:
            continue  # it went away since its parent was listed
        except OSError as exc:
            yield Unreachable(path, _why(exc))
            continue
        waiting.extend(sorted(children, reverse=True))


def _children(
    folder: bytes, prefix_length: int, exclude: Sequence[str], include_hidden: bool, without: bytes | None
) -> list[bytes]:
    """Paths in ``folder``, sub-folders with a closing separator: sorted, they walk in the order of full paths."""
    children = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(b".") and not include_hidden:
                continue
            path = folder + entry.name
            if exclude and _excluded(entry.name, path[prefix_length:], exclude):
                continue
            if entry.is_dir(follow_symlinks=False):
                if path != without:
                    children.append(path + SEPARATOR)
            else:
                children.append(path)
    return children


def _excluded(name: bytes, relative: bytes, patterns: Sequence[str]) -> bool:
    texts = (os.fsdecode(name), os.fsdecode(relative))
    return any(fnmatch.fnmatch(text, pattern.rstrip("/")) for pattern in patterns for text in texts)


def _file(path: bytes) -> Iterator[Found | Unreachable]:
    try:
        status = os.stat(path)
    except OSError as exc:
        if os.path.islink(path) or not isinstance(exc, FileNotFoundError):
            yield Unreachable(path, _why(exc))
        return
    if stat.S_ISREG(status.st_mode):
        yield Found(path, status.st_size, status.st_mtime_ns)


def _why(exc: OSError) -> str:
    if exc.errno == errno.ENOENT:
        return "a symbolic link to nothing" if os.path.islink(exc.filename) else "no such file or folder"
    if exc.errno == errno.ELOOP:
        return "a symbolic link that leads back to itself"
    return (exc.strerror or str(exc)).lower()
