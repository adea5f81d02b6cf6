"""Folders of the file system as a source."""

import contextlib
import errno
import fnmatch
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from imsearch.sources.paths import SEPARATOR, as_prefix
from imsearch.sources.source import (
    ChangingError,
    Found,
    LeftOut,
    Listed,
    Stamp,
    StampedBytes,
    TooLargeError,
    UnavailableError,
    Unreachable,
    VanishedError,
)

READS_OF_A_CHANGING_FILE = 3

NOT_FOR_PEOPLE = frozenset(
    {b"@eadir", b"#recycle", b"@recycle", b"#snapshot", b"$recycle.bin", b"system volume information", b"lost+found"}
)
"""Folders of systems, in lower case: thumbnails and bins of network drives, snapshots, and the bin of Windows."""

NO_MEDIA = b".nomedia"
"""A file that says of its folder that its pictures are not for people, as on phones."""


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The `Source` of the regular files at or below ``root``, which may also be a file. Paths are absolute if it is.

    Symbolic links to files count as files; links to folders are not followed. Names that begin with a dot are skipped
    unless ``include_hidden``, and folders that are `NOT_FOR_PEOPLE` or hold a file `NO_MEDIA` are left out then. Files
    and folders whose name, or path relative to ``root``, matches a glob of ``exclude`` are skipped too, and so is the
    folder ``without``.
    """

    root: bytes
    exclude: tuple[str, ...] = ()
    include_hidden: bool = False
    without: bytes | None = None

    def listing(self) -> Iterator[Listed]:
        """Every file once, as `Source.listing` describes."""
        root = as_prefix(self.root) if os.path.isdir(self.root) else self.root
        waiting = [root]
        while waiting:
            path = waiting.pop()
            if not path.endswith(SEPARATOR):
                yield from _file(path)
                continue
            why = self._reason_to_leave_out(path) if path != root else None
            if why is not None:
                yield LeftOut(path, os.fsdecode(why))
                continue
            try:
                children = self._children(path)
            except FileNotFoundError:
                continue  # it was deleted after its parent was listed
            except OSError as exc:
                yield Unreachable(path, _why(exc))
                continue
            waiting.extend(sorted(children, reverse=True))

    def head(self, path: bytes, count: int) -> StampedBytes:
        """The first ``count`` bytes of a file, as `Source.head` describes."""
        with _opened(path) as (file, stamp):
            return StampedBytes(stamp, file.read(count))

    def read(self, path: bytes, most_bytes: int) -> StampedBytes:
        """All bytes of a file, as `Source.read` describes."""
        for _ in range(READS_OF_A_CHANGING_FILE):
            with _opened(path) as (file, stamp):
                if stamp.size > most_bytes:
                    raise TooLargeError(f"too large: {stamp.size >> 20} MiB, the limit is {most_bytes >> 20}", stamp)
                data = file.read(stamp.size + 1)  # one byte more shows whether the file has grown
                if len(data) == stamp.size and Stamp.of(os.stat(path)) == stamp:
                    return StampedBytes(stamp, data)
        raise ChangingError("it kept changing while it was read")

    def _children(self, folder: bytes) -> list[bytes]:
        """The paths in ``folder``, those of subfolders with a final separator, so that sorting them gives the order of
        the full paths below."""
        children = []
        with os.scandir(folder) as entries:
            for entry in entries:
                path = folder + entry.name
                if self._is_skipped(entry.name, path):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if path != self.without:
                        children.append(path + SEPARATOR)
                else:
                    children.append(path)
        return children

    def _reason_to_leave_out(self, folder: bytes) -> bytes | None:
        """The name that says that the pictures of a folder are not for people; None where there is none."""
        if self.include_hidden:
            return None
        name = os.path.basename(folder.removesuffix(SEPARATOR))
        if name.lower() in NOT_FOR_PEOPLE:
            return name
        return NO_MEDIA if os.path.lexists(folder + NO_MEDIA) else None

    def _is_skipped(self, name: bytes, path: bytes) -> bool:
        if name.startswith(b".") and not self.include_hidden:
            return True
        if not self.exclude:
            return False
        texts = (os.fsdecode(name), os.fsdecode(path[len(as_prefix(self.root)) :]))
        return any(fnmatch.fnmatch(text, pattern.rstrip("/")) for pattern in self.exclude for text in texts)


@contextlib.contextmanager
def _opened(path: bytes) -> Iterator[tuple[BinaryIO, Stamp]]:
    """An open file and its stamp. Errors of the file system, also in the block, are raised as `SourceError`."""
    stamp = None
    try:
        with open(path, "rb") as file:
            stamp = Stamp.of(os.fstat(file.fileno()))
            yield file, stamp
    except FileNotFoundError as exc:
        raise VanishedError("it is not there any more", stamp) from exc
    except PermissionError as exc:
        raise UnavailableError("no permission to read it", stamp) from exc
    except OSError as exc:
        raise UnavailableError(f"it cannot be read: {exc.strerror or exc}", stamp) from exc


def _file(path: bytes) -> Iterator[Found | Unreachable]:
    try:
        status = os.stat(path)
    except OSError as exc:
        if os.path.islink(path) or not isinstance(exc, FileNotFoundError):
            yield Unreachable(path, _why(exc))
        return
    if stat.S_ISREG(status.st_mode):
        yield Found(path, Stamp.of(status))


def _why(exc: OSError) -> str:
    if exc.errno == errno.ENOENT:
        return "a symbolic link to nothing" if os.path.islink(exc.filename) else "no such file or folder"
    if exc.errno == errno.ELOOP:
        return "a symbolic link that leads back to itself"
    return (exc.strerror or str(exc)).lower()
