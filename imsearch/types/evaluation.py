"""How models are evaluated, what that gives, and the events on the way. Nothing here does I/O."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from imsearch.errors import UsageError
from imsearch.types.events import Event, Skip


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """What is asked of models, and how their answers are counted.

    Each picture asks for the others of its class: of its subfolder or, with ``labels``, of what this CSV file says.
    With ``copies`` edited copies of up to ``count`` pictures ask for their originals instead. ``ks`` are those of
    recall@k, ascending.

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
    """How well a number of queries (``questions``) were answered.

    ``mean_average_precision`` looks at the whole ranking (with one relevant picture to a query it is the mean
    reciprocal rank); ``precision_at_1`` is the share of queries whose first hit is relevant; ``recall[k]`` the share of
    a query's relevant pictures that are among its first k, so that it cannot reach 1 where there are more than k.
    """

    questions: int
    mean_average_precision: Estimate
    precision_at_1: Estimate
    recall: dict[int, Estimate]


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision at 101 levels of recall from 0 to 1, as `evaluate` says; both have the same length."""

    recall: tuple[float, ...]
    precision: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one model reached in one evaluation.

    ``asked`` says what the queries asked for: other pictures of their class, or the originals of edited copies.
    ``pictures`` counts different pictures, all of which were ranked for every query; ``groups`` holds the quality
    of each class or each edit by its name, the worst first. ``images_per_second`` is the rate of the index run, the
    compiling of the model left out; ``seconds_per_query`` the median of queries with a new picture from the disk in a
    process that is warm. ``skipped`` are the files that could not be used.
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
"""What `evaluate` calls with each event, those of its index runs included, in the thread that called it."""
