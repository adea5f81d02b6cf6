"""Pictures of a library by the digest of their content: what is known of them, their files, and thumbnails."""

import contextlib
import datetime
import os
from collections.abc import Callable
from pathlib import Path

from imsearch.catalog.cache import THUMBNAILS, Cache
from imsearch.catalog.reader import Reader
from imsearch.catalog.rows import HeldFile
from imsearch.errors import OutOfReachError, PictureError, UnknownPictureError
from imsearch.images import thumbnails
from imsearch.sources.digests import digest_of
from imsearch.types.libraries import IndexedPicture, PictureFile

KEPT_SIDE = 320
"""Thumbnails of this side are kept; others are made each time."""


class Pictures:
    """The pictures of one library. Safe to use from several threads.

    ``thumbnail_of`` makes the JPEG of an encoded picture that fits a square of a side, here or elsewhere.
    """

    def __init__(
        self, reader: Reader, folder: Path, thumbnail_of: Callable[[bytes, int], bytes] = thumbnails.thumbnail_of
    ) -> None:
        self._thumbnail_of = thumbnail_of
        self._reader = reader
        self._cache = Cache(folder, THUMBNAILS)

    def close(self) -> None:
        """Give back the cache."""
        self._cache.close()

    def facts(self, digest: str) -> IndexedPicture:
        """What the library knows of a picture. Raises `UnknownPictureError`."""
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
        """The first file that holds a picture and is as it was. Raises `UnknownPictureError` or `OutOfReachError`."""
        return _reachable(digest, self._held(digest))

    def thumbnail(self, digest: str, side: int) -> bytes:
        """A JPEG of a picture, upright, that fits a square of ``side`` pixels.

        Raises `UnknownPictureError`, or `OutOfReachError` where it must be read and cannot.
        """
        held = self._held(digest)  # what left the library is not shown, though it may still be kept
        key = bytes.fromhex(digest)
        kept = self._cache.get([key]) if side == KEPT_SIDE else {}
        if key in kept:
            return kept[key]
        made = self._made(digest, _reachable(digest, held), side)
        if side == KEPT_SIDE:
            self._cache.put({key: made})
        return made

    def _made(self, digest: str, path: str, side: int) -> bytes:
        try:
            data = Path(path).read_bytes()
            if digest_of(data).hex() == digest:
                return self._thumbnail_of(data, side)
        except (OSError, PictureError) as exc:
            raise OutOfReachError(f"{path} cannot be read any more: {exc}", digest=digest, path=path) from exc
        raise OutOfReachError(f"{path} has changed since it was indexed", digest=digest, path=path)

    def _held(self, digest: str) -> list[HeldFile]:
        try:
            held = self._reader.files_of(bytes.fromhex(digest))
        except ValueError:
            held = []
        if not held:
            raise UnknownPictureError(f"the library has no picture '{digest}'", digest=digest)
        return held


def _reachable(digest: str, held: list[HeldFile]) -> str:
    """The first of the files that held a picture which is as it was. Raises `OutOfReachError`."""
    for file in held:
        with contextlib.suppress(OSError):
            status = os.stat(file.path)
            if (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns):
                return os.fsdecode(file.path)
    raise OutOfReachError("no file that holds this picture is there as it was when it was indexed", digest=digest)
