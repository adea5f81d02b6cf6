"""Pictures of a library by the digest of their content: facts about them, and their files."""

import contextlib
import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.backends.backend import Backend
from imsearch.catalog.rows import HeldFile
from imsearch.errors import OutOfReachError, UnknownPictureError
from imsearch.sources.digests import digest_of
from imsearch.sources.source import Stamp

if TYPE_CHECKING:
    from imsearch.types.libraries import IndexedPicture


class StoredPictures:
    """The pictures of one library. Safe to use from several threads."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def facts(self, digest: str) -> "IndexedPicture":
        """The facts about a picture and its files. Raises `UnknownPictureError`."""
        from imsearch.types.libraries import IndexedPicture, PictureFile  # imported here, as queries do not need it

        held = self._held(digest)
        first = held[0]
        return IndexedPicture(
            digest=digest,
            width=first.width,
            height=first.height,
            format=first.format,
            taken=None if first.taken is None else datetime.datetime.fromisoformat(first.taken),
            files=tuple(PictureFile(os.fsdecode(file.path), file.size, file.mtime_ns) for file in held),
        )

    def path(self, digest: str) -> str:
        """The first of a picture's files that is as it was when it was indexed.

        Raises `UnknownPictureError`, and `OutOfReachError` where no file is.
        """
        return _reachable(digest, self._held(digest))

    def read(self, digest: str) -> bytes:
        """The bytes of a picture, from the first of its files that is as it was. Raises what `path` raises."""
        path = self.path(digest)
        try:
            data = Path(path).read_bytes()
        except OSError as exc:
            raise OutOfReachError(f"{path} can no longer be read: {exc}", digest=digest, path=path) from exc
        if digest_of(data).hex() != digest:
            raise OutOfReachError(f"{path} has changed since it was indexed", digest=digest, path=path)
        return data

    def _held(self, digest: str) -> list[HeldFile]:
        try:
            held = self._backend.catalog().files_of(bytes.fromhex(digest))
        except ValueError:
            held = []
        if not held:
            raise UnknownPictureError(f"the library has no picture '{digest}'", digest=digest)
        return held


def _reachable(digest: str, held: list[HeldFile]) -> str:
    """The first of these files that is as it was when it was indexed. Raises `OutOfReachError` where none is."""
    for file in held:
        with contextlib.suppress(OSError):
            if Stamp.of(os.stat(file.path)) == Stamp(file.size, file.mtime_ns):
                return os.fsdecode(file.path)
    raise OutOfReachError(
        "no file that holds this picture is there as it was when it was indexed: bring its folder back, or index again",
        digest=digest,
    )
