"""A library: the one object that wires scanning, models, the catalogue and search together."""

import contextlib
import errno
import functools
import itertools
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
from numpy.typing import NDArray

from imsearch import verify as verifying
from imsearch.catalog.cache import FEATURES, THUMBNAILS
from imsearch.catalog.connection import CATALOGUE
from imsearch.catalog.reader import Reader
from imsearch.catalog.rows import Space
from imsearch.errors import (
    DiskFullError,
    LibraryError,
    LibraryLockedError,
    LibraryNotFoundError,
    UsageError,
)
from imsearch.images import thumbnails
from imsearch.models import names
from imsearch.models.batching import BatchingEmbedder
from imsearch.models.model import Embedder
from imsearch.models.opening import compiled_preprocessing, open_embedder
from imsearch.search.pictures import KEPT_SIDE, Pictures
from imsearch.search.pipeline import Asked, Asking, Probes, embed
from imsearch.search.probes import name_of, unreadable
from imsearch.sources.digests import digest_of_file
from imsearch.types.duplicates import DuplicateGroup, TrashReport
from imsearch.types.events import Event, Listener
from imsearch.types.hits import Answer, Hit
from imsearch.types.libraries import CandidatesInfo, FileRecord, IndexedPicture, IndexReport, LibraryInfo
from imsearch.types.options import DEFAULT_TUNING, DuplicateOptions, Filters, Tuning
from imsearch.types.probes import Crop, Indexed
from imsearch.vectors.candidates import Candidates
from imsearch.vectors.upkeep import PENDING, Keeper, base_path, keep, open_base, refresh

if TYPE_CHECKING:
    from imsearch.catalog.writer import Store
    from imsearch.duplicates.judge import PairJudge
    from imsearch.search.isolated import IsolatedReader
    from imsearch.types.probes import ProbeLike
    from imsearch.verify.verifier import Verifier

_CACHES = ("candidates-*.faiss", f"{FEATURES.name}*", f"{THUMBNAILS.name}*")

BYTES_PER_NUMBER = 2
"""Of a stored vector."""

LATE = 20_000
"""Vectors by which the file of candidates may be behind before a query brings it up to date first; where there is no
file at all, fewer suffice."""


def default_library() -> Path:
    """``IMSEARCH_LIBRARY``, else a folder among the user's data."""
    chosen = os.environ.get("IMSEARCH_LIBRARY")
    return Path(chosen) if chosen else platformdirs.user_data_path("imsearch", appauthor=False) / "library"


