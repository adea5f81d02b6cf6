"""A library in a directory: SQLite for the catalog, FAISS files for the vector indexes, a lock file for writers."""

import contextlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from imsearch.catalog.cache import FEATURES, THUMBNAILS
from imsearch.catalog.connection import CATALOG
from imsearch.catalog.reader import CatalogReader
from imsearch.catalog.space import VectorSpace
from imsearch.errors import LibraryError, LibraryLockedError
from imsearch.vectors.faiss_index import FaissIndex

if TYPE_CHECKING:
    import filelock

    from imsearch.catalog.writer import CatalogWriter
    from imsearch.embedding.pipeline import LocalPipeline
    from imsearch.models.model import Embedder
    from imsearch.vectors.hash_index import HashIndex

_CACHES = ("candidates-*.faiss", f"{FEATURES.name}*", f"{THUMBNAILS.name}*")


class LocalBackend:
    """The `Backend` in a directory."""

    def __init__(self, folder: Path) -> None:
        """A directory, which need not exist yet. Raises `LibraryError` where it cannot be a library."""
        self.folder = folder
        self._catalog: CatalogReader | None = None
        self._indexes: dict[int, FaissIndex] = {}
        self._hashes: HashIndex | None = None
        self._opening = threading.RLock()  # so that each part is opened only once
        try:
            if folder.exists() and not folder.is_dir():
                raise LibraryError(f"a library is a directory, and {folder} is a file", library=str(folder))
            if self.exists():
                self.catalog()
        except OSError as exc:
            raise LibraryError(
                f"the library {folder} cannot be looked into: {exc.strerror or exc}", library=str(folder)
            ) from exc

    @property
    def address(self) -> str:
        """The path of the directory."""
        return str(self.folder)

    def exists(self) -> bool:
        """Whether there is a library in the directory."""
        return self._catalog is not None or (self.folder / CATALOG).exists()

    def catalog(self) -> CatalogReader:
        """The catalog for reading. Raises `LibraryNotFoundError`, `LibraryTooNewError` or `CatalogCorruptError`."""
        with self._opening:
            if self._catalog is None:
                self._catalog = CatalogReader(self.folder)
            return self._catalog

    def vector_index(self, space: VectorSpace) -> FaissIndex:
        """The vector index of a vector space."""
        with self._opening:
            if space.id not in self._indexes:
                self._indexes[space.id] = FaissIndex(space, self.folder / f"candidates-{space.id}.faiss")
            return self._indexes[space.id]

    def hash_index(self) -> "HashIndex":
        """The perceptual hashes of the pictures in memory. It is kept, so that it is only filled once."""
        from imsearch.vectors.hash_index import HashIndex  # imported here, as plain queries do not need it

        with self._opening:
            if self._hashes is None:
                self._hashes = HashIndex(self.catalog().hashes())
            return self._hashes

    @contextlib.contextmanager
    def writing(self) -> Iterator["LocalWriteSession"]:
        """Hold the write lock. Raises `LibraryLockedError` at once where another process holds it."""
        made = not self.folder.exists()
        try:
            with self._locked(), LocalWriteSession(self) as session:
                yield session
        finally:
            if made and not self.exists():
                with contextlib.suppress(OSError):  # a run that failed at once leaves nothing behind
                    (self.folder / "write.lock").unlink(missing_ok=True)
                    self.folder.rmdir()

    def _locked(self) -> "AbstractContextManager[filelock.BaseFileLock]":
        """The acquired write lock, as a context that releases it."""
        import filelock  # imported here, as queries do not need it

        lock = filelock.FileLock(self.folder / "write.lock", timeout=0)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return lock.acquire()
        except filelock.Timeout as exc:
            raise LibraryLockedError(
                f"another imsearch is writing to {self.folder} right now; try again when it is done "
                "(queries work meanwhile)",
                library=self.address,
            ) from exc
        except PermissionError as exc:
            raise LibraryError(f"no permission to write to {self.folder}", library=self.address) from exc
        except OSError as exc:
            raise LibraryError(
                f"{self.folder} cannot be written to: {(exc.strerror or str(exc)).lower()}", library=self.address
            ) from exc

    def pipeline(self, embedder: "Embedder", *, workers: int | None, activity: "Embedder | None") -> "LocalPipeline":
        """A pipeline with child processes that decode, and with the engine in this process."""
        from imsearch.embedding.pipeline import LocalPipeline  # imported here, as queries do not need it

        return LocalPipeline(embedder, workers=workers, activity=activity)

    def sizes(self) -> tuple[int, int]:
        """The sizes of the catalog, its log included, and of all caches, in bytes."""
        catalog = sum(path.stat().st_size for path in self.folder.glob(f"{CATALOG}*"))
        return catalog, sum(path.stat().st_size for pattern in _CACHES for path in self.folder.glob(pattern))

    def close(self) -> None:
        """Release the files. Closing twice is harmless."""
        if self._catalog is not None:
            self._catalog.close()
        self._catalog = None
        self._indexes.clear()
        self._hashes = None


class LocalWriteSession:
    """The `WriteSession` of a directory: a context manager that is used while the write lock is held."""

    def __init__(self, backend: LocalBackend) -> None:
        self._backend = backend
        self._writer: CatalogWriter | None = None

    def writer(self, *, create: bool = False) -> "CatalogWriter":
        """The catalog for writing; with ``create``, an empty one is made where there is none."""
        if self._writer is None:
            from imsearch.catalog.writer import CatalogWriter  # imports SQLAlchemy, which queries do not need

            make = create and not self._backend.exists()
            self._writer = (CatalogWriter.create if make else CatalogWriter)(self._backend.folder)
        return self._writer

    def __enter__(self) -> "LocalWriteSession":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Bring the vector indexes up to date; not after an interruption, as a late index costs time and no hits."""
        if self._writer is None:
            return
        try:
            if kind is None:
                self._follow(self._writer)
        finally:
            self._writer.close()

    def _follow(self, writer: "CatalogWriter") -> None:
        for space in self._backend.catalog().spaces():
            departure = self._backend.vector_index(space).save()
            if departure is not None:
                writer.forget_departures(departure, space)
