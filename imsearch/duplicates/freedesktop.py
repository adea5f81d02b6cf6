"""The trash of desktops that follow freedesktop.org: what lies in it, and bringing a file back.

Source: the trash specification 1.0 of freedesktop.org. A trash has a folder ``files``, and for each entry of it a file
``info/NAME.trashinfo`` that says where the entry came from, and when. Files of the home's volume lie in the trash of
the home, others in one at the top of their volume.
"""

import os
import shutil
import tempfile
import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_INFO = b".trashinfo"


@dataclass(frozen=True, slots=True)
class Trashed:
    """An entry of a trash: its ``file``, the ``info`` that says where it came from, and the ``date`` of its deletion,
    local time in ISO 8601."""

    file: bytes
    info: bytes
    date: str


class Trash:
    """The entries of the trash of the home, and of those of the volumes on which some paths lie."""

    def __init__(self, paths: Iterable[bytes]) -> None:
        """Read the entries. A trash that is not there, or cannot be read, has none."""
        self._entries: dict[bytes, list[Trashed]] = defaultdict(list)
        for trash, top in _trashes(paths):
            for path, entry in _entries(trash, top):
                self._entries[path].append(entry)

    def entries(self, path: bytes) -> list[Trashed]:
        """The entries that came from a path, the one that was deleted last first."""
        return sorted(self._entries.get(path, ()), key=lambda entry: entry.date, reverse=True)


def put_back(entry: Trashed, path: bytes) -> None:
    """Move an entry back to a path, whose folder is made anew where it is gone. Raises `FileExistsError` where there is
    a file already, and `OSError` where it cannot be moved."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        os.link(entry.file, path)  # unlike renaming, it never replaces a file
    except OSError:  # another volume, one without hard links, or a file that is there
        _copy(entry.file, path)
    for left in (entry.file, entry.info):
        os.unlink(left)


def _copy(source: bytes, path: bytes) -> None:
    """Copy a file to a path, where it appears as a whole. Raises `FileExistsError` where there is a file already."""
    descriptor, part = tempfile.mkstemp(dir=os.path.dirname(path), prefix=b".restoring-")
    os.close(descriptor)
    try:
        shutil.copy2(source, part)
        if os.path.lexists(path):
            raise FileExistsError(f"there is a file at {os.fsdecode(path)}")
        os.rename(part, path)
    except BaseException:
        os.unlink(part)
        raise


def _trashes(paths: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The folders that may be trashes, each with the folder that relative paths in it begin at."""
    data = os.environb.get(b"XDG_DATA_HOME") or os.path.expanduser(b"~/.local/share")
    yield os.path.join(data, b"Trash"), data
    user = str(os.getuid()).encode()
    for top in {_top(path) for path in paths}:
        yield os.path.join(top, b".Trash", user), top
        yield os.path.join(top, b".Trash-" + user), top


def _top(path: bytes) -> bytes:
    """The mount point of the volume on which a path lies, or would lie."""
    path = os.path.realpath(path)
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return path


def _entries(trash: bytes, top: bytes) -> Iterator[tuple[bytes, Trashed]]:
    """The entries of a trash whose files are there, each with the path that it came from."""
    try:
        names = [entry.name for entry in os.scandir(os.path.join(trash, b"info")) if entry.name.endswith(_INFO)]
    except OSError:
        return
    for name in names:
        info = os.path.join(trash, b"info", name)
        file = os.path.join(trash, b"files", name.removesuffix(_INFO))
        facts = _facts(info)
        if b"Path" in facts and os.path.isfile(file):
            path = os.path.join(top, urllib.parse.unquote_to_bytes(facts[b"Path"]))
            date = facts.get(b"DeletionDate", b"").decode("ascii", "replace")
            yield os.path.normpath(path), Trashed(file, info, date)


def _facts(info: bytes) -> dict[bytes, bytes]:
    """The values of a file that says where an entry came from; none where it cannot be read."""
    try:
        with open(info, "rb") as file:
            lines = [line.strip().partition(b"=") for line in file.read(1 << 16).splitlines()]
    except OSError:
        return {}
    return {key: value for key, equals, value in reversed(lines) if equals}  # of several, the first counts