class Library:
    """A searchable collection of pictures in a directory of its own. Open it with `imsearch.open`.

    It is a context manager; `close` gives back its files. One process at a time may write to a library, any
    number may query it meanwhile.

    ``isolated`` has probes, which strangers may send, decoded in processes of their own: one that crashes its decoder,
    or takes it too long or too much memory, costs a `ProbeError`.

    Its methods may be called from several threads at once: queries of all of them share the model, and another thread
    may index or remove meanwhile. What `query_many` gives belongs to one thread, and `close` comes after all others.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        model: str | None = None,
        device: str | None = None,
        isolated: bool = False,
    ) -> None:
        self.path = Path(os.path.abspath(path)) if path is not None else default_library().absolute()
        self._reference = None if model is None else names.parse(model)
        self._device = device
        self._reader: Reader | None = None
        self._store: Store | None = None
        self._embedder: BatchingEmbedder | None = None
        self._bulk_embedder: Embedder | None = None
        self._tuning = DEFAULT_TUNING
        self._candidates: Candidates | None = None
        self._verifier: Verifier | None = None
        self._pictures: Pictures | None = None
        self._isolated: IsolatedReader | None = None
        if isolated:
            from imsearch.search import isolated as processes  # which other queries do without

            self._isolated = processes.IsolatedReader()
        self._base_identity: tuple[int, ...] | None = None
        self._opening = threading.RLock()  # of each part once
        self._refreshing = threading.Lock()  # of the candidates
        try:
            if self.path.exists() and not self.path.is_dir():
                raise LibraryError(f"a library is a directory, and {self.path} is a file")
            if (self.path / CATALOGUE).exists():
                self._reader = Reader(self.path)
        except OSError as exc:
            raise LibraryError(f"the library {self.path} cannot be looked into: {exc.strerror or exc}") from exc

    def __enter__(self) -> "Library":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back the library's files. It can be closed twice."""
        for opened in (self._isolated, self._reader, self._store, self._verifier, self._pictures):
            if opened is not None:
                opened.close()
        self._reader = self._store = self._verifier = self._pictures = None
        self._embedder = self._bulk_embedder = self._candidates = None

    @property
    def model(self) -> str:
        """The name of the model that this library is used with."""
        if self._reference is not None:
            return self._reference.name
        spaces = self._reading().spaces() if self._exists() else []
        return spaces[0].model if spaces else names.DEFAULT_MODEL

    @property
    def embedded(self) -> tuple[int, int]:
        """How many pictures queries have had embedded, and in how many batches."""
        embedder = self._embedder
        return (0, 0) if embedder is None else (embedder.pictures, embedder.batches)

    @property
    def device(self) -> str | None:
        """Where models run, as it was told; None where the machine decides."""
        return self._device

    def index(
        self,
        *folders: str | os.PathLike[str],
        exclude: Sequence[str] = (),
        include_hidden: bool = False,
        retry_failed: bool = False,
        regions: bool = False,
        precision: str | None = None,
        batch_size: int | None = None,
        threads: int | None = None,
        listener: Listener | None = None,
    ) -> IndexReport:
        """Bring the library up to date with folders (or single files); with none, with all indexed before.

        Afterwards the library holds what is found there now: new pictures are embedded, changed ones again, moved
        and copied ones recognised by content, gone ones forgotten, unless their folder is out of reach. Files that
        fail are skipped with a reason (`files`), and tried again when they change or with ``retry_failed``.
        ``exclude`` holds globs that are matched against names and against paths relative to their folder.
        Whatever is done is kept if the run is interrupted.

        With ``regions`` parts of each picture are embedded too, so that a probe of one thing finds the scene that
        holds it; a library goes on doing so in later runs. It takes about 25 times as long.

        ``precision`` (``f32``, ``bf16`` or ``f16``) is that of a new library, whose vectors keep to it; None is the
        fastest that the machine has. ``batch_size`` is how many pictures the model takes at once, ``threads`` how
        many threads it has on a CPU and how many processes decode; None is what suits the machine.

        Raises `UsageError` for folders that do not exist and for settings that cannot be, `LibraryLockedError` while
        another process writes, `UnsupportedModelError` where the model has no map by which to choose regions.
        """
        if any(str(folder) == "" for folder in folders):
            raise UsageError("an empty name is no folder")
        tuning = Tuning(precision, batch_size, threads)
        roots = [os.path.abspath(os.fsencode(folder)) for folder in folders]
        if not self._exists():
            for root in roots:
                if not os.path.exists(root):
                    raise UsageError(f"{os.fsdecode(root)}: no such file or folder")
            if not roots:
                raise UsageError("name a folder to index: there is no library yet that knows one")
        from imsearch.indexing.run import IndexRun, check_precision  # with SQLAlchemy, which queries do without

        report = listener or (lambda event: None)
        open_activity = functools.cache(
            lambda: self._open_embedder(self._device, tuning, report, bulk=True, activity=True)
        )
        with self._writing():
            if not self._exists():
                self._index_embedder(tuning, report)  # a model that cannot be had leaves no library behind
            has_regions = self._has_regions()
            if regions and not has_regions:
                open_activity()  # nor does one that has no regions change one
            store = self._open_or_create()
            roots = roots or list(store.roots())
            if not roots:
                raise UsageError("name a folder to index: this library knows none yet")
            check_precision(store.space_of(self.model), precision)
            if regions and not has_regions:
                store.want_regions(self.model)
            if precision is not None:
                with self._opening:
                    self._embedder = None  # it may have been opened in another while there were no vectors
            with Keeper(store, self.model, self.path) as keeper:

                def tell(event: Event) -> None:
                    keeper(event)
                    report(event)

                run = IndexRun(
                    store,
                    self.model,
                    lambda: self._index_embedder(tuning, report),
                    tell,
                    threads,
                    open_activity if regions or has_regions else None,
                )
                result = run.run(roots, exclude=exclude, include_hidden=include_hidden, retry_failed=retry_failed)
            self._keep_candidates(store)
        return result

    def query(
        self,
        probe: "ProbeLike",
        k: int = 10,
        *,
        crop: str | Crop | None = None,
        min_score: float = -1.0,
        filters: Filters | None = None,
        verify: bool = False,
    ) -> list[Hit]:
        """The ``k`` pictures most like ``probe``, best first.

        ``crop`` asks with a part of the probe (``"X,Y,W,H"`` in pixels or per cent of the upright picture);
        hits below ``min_score`` are left out; ``filters`` are applied before ranking.

        With ``verify`` the pictures most like the probe, its quarter turns and its middle are compared with it by
        local features and by their pixels. Hits then have a `Proof`, and come in this order: the same picture, copies,
        those where something of the probe was found again, the others by score.

        Raises `ProbeError` for a probe that cannot be had, `LibraryNotFoundError` where nothing is indexed yet,
        `UsageError` for arguments that make no sense, and for ``verify`` without OpenCV.
        """
        answer = next(self.query_many([probe], k, crop=crop, min_score=min_score, filters=filters, verify=verify))
        if answer.error is not None:
            raise answer.error
        return answer.hits

    def query_many(
        self,
        probes: "Iterable[ProbeLike]",
        k: int = 10,
        *,
        crop: str | Crop | None = None,
        min_score: float = -1.0,
        filters: Filters | None = None,
        verify: bool = False,
    ) -> Iterator[Answer]:
        """An `Answer` to each probe in turn, as `query` would give; a probe that cannot be had costs only its own."""
        asked = Asked.of(k, crop, min_score, filters)
        reader, space = self._searched()
        asking = Asking(reader, space, asked, self._probes(), self._query_embedder, self._fresh_candidates)
        if verify:
            return asking.verified_answers(probes, self._open_verifier())
        preprocessing = compiled_preprocessing(self._reference or names.parse(space.model))
        return asking.answers(iter(probes), preprocessing)

    def embed(self, probe: "ProbeLike", *, crop: str | Crop | None = None) -> NDArray[np.float32]:
        """The embedding of a picture: float32, unit length, shape (dimensions,). It need not be indexed."""
        vector: NDArray[np.float32] = self._embed([probe], Crop.parse(crop) if isinstance(crop, str) else crop)[0]
        return vector

    def similarity(self, first: "ProbeLike", second: "ProbeLike") -> float:
        """The cosine similarity of two pictures, in -1..1. Neither need be indexed."""
        one, other = self._embed([first, second], None)
        return float(np.clip(one @ other, -1.0, 1.0))

    def _embed(self, sources: "Sequence[ProbeLike]", crop: Crop | None) -> NDArray[np.float32]:
        embedder = self._query_embedder()
        wanted = embedder.model.preprocessing
        return embed([self._probes().read_for_model(source, crop, [wanted]) for source in sources], embedder, wanted)

    def picture(self, digest: str) -> IndexedPicture:
        """What the library knows of the picture with this digest (SHA-256 in hex) and the files that hold it.

        Raises `UnknownPictureError`.
        """
        return self._open_pictures().facts(digest)

    def thumbnail(self, digest: str, side: int = KEPT_SIDE) -> bytes:
        """A JPEG of the picture with this digest, upright, that fits a square of ``side`` pixels; those of the usual
        side are kept in the library.

        Raises `UnknownPictureError`, and `OutOfReachError` where it must be read and cannot.
        """
        return self._open_pictures().thumbnail(digest, side)

    def preview(self, data: bytes, side: int = KEPT_SIDE) -> bytes:
        """A JPEG of any encoded picture, upright, that fits a square of ``side`` pixels. Raises `PictureError`."""
        thumbnail_of = thumbnails.thumbnail_of if self._isolated is None else self._isolated.thumbnail
        return thumbnail_of(data, side)

    def files(self, *, failed: bool = False) -> Iterator[FileRecord]:
        """The indexed pictures in the order of their paths; with ``failed``, those that could not be read."""
        for path, size, state, reason in self._existing().file_list(failed=failed):
            yield FileRecord(os.fsdecode(path), size, state, reason)

    def remove(self, path: str | os.PathLike[str]) -> int:
        """Forget a file, or a folder and all below it; nothing on disk is touched. Returns how many files.

        Raises `UsageError` where the library knows nothing there.
        """
        store = self._existing()
        with self._writing():
            removed = store.remove_below(os.path.abspath(os.fsencode(path)))
            if removed == 0:
                raise UsageError(f"the library knows no file at or below {os.fspath(path)}")
            self._keep_candidates(store)
        return removed

    def duplicates(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        series: bool = False,
        keep: Sequence[str] = (),
        prefer: Sequence[str | os.PathLike[str]] = (),
        listener: Listener | None = None,
    ) -> list[DuplicateGroup]:
        """Groups of exact and edited copies, each with the file to keep; nothing is changed.

        With a ``path``, the groups that have a file at or below it, whole. ``series`` also gives groups of pictures
        that are near-alike and no copies. ``keep`` names rules (``largest``, ``best-format``, ``most-bytes``,
        ``oldest``) that go before the others; files below the folders ``prefer`` go before all of them.

        Raises `UsageError` for a path of which the library knows nothing, and for a rule that there is not.
        """
        from imsearch.duplicates.find import FindDuplicates

        options = DuplicateOptions(path, series, keep, prefer)
        report = listener or (lambda event: None)
        reader, space = self._searched()
        candidates = lambda: self._fresh_candidates(reader, space)  # noqa: E731
        return FindDuplicates(reader, space, candidates, self._judge(), options, report).run()

    def _judge(self) -> "PairJudge | None":
        """Who tells whether two pictures are copies; None without OpenCV, and only exact copies are found."""
        if not verifying.available():
            return None
        from imsearch.duplicates.judge import FeatureJudge

        verifier = self._open_verifier()
        return FeatureJudge(verifier.store, verifier.cores)

    def trash(
        self,
        groups: Iterable[DuplicateGroup],
        *,
        under: str | os.PathLike[str] | None = None,
        dry_run: bool = False,
    ) -> TrashReport:
        """Move all but the kept file of each group to the system's trash, and forget them.

        With ``under``, only files at or below it. A file is skipped, with the reason, if it or the one to keep has
        changed since it was indexed, or cannot be reached; and left if both are one file under two names. With
        ``dry_run`` nothing is moved, and the report says what would be.

        Raises `LibraryLockedError` while another process writes.
        """
        from imsearch.duplicates.trash import clear, send

        below = None if under is None else os.path.abspath(os.fsencode(under))
        if dry_run:
            return clear(groups, below, lambda path: None)
        store = self._existing()
        moved: list[bytes] = []

        def move(path: str) -> None:
            send(path)
            moved.append(os.fsencode(path))

        with self._writing():
            try:
                return clear(groups, below, move)
            finally:  # also of what was moved before an interruption
                store.remove_files(moved)
                self._keep_candidates(store)

    def mark_different(self, *pictures: str | os.PathLike[str] | Indexed) -> int:
        """Remember that these pictures are all different: no two of them will be in one group of `duplicates`.

        It holds for the contents of the files, wherever they are, and for good; `forget_different` takes it back.
        The files need not be indexed. Returns how many pairs are new.
        """
        pairs = self._pairs_of(pictures)
        with self._writing():
            return self._existing().add_different(pairs)

    def forget_different(self, *pictures: str | os.PathLike[str] | Indexed) -> int:
        """Take back what `mark_different` was told of any two of these pictures. Returns of how many pairs."""
        pairs = self._pairs_of(pictures)
        with self._writing():
            return self._existing().forget_different(pairs)

    def different(self) -> list[tuple[str, str]]:
        """The pairs told to `mark_different`: for each picture a path, or its digest where the library has none."""
        reader = self._reading()

        def name(digest: bytes) -> str:
            path = reader.path_of(digest)
            return f"sha256:{digest.hex()}" if path is None else os.fsdecode(path)

        return [(name(first), name(second)) for first, second in reader.different_pairs()]

    def _pairs_of(self, pictures: Sequence[str | os.PathLike[str] | Indexed]) -> list[tuple[bytes, bytes]]:
        """All pairs of the contents of files, as digests, the lower first."""
        if len(pictures) < 2:
            raise UsageError("name two or more pictures")
        name_of_digest: dict[bytes, str] = {}
        for picture in pictures:
            digest = self._digest_of(picture)
            if digest in name_of_digest:
                raise UsageError(f"{name_of_digest[digest]} and {name_of(picture)} hold the same bytes")
            name_of_digest[digest] = name_of(picture)
        return list(itertools.combinations(sorted(name_of_digest), 2))

    def _digest_of(self, picture: str | os.PathLike[str] | Indexed) -> bytes:
        if isinstance(picture, Indexed):
            return bytes.fromhex(picture.digest)
        stored = self._reading().digest_at(os.path.abspath(os.fsencode(picture)))
        if stored is not None:
            return stored
        try:
            return digest_of_file(picture)
        except (OSError, ValueError) as exc:
            raise unreadable(os.fsdecode(picture), exc) from exc

    def optimize(self) -> CandidatesInfo:
        """Make the candidate index anew: choose its kind, tune it to the vectors there are, measure its recall.

        Index runs do so by themselves when a library has doubled. It takes about two minutes for a million pictures;
        queries go on meanwhile. Raises `LibraryLockedError` while another process writes, `LibraryError` where the
        result cannot be kept.
        """
        _, space = self._searched()
        store = self._existing()
        with self._writing():
            try:
                self._make_candidates(store, space, afresh=True)
            except OSError as exc:
                full = exc.errno == errno.ENOSPC
                kind = DiskFullError if full else LibraryError
                raise kind(f"the candidate index cannot be kept in {self.path}: {exc.strerror or exc}") from exc
        info = self.info().candidates
        assert info is not None
        return info

    def info(self) -> LibraryInfo:
        """The library at a glance."""
        store = self._existing()
        counts = store.counts()
        spaces = store.spaces()
        space = store.space_of(self.model)
        regions = store.region_count(space) if space is not None and space.regions else 0
        catalogue_bytes = sum(path.stat().st_size for path in self.path.glob(f"{CATALOGUE}*"))
        return LibraryInfo(
            path=str(self.path),
            model=self.model,
            dimensions=space.dimensions if space else 0,
            precision=space.precision if space else "",
            spaces=tuple(each.model for each in spaces),
            roots=tuple(os.fsdecode(root) for root in store.roots()),
            files=counts.get("ok", 0),
            pictures=counts["pictures"],
            unreadable=counts.get("unreadable", 0),
            regions=regions,
            region_bytes=regions * BYTES_PER_NUMBER * (space.dimensions if space else 0),
            catalogue_bytes=catalogue_bytes,
            cache_bytes=sum(path.stat().st_size for cache in _CACHES for path in self.path.glob(cache)),
            candidates=self._candidates_info(store, space) if space else None,
        )

    def _candidates_info(self, reader: Reader, space: Space) -> CandidatesInfo | None:
        base = open_base(self.path, space)
        if base is None:
            return None
        candidates = Candidates(space.dimensions, base)
        refresh(candidates, reader, space)
        plan = base.plan
        return CandidatesInfo(
            kind="exact" if plan.exact else "approximate",
            vectors=len(base.codes),
            pending=candidates.pending,
            bytes_per_vector=base.codes.bytes_per_vector,
            components=plan.components,
            lists=plan.lists,
            probed=plan.probed,
            depth=plan.depth,
            recall=plan.recall,
            measured_with=plan.measured_with,
            measured_at=plan.trained_on,
        )

    # Parts, opened when they are first needed

    def _exists(self) -> bool:
        return self._reader is not None or (self.path / CATALOGUE).exists()

    def _reading(self) -> Reader:
        with self._opening:
            if self._reader is None:
                self._reader = Reader(self.path)
            return self._reader

    def _existing(self) -> "Store":
        with self._opening:
            if self._store is None:
                from imsearch.catalog.writer import Store

                self._store = Store(self.path)
            return self._store

    def _open_or_create(self) -> "Store":
        with self._opening:
            if self._store is None and not self._exists():
                from imsearch.catalog.writer import Store

                self._store = Store.create(self.path)
            return self._existing()

    def _searched(self) -> tuple[Reader, Space]:
        reader = self._reading()
        space = reader.space_of(self.model)
        if space is not None:
            return reader, space
        others = ", ".join(f"'{each.model}'" for each in reader.spaces())
        if not others:
            raise LibraryNotFoundError(f"the library at {self.path} is empty: fill it with `imsearch index FOLDER`")
        raise UsageError(
            f"this library has no vectors of '{self.model}', only of {others}: "
            f"make them with `imsearch index --model {self.model}`"
        )

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        import filelock  # queries do without

        made = not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.path / "write.lock", timeout=0):
                yield
        except filelock.Timeout as exc:
            raise LibraryLockedError(
                f"another imsearch is writing to {self.path} right now; try again when it is done "
                "(queries work meanwhile)"
            ) from exc
        except PermissionError as exc:
            raise LibraryError(f"no permission to write to {self.path}") from exc
        finally:
            if made and not (self.path / CATALOGUE).exists():
                with contextlib.suppress(OSError):  # a run that failed at once leaves nothing behind
                    (self.path / "write.lock").unlink(missing_ok=True)
                    self.path.rmdir()

    def _index_embedder(self, tuning: Tuning, listener: Listener) -> Embedder:
        if self._bulk_embedder is None or tuning != self._tuning:
            self._bulk_embedder = self._open_embedder(self._device, tuning, listener, bulk=True)
            self._tuning = tuning
        return self._bulk_embedder

    def _query_embedder(self) -> BatchingEmbedder:
        """On the CPU unless told otherwise: one picture is done before an accelerator has even started."""
        with self._opening:
            if self._embedder is None:
                device = self._device or "cpu"
                self._embedder = BatchingEmbedder(self._open_embedder(device, DEFAULT_TUNING, lambda event: None))
            return self._embedder

    def _has_regions(self) -> bool:
        space = self._reading().space_of(self.model) if self._exists() else None
        return space is not None and space.regions

    def _open_embedder(
        self, device: str | None, tuning: Tuning, listener: Listener, *, bulk: bool = False, activity: bool = False
    ) -> Embedder:
        """An engine in the precision that the vectors of the model have, if there are any; with ``activity`` for the
        output by which regions are chosen."""
        reference = self._reference or names.parse(self.model)
        if activity:
            reference = names.activity_of(reference)
        space = self._reading().space_of(self.model) if self._exists() else None
        chosen = tuning if space is None else replace(tuning, precision=space.precision)
        embedder = open_embedder(reference, device, chosen, bulk=bulk, listener=listener)
        if space is None and tuning.precision not in (None, embedder.precision):
            raise UsageError(
                f"'{reference.name}' runs in {embedder.precision} on this machine, not in {tuning.precision}: "
                f"leave out --precision, or name {embedder.precision}"
            )
        return embedder

    def _open_pictures(self) -> Pictures:
        with self._opening:
            if self._pictures is None:
                self._pictures = Pictures(self._reading(), self.path, self.preview)
            return self._pictures

    def _probes(self) -> Probes:
        return Probes(self._open_pictures, self._isolated)

    def _open_verifier(self) -> "Verifier":
        verifying.check_available()
        with self._opening:
            if self._verifier is None:
                from imsearch.verify.verifier import Verifier

                self._verifier = Verifier(self.path)
            return self._verifier

    def _fresh_candidates(self, reader: Reader, space: Space) -> Candidates:
        """The candidates as of now: opened anew where their file has been replaced."""
        with self._refreshing:
            candidates = self._current_candidates(space)
            most = LATE if candidates.based else PENDING
            if reader.latest_vector() - candidates.highest > most and self._can_make_candidates(space):
                candidates = self._current_candidates(space)
            refresh(candidates, reader, space)
            return candidates

    def _current_candidates(self, space: Space) -> Candidates:
        identity = _identity(base_path(self.path, space))
        if self._candidates is None or identity != self._base_identity:
            self._candidates = Candidates(space.dimensions, open_base(self.path, space))
            self._base_identity = identity
        return self._candidates

    def _can_make_candidates(self, space: Space) -> bool:
        """Make the file of candidates that somebody deleted, or that a killed run left behind the catalogue."""
        try:
            with self._writing():
                self._make_candidates(self._existing(), space)
        except (LibraryError, OSError):
            return False  # then all vectors are read into memory, which takes longer
        return True

    def _keep_candidates(self, store: "Store") -> None:
        """Bring the file of candidates up to date after a change. A cache: it may fail."""
        space = store.space_of(self.model)
        if space is not None:
            with contextlib.suppress(OSError):
                self._make_candidates(store, space)

    def _make_candidates(self, store: "Store", space: Space, *, afresh: bool = False) -> None:
        base = keep(store, space, self.path, afresh=afresh)
        if base is not None:
            store.forget_departures(base.stamp.departure, space)


def _identity(path: Path) -> tuple[int, ...] | None:
    """What tells a file from the one that was in its place before; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
