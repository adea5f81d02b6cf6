"""The protocol of backends: places where a library can live. Every one has to pass ``tests/test_backends.py``."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from imsearch.catalog.reader import CatalogReader
    from imsearch.catalog.space import VectorSpace
    from imsearch.catalog.writer import CatalogWriter
    from imsearch.embedding.pipeline import EmbeddingPipeline
    from imsearch.models.model import Embedder
    from imsearch.vectors.hash_index import HashIndex
    from imsearch.vectors.index import VectorIndex


class Backend(Protocol):
    """Where one library lives: its catalog, its vector indexes, its write lock, and a folder for caches.

    Any number of threads may use a backend at once; `close` must be the last call.
    """

    @property
    def address(self) -> str:
        """Where the library lives, in the form in which a user names it."""

    @property
    def folder(self) -> Path:
        """A folder on this machine for caches, such as thumbnails."""

    def exists(self) -> bool:
        """Whether there is a library at the address."""

    def catalog(self) -> "CatalogReader":
        """The catalog for reading. Raises `LibraryNotFoundError`, `LibraryTooNewError` or `CatalogCorruptError`."""

    def vector_index(self, space: "VectorSpace") -> "VectorIndex":
        """The vector index of a vector space."""

    def hash_index(self) -> "HashIndex":
        """The perceptual hashes of the pictures in memory. It is kept, so that it is only filled once."""

    def writing(self) -> AbstractContextManager["WriteSession"]:
        """Hold the write lock. Raises `LibraryLockedError` at once where another process or thread holds it."""

    def pipeline(
        self, embedder: "Embedder", *, workers: int | None, activity: "Embedder | None"
    ) -> "EmbeddingPipeline":
        """The pipeline that reads, decodes and embeds many pictures by ``embedder``.

        ``workers`` is how many processes decode, None for one per core. With ``activity``, the engine by whose output
        regions are chosen, regions are embedded too.
        """

    def sizes(self) -> tuple[int, int]:
        """The sizes of the catalog and of all caches, in bytes."""

    def close(self) -> None:
        """Release everything that is open. Closing twice is harmless."""


class WriteSession(Protocol):
    """The right to write, while `Backend.writing` lasts. At its end the vector indexes are brought up to date."""

    def writer(self, *, create: bool = False) -> "CatalogWriter":
        """The catalog for writing; with ``create``, an empty one is made where there is none."""
