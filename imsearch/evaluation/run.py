"""The steps of an evaluation: index into a temporary library, rank, measure."""

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from imsearch.errors import LibraryError, UsageError
from imsearch.evaluation.collection import Collection, evenly, read_collection
from imsearch.evaluation.quality import curve_of_classes, curve_of_copies, quality_of, quality_of_groups
from imsearch.evaluation.queries import CopyQueries, Query, class_queries
from imsearch.evaluation.ranking import Ranking, rank
from imsearch.evaluation.truth import Labels, labels_of_subfolders, read_labels
from imsearch.library import Library
from imsearch.models.model import Model
from imsearch.models.names import DEFAULT_MODEL, parse
from imsearch.models.opening import open_embedder
from imsearch.types.evaluation import Evaluating, Evaluation, EvaluationListener, EvaluationOptions, Ranked
from imsearch.types.events import Event, Skip

TIMED_QUERIES = 20


def evaluate(
    folder: str | os.PathLike[str],
    *,
    models: Sequence[str] = (),
    labels: str | os.PathLike[str] | None = None,
    copies: bool = False,
    count: int = 100,
    ks: Sequence[int] = (1, 5, 10),
    listener: EvaluationListener | None = None,
) -> list[Evaluation]:
    """Measure how well ``models`` (by default only the default model) find what belongs together in ``folder``.

    Each picture is a query for the other pictures of its class. Classes are the subfolders of ``folder`` or, with
    ``labels``, are read from a CSV file with the columns ``path`` (relative to ``folder``) and ``label``. With
    ``copies`` there are no classes: up to ``count`` pictures, evenly chosen, are cropped, recompressed, turned and so
    on (`imsearch.evaluation.edits.EDITS`), and each such copy is a query for its original. All other pictures in
    ``folder`` can be wrong hits.

    All pictures are ranked for every query, by exact score. Files with the same content are one picture; in a query for
    its class, it is left out of its own ranking. ``ks`` holds the k of recall@k. The curve for classes is the
    interpolated precision, as the mean over all queries. The curve for copies looks at first hits above a falling
    threshold on the score: recall is the share of copies whose original is among them, precision the share of them that
    are right.

    The pictures are indexed into a library in the folder for temporary files, at about 3 KB each, which is deleted
    afterwards. The vectors of one model at a time are in memory.

    Raises `UsageError` for a folder, labels or numbers that make no sense, and `ModelError` for a model that is
    unavailable, if possible before anything is indexed; `LibraryError` where there is no space for the library.
    """
    root = os.path.abspath(os.fsencode(folder))
    if not os.path.isdir(root):
        raise UsageError(f"{os.fsdecode(root)}: no such folder", argument="folder", value=os.fsdecode(root))
    options = EvaluationOptions(labels, copies, count, tuple(sorted(set(ks))))
    run = _Run(root, _labels(root, options), options, listener or _ignore)
    names = dict.fromkeys(parse(name).name for name in models or [DEFAULT_MODEL])
    # Models are compiled first, so that indexing times leave that out, and so that a missing model fails early.
    prepared = [open_embedder(parse(name), "cpu", listener=listener).model for name in names]
    return [run.evaluate(model, number, len(prepared)) for number, model in enumerate(prepared, 1)]


def _ignore(event: object) -> None:
    """A listener that does nothing."""


def _labels(root: bytes, options: EvaluationOptions) -> Labels | None:
    """The labels of files; None where the queries are edited copies."""
    if options.copies:
        return None
    return labels_of_subfolders(root) if options.labels is None else read_labels(Path(options.labels), root)


class _Run:
    """The evaluation of models, one after another, on the pictures below ``root``."""

    def __init__(
        self, root: bytes, labels: Labels | None, options: EvaluationOptions, listener: EvaluationListener
    ) -> None:
        self._root = root
        self._labels = labels
        self._options = options
        self._listener = listener

    def evaluate(self, model: Model, number: int, total: int) -> Evaluation:
        """Evaluate a prepared model, the ``number``-th of ``total``."""
        self._listener(Evaluating(model.name, number, total))
        with (
            _temporary_folder() as temporary,
            Library(Path(temporary) / "library", model=model.name) as library,
        ):
            skips = _Skips(self._listener)
            report = library.index(os.fsdecode(self._root), listener=skips)
            collection = read_collection(library)
            rankings = self._rankings(library, collection)
            ks = self._options.ks
            return Evaluation(
                model=model.name,
                kind=model.kind,
                dimensions=model.dimensions,
                asked="copies" if self._labels is None else "classes",
                pictures=len(collection),
                quality=quality_of(rankings, ks),
                groups=quality_of_groups(rankings, ks),
                images_per_second=report.embedded / report.seconds,
                seconds_per_query=seconds_per_query(library, collection),
                curve=curve_of_copies(rankings) if self._labels is None else curve_of_classes(rankings),
                skipped=(*skips.told, *self._missing(collection, skips.told)),
            )

    def _rankings(self, library: Library, collection: Collection) -> list[Ranking]:
        if self._labels is None:
            queries: CopyQueries | list[Query] = CopyQueries(collection, self._options.count, library)
        else:
            queries = class_queries(collection, self._labels)
        rankings: list[Ranking] = []
        for block in rank(queries, collection):
            rankings += block
            self._listener(Ranked(len(rankings), len(queries)))
        return rankings

    def _missing(self, collection: Collection, skipped: Sequence[Skip]) -> list[Skip]:
        """Files in the file of labels that the index run left out without reporting them."""
        if self._labels is None or self._options.labels is None:
            return []
        known = {path for picture in collection.pictures for path in picture.paths}
        known |= {os.fsencode(skip.path) for skip in skipped}
        missing = sorted(self._labels.keys() - known)
        return [Skip(os.fsdecode(path), "labelled, but hidden or not a picture") for path in missing]


class _Skips:
    """A listener that collects skips, and passes every event on to another listener."""

    def __init__(self, listener: EvaluationListener) -> None:
        self._listener = listener
        self.told: list[Skip] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Skip):
            self.told.append(event)
        self._listener(event)


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="imsearch-eval-")
    except OSError as exc:
        raise LibraryError(f"no temporary folder can be made ({exc.strerror}): name another place by TMPDIR") from exc


def seconds_per_query(library: Library, collection: Collection) -> float:
    """The median time of queries as users make them: a picture is read from the disk, embedded and searched for.

    The library would not embed its own pictures again, so the pictures to query with are removed from it first.
    """
    chosen = [collection.pictures[at].paths for at in evenly(len(collection), TIMED_QUERIES)]
    for path in (path for paths in chosen for path in paths):
        library.remove(os.fsdecode(path))
    seconds = []
    library.query(os.fsdecode(chosen[0][0]))  # loads the model
    for first, *_ in chosen:
        begin = time.perf_counter()
        library.query(os.fsdecode(first))
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)
