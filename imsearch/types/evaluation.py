"""What an evaluation gives, and the events that it tells on the way. Nothing here does I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from imsearch.types.events import Event, Skip


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over what was asked, with its 95 % confidence interval ``low`` to ``high``; all in 0..1."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a number of questions were answered.

    ``mean_average_precision`` looks at the whole ranking (with one right picture to a question it is the mean
    reciprocal rank); ``precision_at_1`` is the share of questions whose first hit is right; ``recall[k]`` the share of
    a question's right pictures that are among its first k, so that it cannot reach 1 where there are more than k.
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

    ``pictures`` counts different pictures, all of which were ranked for every question; ``groups`` holds the quality
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
class Asked:
    """Event: ``done`` of ``total`` questions have been put to the model."""

    done: int
    total: int


EvaluationListener = Callable[[Event | Evaluating | Asked], None]
"""What `evaluate` calls with each event, those of its index runs included, in the thread that called it."""
