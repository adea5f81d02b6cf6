"""Showing the progress and the results of `imsearch eval`."""

import dataclasses
import json
import os
from collections.abc import Callable, Sequence

from imsearch.cli.output.progress import IndexProgress
from imsearch.cli.output.tables import grid
from imsearch.cli.output.terminal import count, line
from imsearch.types.evaluation import Estimate, Evaluating, Evaluation, Quality, Ranked
from imsearch.types.events import Event, Skip

SCHEMA = 1
"""The version of the schema of the JSON lines."""


class EvaluationProgress(IndexProgress):
    """Draws the events of an evaluation, as `IndexProgress` does; a file that all models skip is reported once."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def __call__(self, event: Event | Evaluating | Ranked) -> None:
        """Take in one event."""
        match event:
            case Evaluating():
                self._say(f"model {event.number} of {event.total}: {event.model}")
            case Ranked():
                self._describe("asking", completed=event.done, total=event.total, rate="", skipped="")
            case Skip():
                if event.path not in self._told:
                    self._told.add(event.path)
                    self._say(f"skipped {event.path}: {event.reason}")
            case _:
                super().__call__(event)


def show(evaluations: Sequence[Evaluation], *, as_json: bool) -> None:
    """Show evaluations: as one JSON object per model, a line each; or as a table with a column for each model, and a
    table with a row for each class or edit."""
    if as_json:
        for evaluation in evaluations:
            record = json.dumps({"schema": SCHEMA, **dataclasses.asdict(evaluation)})
            line(json.dumps(json.loads(record, parse_float=lambda text: round(float(text), 6))))
    else:
        _show_models(evaluations)
        line("")
        _show_groups(evaluations)


def _show_models(evaluations: Sequence[Evaluation]) -> None:
    first = evaluations[0]
    facts: list[tuple[str, Callable[[Evaluation], str]]] = [
        ("kind", lambda each: each.kind),
        ("dimensions", lambda each: str(each.dimensions)),
        ("images/s", lambda each: f"{each.images_per_second:.0f}"),
        ("ms a query", lambda each: f"{1000 * each.seconds_per_query:.0f}"),
    ]
    grid(
        ("model", *(_short(each.model) for each in evaluations)),
        [
            *((name, *(fact(each) for each in evaluations)) for name, fact in facts),
            *(
                (name, *(_with_margin(_measured(each.quality)[name]) for each in evaluations))
                for name in _measured(first.quality)
            ),
        ],
        title=f"{count(first.quality.questions, 'question')} to {count(first.pictures, 'picture')}",
    )


def _show_groups(evaluations: Sequence[Evaluation]) -> None:
    """Draw the table of classes or edits: with one model all measures, with several models the mAP of each."""
    first = evaluations[0]
    what = "class" if first.asked == "classes" else "edit"
    if len(evaluations) == 1:
        header = list(_measured(first.quality))
        cells = {name: list(_measured(quality).values()) for name, quality in first.groups.items()}
    else:
        header = [f"mAP {_short(each.model)}" for each in evaluations]
        cells = {name: [each.groups[name].mean_average_precision for each in evaluations] for name in first.groups}
    grid(
        (what, "asked", *header),
        [
            (name, str(first.groups[name].questions), *(_with_margin(estimate) for estimate in estimates))
            for name, estimates in cells.items()
        ],
        title=f"by {what}, the worst first",
    )


def _measured(quality: Quality) -> dict[str, Estimate]:
    return {
        "mAP": quality.mean_average_precision,
        "P@1": quality.precision_at_1,
        **{f"recall@{k}": estimate for k, estimate in quality.recall.items()},
    }


def _with_margin(estimate: Estimate) -> str:
    """The mean, and half the width of its confidence interval, as text."""
    return f"{estimate.mean:.3f} ±{(estimate.high - estimate.low) / 2:.3f}"


def _short(model: str) -> str:
    """A model's name without the folders that it lies in."""
    return os.path.basename(model) if os.path.isabs(model) else model
