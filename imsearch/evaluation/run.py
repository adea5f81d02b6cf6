"""The order of an evaluation: index into a library that is thrown away, ask, count."""

import functools
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import LibraryError, UsageError
from imsearch.evaluation import measures
from imsearch.evaluation.edits import EDITS
from imsearch.evaluation.questions import (
    Pictures,
    Question,
    class_questions,
    copy_questions,
    evenly,
    read_pictures,
)
from imsearch.evaluation.truth import Labels, labels_of_subfolders, read_labels
from imsearch.library import Library
from imsearch.models.model import Model
from imsearch.models.names import DEFAULT_MODEL, parse
from imsearch.models.opening import open_embedder
from imsearch.types.evaluation import (
    Asked,
    Curve,
    Estimate,
    Evaluating,
    Evaluation,
    EvaluationListener,
    Quality,
)
from imsearch.types.events import Event, Skip
from imsearch.types.libraries import IndexReport

TIMED_QUERIES = 20

_SCORES_AT_ONCE = 8_000_000
"""Scores that are in memory together, 32 MB of them."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is evaluated: ``labels`` are those of the classes, None where copies are asked for; ``listed`` are the
    files that a file of labels names one by one."""

    folder: bytes
    labels: Labels | None
    listed: frozenset[bytes]
    count: int
    ks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What one question got. ``score`` is that of its first hit."""

    question: Question
    ranks: NDArray[np.int64]
    score: float


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
    """How well each of ``models`` (by default the default one) finds what belongs together in ``folder``.

    Each picture asks for the others of its class. Classes are the subfolders of ``folder``, or what ``labels`` says:
    a CSV file with the columns ``path`` (relative to ``folder``) and ``label``. With ``copies`` there are no classes:
    up to ``count`` pictures, evenly chosen, are cropped, recompressed, turned and so on (`images.edits.EDITS`), and
    each such copy asks for its original. Whatever else lies in ``folder`` can be a wrong hit.

    All pictures are ranked for every question, by exact score. Files with the same content are one picture; asking
    for its class, it is left out of its own ranking. ``ks`` are those of recall@k. The curve of classes is the
    interpolated precision, meant over all questions; that of copies has the precision among first hits above a score,
    as the score falls, and the share of copies whose original has been found so.

    The pictures are indexed into a library in the folder for temporary files, about 3 KB for each, and nothing is
    kept. Vectors of one model at a time are in memory.

    Raises `UsageError` for a folder, labels or numbers that make no sense, `ModelError` for a model that cannot be
    had, before anything is indexed where that is possible; `LibraryError` where there is no room for the library.
    """
    task = _task(folder, labels, copies, count, ks)
    tell = listener or (lambda event: None)
    names = dict.fromkeys(parse(name).name for name in models or [DEFAULT_MODEL])
    prepared = [_prepare(name, tell) for name in names]  # one that cannot be had shows before the long work
    evaluations = []
    for number, model in enumerate(prepared, 1):
        tell(Evaluating(model.name, number, len(prepared)))
        evaluations.append(_evaluate(model, task, tell))
    return evaluations


def _task(
    folder: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None,
    copies: bool,
    count: int,
    ks: Sequence[int],
) -> Task:
    path = os.path.abspath(os.fsencode(folder))
    if not os.path.isdir(path):
        raise UsageError(f"{os.fsdecode(path)}: no such folder")
    if labels is not None and copies:
        raise UsageError("copies are asked for without labels", argument="copies")
    for name, value in (("k", min(ks, default=0)), ("count", count)):
        if value < 1:
            raise UsageError(f"{name} must be at least 1, not {value}", argument=name, value=value)
    wanted = tuple(sorted(set(ks)))
    if labels is not None:
        read = read_labels(Path(labels), path)
        return Task(path, read, frozenset(read), count, wanted)
    return Task(path, None if copies else labels_of_subfolders(path), frozenset(), count, wanted)


def _prepare(name: str, tell: EvaluationListener) -> Model:
    """The facts of a model, compiled if it was not, so that this does not count as time of indexing."""
    return open_embedder(parse(name), "cpu", listener=tell).model


def _evaluate(model: Model, task: Task, tell: EvaluationListener) -> Evaluation:
    with (
        _temporary_folder() as temporary,
        Library(Path(temporary) / "library", model=model.name) as library,
    ):
        report, skipped = _index(library, task, tell)
        pictures = read_pictures(library)
        skipped += _not_found(task.listed, pictures, skipped)
        results = _ask(library, pictures, task, tell)
        return Evaluation(
            model=model.name,
            kind=model.kind,
            dimensions=model.dimensions,
            asked="copies" if task.labels is None else "classes",
            pictures=len(pictures.all),
            quality=_quality(results, task.ks),
            groups=_groups(results, task.ks),
            images_per_second=report.embedded / report.seconds,
            seconds_per_query=seconds_per_query(library, pictures),
            curve=_curve(results, copies=task.labels is None),
            skipped=tuple(skipped),
        )


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="imsearch-eval-")
    except OSError as exc:
        raise LibraryError(f"no temporary folder can be made ({exc.strerror}): name another place by TMPDIR") from exc


def _index(library: Library, task: Task, tell: EvaluationListener) -> tuple[IndexReport, list[Skip]]:
    skipped: list[Skip] = []

    def listen(event: Event) -> None:
        if isinstance(event, Skip):
            skipped.append(event)
        tell(event)

    return library.index(os.fsdecode(task.folder), listener=listen), skipped


def _not_found(listed: frozenset[bytes], pictures: Pictures, skipped: Sequence[Skip]) -> list[Skip]:
    """The listed files that an index run passes over in silence."""
    known = {path for picture in pictures.all for path in picture.paths} | {os.fsencode(skip.path) for skip in skipped}
    return [Skip(os.fsdecode(path), "labelled, but hidden or no picture") for path in sorted(listed - known)]


def _ask(library: Library, pictures: Pictures, task: Task, tell: EvaluationListener) -> list[Result]:
    if task.labels is None:
        total = len(evenly(len(pictures.all), task.count)) * len(EDITS)
        questions: Iterable[Question] = copy_questions(pictures, task.count, library.embed)
    else:
        questions = class_questions(pictures, task.labels)
        total = len(questions)
    results: list[Result] = []
    waiting = iter(questions)
    while block := list(islice(waiting, max(1, min(64, _SCORES_AT_ONCE // len(pictures.all))))):
        results += _answers(block, pictures)
        tell(Asked(len(results), total))
    return results


def _answers(block: Sequence[Question], pictures: Pictures) -> Iterator[Result]:
    for question, scores in zip(block, _scores(block, pictures), strict=True):
        right = np.zeros(len(scores), np.bool_)
        right[question.right] = True
        if question.left_out is not None:
            scores, right = np.delete(scores, question.left_out), np.delete(right, question.left_out)
        yield Result(question, measures.ranks_of_right(scores, right), float(scores.max()))


def _scores(block: Sequence[Question], pictures: Pictures) -> NDArray[np.float32]:
    """What pictures are ranked by: the cosine of each question with each of them, (questions, pictures)."""
    return np.stack([question.vector for question in block]) @ pictures.vectors.T


def _quality(results: Sequence[Result], ks: tuple[int, ...]) -> Quality:
    wanted: list[Callable[[NDArray[np.int64]], float]] = [
        measures.average_precision,
        measures.precision_at_1,
        *(functools.partial(measures.recall_at, k) for k in ks),
    ]
    values = np.array([[measure(result.ranks) for measure in wanted] for result in results])
    subjects = np.array([result.question.subject for result in results])
    estimates = [Estimate(*row) for row in measures.intervals(values, subjects).tolist()]
    return Quality(
        questions=len(results),
        mean_average_precision=estimates[0],
        precision_at_1=estimates[1],
        recall=dict(zip(ks, estimates[2:], strict=True)),
    )


def _groups(results: Sequence[Result], ks: tuple[int, ...]) -> dict[str, Quality]:
    of_group: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        for name in result.question.groups:
            of_group[name].append(result)
    qualities = {name: _quality(group, ks) for name, group in of_group.items()}
    return dict(sorted(qualities.items(), key=lambda item: (item[1].mean_average_precision.mean, item[0])))


def _curve(results: Sequence[Result], *, copies: bool) -> Curve:
    if copies:
        scores = np.array([result.score for result in results])
        precision = measures.threshold_curve(scores, np.array([result.ranks[0] == 1 for result in results]))
    else:
        precision = np.mean([measures.interpolated_precision(result.ranks) for result in results], axis=0)
    return Curve(tuple(measures.LEVELS.tolist()), tuple(precision.tolist()))


def seconds_per_query(library: Library, pictures: Pictures) -> float:
    """The median of some queries as users have them: a picture is read from the disk and embedded, then looked for.

    The library knows the vectors of its own pictures and would not embed them, so those asked with leave it first.
    """
    chosen = [pictures.all[at].paths for at in evenly(len(pictures.all), TIMED_QUERIES)]
    for path in (path for paths in chosen for path in paths):
        library.remove(os.fsdecode(path))
    seconds = []
    library.query(os.fsdecode(chosen[0][0]))  # loads the model
    for first, *_ in chosen:
        begin = time.perf_counter()
        library.query(os.fsdecode(first))
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)
