"""Thumbnails of the pictures of a library."""

import threading

from imsearch.backends.backend import Backend
from imsearch.catalog.cache import THUMBNAILS, Cache
from imsearch.errors import OutOfReachError, PictureError
from imsearch.search.pictures import StoredPictures
from imsearch.search.reading import ProbeReader

CACHED_SIDE = 320
"""Thumbnails of this side are cached; others are made each time."""


class Thumbnails:
    """Makes thumbnails of stored pictures and caches them. Safe to use from several threads."""

    def __init__(self, backend: Backend, pictures: StoredPictures, reader: ProbeReader) -> None:
        self._backend = backend
        self._pictures = pictures
        self._reader = reader
        self._cache: Cache | None = None
        self._opening = threading.Lock()

    def close(self) -> None:
        """Close the cache, if it was opened."""
        if self._cache is not None:
            self._cache.close()
        self._cache = None

    def thumbnail(self, digest: str, side: int) -> bytes:
        """A JPEG of a picture, upright, that fits a square of ``side`` pixels.

        Raises `UnknownPictureError`, and `OutOfReachError` where the picture has to be read and no file holds it any
        more.
        """
        self._pictures.facts(digest)  # a picture that left the library is not shown, although it may be cached
        if side != CACHED_SIDE:
            return self._made(digest, side)
        key, cache = bytes.fromhex(digest), self._opened_cache()
        cached = cache.get([key])
        if key not in cached:
            cached[key] = self._made(digest, side)
            cache.put(cached)
        return cached[key]

    def _made(self, digest: str, side: int) -> bytes:
        try:
            return self._reader.preview(self._pictures.read(digest), side)
        except PictureError as exc:
            path = self._pictures.path(digest)
            raise OutOfReachError(f"{path} can no longer be read: {exc}", digest=digest, path=path) from exc

    def _opened_cache(self) -> Cache:
        with self._opening:
            if self._cache is None:
                self._cache = Cache(self._backend.folder, THUMBNAILS)
            return self._cache
