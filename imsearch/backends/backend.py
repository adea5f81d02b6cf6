"""What every place where a library can live offers. A second implementation has to pass ``tests/test_backends.py``."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from imsearch.catalog.reader import CatalogReader
    from imsearch.catalog.space import VectorSpace
    from imsearch.catalog.writer import CatalogWriter
    from imsearch.embedding.pipeline import EmbeddingPipeline
    from imsearch.models.model import Embedder
    from imsearch.vectors.index import VectorIndex


class Backend(Protocol):
    """The catalog of a library, its vector indexes, its write lock, what embeds in bulk, and a folder for caches.

    Any number of threads may use one at once; `close` comes after all others.
    """

    @property
    def address(self) -> str:
        """Where the library lives, as a person would name it."""

    @property
    def folder(self) -> Path:
        """A folder on this machine for caches, such as thumbnails."""

    def exists(self) -> bool:
        """Whether there is a library."""

    def catalog(self) -> "CatalogReader":
        """The catalog, to be read. Raises `LibraryNotFoundError`, `LibraryTooNewError` or `CatalogCorruptError`."""

    def vector_index(self, space: "VectorSpace") -> "VectorIndex":
        """The vector index of a vector space."""

    def writing(self) -> AbstractContextManager["WriteSession"]:
        """Be the only one who writes, in any process. Raises `LibraryLockedError` at once where somebody else is."""

    def pipeline(
        self, embedder: "Embedder", *, workers: int | None, activity: "Embedder | None"
    ) -> "EmbeddingPipeline":
        """What reads, decodes and embeds many pictures, also their regions where ``activity`` is given."""

    def sizes(self) -> tuple[int, int]:
        """Bytes that the catalog takes, and bytes that its caches take."""

    def close(self) -> None:
        """Give back all that is open. It can be closed twice."""


class WriteSession(Protocol):
    """The right to write, from `Backend.writing` until its end, when vector indexes follow what was written."""

    def writer(self, *, create: bool = False) -> "CatalogWriter":
        """The catalog, to be written; with ``create`` made where there is none."""
