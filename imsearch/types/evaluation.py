"""Options, results and events of evaluations. Nothing here does I/O."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from imsearch.errors import UsageError
from imsearch.types.events import Event, Skip


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """Which queries a model is evaluated with, and for which k recall@k is measured.

    Each picture is a query for the other pictures of its class: those in its subfolder or, with ``labels``, those with
    its label in this CSV file. With ``copies``, edited copies of up to ``count`` pictures are queries for their
    originals instead. ``ks`` holds the k of recall@k, ascending.

    Raises `UsageError` for values that make no sense.
    """

    labels: str | os.PathLike[str] | None = None
    copies: bool = False
    count: int = 100
    ks: tuple[int, ...] = (1, 5, 10)

    def __post_init__(self) -> None:
        if self.labels is not None and self.copies:
            raise UsageError("copies are asked for without labels", argument="copies")
        for argument, value in (("k", min(self.ks, default=0)), ("count", self.count)):
            if value < 1:
                raise UsageError(f"{argument} must be at least 1, not {value}", argument=argument, value=value)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries, with its 95 % confidence interval ``low`` to ``high``; all in 0..1."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a model answered queries; ``questions`` is their number.

    ``mean_average_precision`` takes the whole ranking into account (where each query has one relevant picture, it is
    the mean reciprocal rank); ``precision_at_1`` is the share of queries whose first hit is relevant; ``recall[k]`` is
    the share of a query's relevant pictures that are among its first k hits, so that it cannot reach 1 where a query
    has more than k relevant pictures.
    """

    questions: int
    mean_average_precision: Estimate
    precision_at_1: Estimate
    recall: dict[int, Estimate]


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision at 101 levels of recall from 0 to 1: ``precision[i]`` belongs to ``recall[i]``."""

    recall: tuple[float, ...]
    precision: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of one model in one evaluation.

    ``asked`` says what the queries asked for: other pictures of their class, or the originals of edited copies.
    ``pictures`` counts different pictures, all of which were ranked for every query; ``groups`` maps the name of each
    class or edit to its quality, the worst first. ``images_per_second`` is the rate of the index run, without the time
    to compile the model; ``seconds_per_query`` is the median time of a query with a new picture from the disk, once
    the process is warm. ``skipped`` lists the files that could not be used.
    """

    model: str
    kind: Literal["CNN", "ViT"]
    dimensions: int
    asked: Literal["classes", "copies"]
    pictures: int
    quality: Quality
    groups: dict[str, Quality]
    images_per_second: float
    seconds_per_query: float
    curve: Curve
    skipped: tuple[Skip, ...]


@dataclass(frozen=True, slots=True)
class Evaluating:
    """Event: the evaluation of a model begins, the ``number``-th of ``total``."""

    model: str
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """Event: all pictures have been ranked for ``done`` of ``total`` queries."""

    done: int
    total: int


EvaluationListener = Callable[[Event | Evaluating | Ranked], None]
"""A function that `evaluate` calls with each event, also those of its index runs, in the thread of its caller."""
