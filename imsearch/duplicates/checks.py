"""Checks before a file is moved: nothing has changed since it was indexed, and the bytes are what they were."""

import os

from imsearch.sources.digests import digest_of_file
from imsearch.sources.source import Stamp
from imsearch.types.duplicates import DuplicateFile


class Digests:
    """The digests of files, each of which is read once as long as its size and its time of modification stay."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], str] = {}

    def of(self, path: str) -> str:
        """The SHA-256 of a file's bytes, in hex. Raises `OSError`."""
        status = os.stat(path)
        key = (path, status.st_size, status.st_mtime_ns)
        if key not in self._known:
            self._known[key] = digest_of_file(path).hex()
        return self._known[key]


def unchanged(file: DuplicateFile, name: str) -> None:
    """Raises `OSError` unless the size and the time of modification of a file, which is called ``name`` in the error,
    are those with which it was indexed."""
    try:
        stamp = Stamp.of(os.stat(file.path))
    except OSError as exc:
        raise OSError(f"{name} cannot be reached: {exc.strerror}") from exc
    if stamp != Stamp(file.size, file.mtime_ns):
        raise OSError(f"{name} has changed since it was indexed")


def same_as_indexed(file: DuplicateFile, name: str) -> None:
    """Raises `OSError` unless a file, which is called ``name`` in the error, is `unchanged` and still holds the bytes
    with which it was indexed. They are read anew, as size and time can be the same by accident."""
    unchanged(file, name)
    if digest_of_file(file.path).hex() != file.digest:
        raise OSError(f"{name} holds other bytes than when it was indexed")


def readable(path: str) -> None:
    """Raises `OSError` unless a file can be read."""
    with open(path, "rb") as opened:
        opened.read(1)


def same_bytes(one: str, other: str, digests: Digests) -> bool:
    """Whether two different files have the same bytes; a link to a file is not different from it. Raises `OSError`."""
    status, other_status = os.stat(one), os.stat(other)
    if os.path.samestat(status, other_status) or status.st_size != other_status.st_size:
        return False
    return digests.of(one) == digests.of(other)
