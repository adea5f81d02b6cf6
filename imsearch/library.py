"""A library: options in, one call of a workflow, results out."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from imsearch.backends import facts, open_backend
from imsearch.backends.choice import ModelChoice
from imsearch.duplicates.decisions import Decisions, PictureLike
from imsearch.errors import UsageError
from imsearch.models.embedders import Embedders
from imsearch.search.pictures import StoredPictures
from imsearch.search.pipeline import QueryPipeline, embed
from imsearch.search.policy import OWN, ProbePolicy
from imsearch.search.reading import ProbeReader
from imsearch.search.target import SearchTarget
from imsearch.search.thumbnails import CACHED_SIDE, Thumbnails
from imsearch.types.hits import Answer, Hit
from imsearch.types.listeners import Listener, ignore
from imsearch.types.options import DuplicateOptions, IndexOptions, QueryOptions
from imsearch.types.probes import Crop
from imsearch.verify.opening import Verification

if TYPE_CHECKING:
    from imsearch.types.duplicates import DuplicateGroup
    from imsearch.types.libraries import FileRecord, IndexedPicture, LibraryInfo, VectorIndexInfo
    from imsearch.types.options import DuplicateKeywords, IndexKeywords, QueryKeywords
    from imsearch.types.probes import ProbeLike
    from imsearch.types.reports import IndexReport, RestoreReport, TrashedFile, TrashReport


class Library:
    """A searchable collection of pictures at an address of its own. Open it with `imsearch.open`.

    A library is a context manager; `close` releases its files and must be the last call. One process at a time may
    write to a library, any number may query it meanwhile. Several threads may call its methods at once; an iterator of
    `query_many` belongs to one of them. Calls take options as keyword arguments or as one value. ``probes`` reads
    probes under the policy that the library was opened with."""

    def __init__(
        self,
        address: str | os.PathLike[str] | None = None,
        *,
        model: str | None = None,
        device: str | None = None,
        policy: ProbePolicy = OWN,
    ) -> None:
        self._backend = open_backend(address)
        self._embedders = Embedders(device)
        self._model = ModelChoice(self._backend, self._embedders, model)
        self._pictures = StoredPictures(self._backend)
        self.probes = ProbeReader(policy, self._pictures)
        self._thumbnails = Thumbnails(self._backend, self._pictures, self.probes)
        self._verification = Verification(self._backend.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the library's files. Closing twice is harmless."""
        for part in (self.probes, self._thumbnails, self._verification, self._embedders, self._backend):
            part.close()

    @property
    def address(self) -> str:
        """Where the library lives: the absolute path of a directory."""
        return self._backend.address

    @property
    def path(self) -> Path:
        """The folder on this machine that holds the library or, if it lives elsewhere, its caches."""
        return self._backend.folder

    @property
    def model(self) -> str:
        """The name of the model that this library is used with."""
        return self._model.name()

    @property
    def device(self) -> str | None:
        """The device that was named for running models; None if it is chosen automatically."""
        return self._embedders.device

    @property
    def embedded(self) -> tuple[int, int]:
        """How many pictures have been embedded for queries, and in how many batches."""
        return self._embedders.embedded

    def index(
        self,
        *folders: str | os.PathLike[str],
        listener: Listener = ignore,
        options: IndexOptions | None = None,
        **keywords: "Unpack[IndexKeywords]",
    ) -> "IndexReport":
        """Bring the library up to date with folders (or single files); without any, with all indexed before.

        New and changed pictures are embedded, moved and copied ones recognized by their content, deleted ones removed
        unless their folder is out of reach. Files that fail are skipped; `files` lists them. An interrupted run keeps
        what it has stored. The keyword arguments are the fields of `IndexOptions`. Raises `UsageError` for folders that
        do not exist and for options that make no sense, `LibraryLockedError` while another process writes, and
        `UnsupportedModelError` where regions are asked for and the model cannot choose them."""
        from imsearch.indexing.run import IndexRun  # imported here, as queries do not need it

        return IndexRun(self._backend, self._model, options or IndexOptions(**keywords), listener).run(folders)

    def query(self, probe: "ProbeLike", k: int = 10, **keywords: "Unpack[QueryKeywords]") -> list[Hit]:
        """The ``k`` pictures most like ``probe``, best first. The keyword arguments are the fields of `QueryOptions`.

        With ``verify``, hits have a `Proof`, and are ordered thus: the same picture, copies, pictures in which some
        features of the probe were found again, all others by score. Raises `ProbeError` for a probe that is
        unavailable, `LibraryNotFoundError` where nothing is indexed yet, `UsageError` for options that make no sense,
        and for ``verify`` without OpenCV."""
        answer = next(self.query_many([probe], k, **keywords))
        if answer.error is not None:
            raise answer.error
        return answer.hits

    def query_many(
        self,
        probes: "Iterable[ProbeLike]",
        k: int = 10,
        *,
        options: QueryOptions | None = None,
        **keywords: "Unpack[QueryKeywords]",
    ) -> Iterator[Answer]:
        """An `Answer` for each probe, in order; an unavailable probe has its error there. Else raises as `query`."""
        wanted = options or QueryOptions.of(k, **keywords)
        target = SearchTarget.of(self._backend, self._model)
        verifier = self._verification.verifier() if wanted.verify else None
        return QueryPipeline(target, self.probes, wanted, verifier).answers(probes)

    def embed(self, probe: "ProbeLike", *, crop: str | Crop | None = None) -> NDArray[np.float32]:
        """The embedding of a picture, indexed or not: float32 (dimensions,), unit length. Raises `ProbeError`."""
        embedder, part = self._model.for_queries(), Crop.parse(crop) if isinstance(crop, str) else crop
        (vector,) = embed([self.probes.prepare(probe, part, [embedder.model.preprocessing])], embedder)
        return np.asarray(vector, np.float32)

    def similarity(self, first: "ProbeLike", second: "ProbeLike") -> float:
        """The cosine similarity of two pictures, in -1..1; neither need be indexed. Raises what `embed` raises."""
        one, other = self.embed(first), self.embed(second)
        return float(np.clip(one @ other, -1.0, 1.0))

    def picture(self, digest: str) -> "IndexedPicture":
        """Facts about the picture with this digest (SHA-256 in hex), and its files. Raises `UnknownPictureError`."""
        return self._pictures.facts(digest)

    def thumbnail(self, digest: str, side: int = CACHED_SIDE) -> bytes:
        """A JPEG of the picture with this digest, upright, that fits a square of ``side`` pixels. Raises
        `UnknownPictureError`, and `OutOfReachError` where no file holds the picture any more."""
        return self._thumbnails.thumbnail(digest, side)

    def files(self, *, failed: bool = False) -> "Iterator[FileRecord]":
        """The files of indexed pictures, sorted by path; with ``failed``, the files that could not be read."""
        return facts.file_records(self._backend, failed=failed)

    def remove(self, path: str | os.PathLike[str]) -> int:
        """Remove a file, or a folder and all below it, from the library; the files themselves stay. Returns the number
        of files. Raises `UsageError` where the library has no file at that path."""
        self._backend.catalog()
        with self._backend.writing() as session:
            removed = session.writer().remove_below(os.path.abspath(os.fsencode(path)))
        if removed == 0:
            raise UsageError(f"the library knows no file at or below {os.fspath(path)}", argument="path", value=path)
        return removed

    def duplicates(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        listener: Listener = ignore,
        options: DuplicateOptions | None = None,
        **keywords: "Unpack[DuplicateKeywords]",
    ) -> "list[DuplicateGroup]":
        """Groups of copies and of versions, each with the file to keep. Nothing is changed.

        With a ``path``, only groups that have a file at or below it are given, with all of their files. The keyword
        arguments are the fields of `DuplicateOptions`. Raises `UsageError` where the library has no file at ``path``,
        and for a rule that does not exist."""
        from imsearch.duplicates.search import find_duplicates

        target = SearchTarget.of(self._backend, self._model)
        wanted = options or DuplicateOptions(path, **keywords)
        return find_duplicates(self._backend, target.space, target.index, self._verification, wanted, listener)

    def trash(
        self,
        groups: "Iterable[DuplicateGroup]",
        *,
        under: str | os.PathLike[str] | None = None,
        edited: bool = False,
        dry_run: bool = False,
        listener: Listener = ignore,
    ) -> "TrashReport":
        """Move what each group proposes (`DuplicateGroup.proposed`), and what belongs to those files, to the system's
        trash, and remove it from the library; with ``under``, only files at or below that path. With ``dry_run``, the
        report says what would be moved. A file is skipped if it or the file that stays for it is not as it was indexed,
        or if raw data or a film beside it would be lost. Raises `LibraryLockedError` while another process writes."""
        from imsearch.duplicates.trash import trash

        return trash(self._backend, groups, under, edited=edited, dry_run=dry_run, listener=listener)

    def trashed(self) -> "list[TrashedFile]":
        """The files that `trash` has moved and `restore` has not brought back, the last one first."""
        from imsearch.duplicates.restore import trashed

        return trashed(self._backend)

    def restore(self, *paths: str | os.PathLike[str]) -> "RestoreReport":
        """Bring back what `trash` has moved; with ``paths``, only what was at or below them. No file is replaced.
        Raises `LibraryError` where the trash of the system cannot be read, `LibraryLockedError` as `trash` does."""
        from imsearch.duplicates.restore import restore

        return restore(self._backend, paths)

    def mark_different(self, *pictures: PictureLike) -> int:
        """Remember that these pictures are all different: no two of them will be in one group of `duplicates`. It is
        kept by content, whatever becomes of the files, which need not be indexed. Returns how many pairs are new."""
        return Decisions(self._backend).add(pictures)

    def forget_different(self, *pictures: PictureLike) -> int:
        """Take back `mark_different` for every two of these pictures. Returns the number of pairs."""
        return Decisions(self._backend).remove(pictures)

    def different(self) -> list[tuple[str, str]]:
        """The pairs marked by `mark_different`: each picture as a path, or as its digest where no file holds it."""
        return Decisions(self._backend).all()

    def optimize(self) -> "VectorIndexInfo":
        """Rebuild and tune the vector index, and measure its recall, as index runs do when a library has doubled: two
        minutes for a million pictures. Raises `LibraryLockedError`, and `LibraryError` where it cannot be stored."""
        index = SearchTarget.of(self._backend, self._model).index
        with self._backend.writing():
            return index.optimize()

    def info(self) -> "LibraryInfo":
        """Facts about the library: its model, roots, counts and sizes. Raises `LibraryNotFoundError`."""
        return facts.library_info(self._backend, self.model)
