"""Making the perceptual hashes complete: contents that were indexed before there were any have none."""

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from imsearch.backends.backend import Backend
from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.rows import HeldFile
from imsearch.duplicates.files import content_of, files_by_content
from imsearch.errors import LibraryError
from imsearch.images.hashes import hash_of
from imsearch.types.events import Hashed
from imsearch.types.listeners import Listener
from imsearch.vectors.hash_index import ContentHashes

logger = logging.getLogger(__name__)

BATCH = 512
"""Contents that are read, and then stored, together."""

SIDE = 224
"""The short side, in pixels, that suffices for reading a JPEG: it is as large as where models are small."""


def complete_hashes(backend: Backend, listener: Listener) -> ContentHashes:
    """The hashes of all contents; what the catalog lacks is read from files, on all cores, and stored.

    Where they cannot be stored, as another process is writing or the library may only be read, they are given all the
    same. Contents without a readable file are left out. The listener gets a `Hashed` event for each batch.
    """
    catalog, index = backend.catalog(), backend.hash_index()
    missing = catalog.hashes().missing()
    unstored: dict[int, bytes] = {}
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="imsearch-hash") as threads:
        for begin in range(0, len(missing), BATCH):
            batch = missing[begin : begin + BATCH].tolist()
            digests, hashes = _read(catalog, batch, threads)
            if not _stored(backend, {digests[content]: each for content, each in hashes.items()}):
                unstored.update(hashes)
            listener(Hashed(begin + len(batch), len(missing)))
    stored = index.sync()
    known = set(stored.contents.tolist()) if unstored else set()  # another process may have stored some meanwhile
    return stored.joined(ContentHashes.of({content: unstored[content] for content in unstored.keys() - known}))


def _read(
    catalog: CatalogReader, contents: Sequence[int], threads: ThreadPoolExecutor
) -> tuple[dict[int, bytes], dict[int, bytes]]:
    """The digests and the hashes of those of these contents whose files can be read."""
    files = files_by_content(catalog, contents)
    hashes = dict(zip(files, threads.map(_hash_of, files.values()), strict=True))
    read = {content: each for content, each in hashes.items() if each is not None}
    return {content: files[content][0].digest for content in read}, read


def _hash_of(files: Sequence[HeldFile]) -> bytes | None:
    """The hash of a content, from the first of its files that is there; None where it cannot be read."""
    picture = content_of(files).read(SIDE)
    return None if picture is None else hash_of(picture.image, (picture.width, picture.height))


def _stored(backend: Backend, hashes: Mapping[bytes, bytes]) -> bool:
    """Store hashes by digest, in one transaction; False where that is not possible now."""
    if not hashes:
        return True
    try:
        with backend.writing() as session:
            session.writer().add_hashes(hashes)
    except (LibraryError, OSError):
        logger.info("perceptual hashes cannot be stored in %s", backend.address, exc_info=True)
        return False
    return True
