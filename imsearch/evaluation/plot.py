"""Plots of precision-recall curves: the only module that imports matplotlib, which comes with the extra `eval`."""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imsearch.errors import UsageError
from imsearch.types.evaluation import Evaluation

COLOURS = ("#0b6e99", "#d9822b", "#1f2933", "#7a3e9d", "#2f855a", "#c0392b")
STYLES = ("-", "--", "-.", ":")
INK = "#1f2933"
FAINT = "#8a94a0"


def check_plot(path: Path) -> None:
    """Raise `UsageError` if matplotlib is missing, or if ``path`` cannot be written: call it before the long work."""
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError(
            "a plot needs matplotlib, which comes with: pip install 'imsearch-engine[eval]'", argument="plot"
        )
    if path.suffix.lower() != ".png":
        raise UsageError(f"a plot is a PNG: call it {path.with_suffix('.png')}", argument="plot", value=path)
    if not path.parent.is_dir():
        raise UsageError(f"{path} cannot be written: there is no folder {path.parent}", argument="plot", value=path)


def write_plot(path: Path, evaluations: Sequence[Evaluation]) -> None:
    """Draw the curves of evaluations of one folder into a PNG file. Raises `UsageError` where it cannot be written."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {"font.family": "DejaVu Sans", "font.size": 10, "axes.edgecolor": FAINT}
    style |= dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), INK)
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(7.2, 5), dpi=160, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for at, evaluation in enumerate(evaluations):
            reached = sum(precision > 0 for precision in evaluation.curve.precision)  # the curve ends there
            axes.plot(
                evaluation.curve.recall[:reached],
                evaluation.curve.precision[:reached],
                color=COLOURS[at % len(COLOURS)],
                linestyle=STYLES[at // len(COLOURS) % len(STYLES)],
                linewidth=2,
                label=_label(evaluation),
            )
        axes.set(xlim=(0, 1), ylim=(0, 1.02), title=_title(evaluations[0]), **_axis_labels(evaluations[0]))
        axes.title.set(horizontalalignment="left", position=(0, 1), fontsize=11, fontweight="bold")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e4e8ec", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.legend(loc="best", frameon=True, framealpha=0.9, edgecolor="none")
        try:
            figure.savefig(path, format="png")
        except OSError as exc:
            raise UsageError(f"{path} cannot be written: {exc.strerror or exc}", argument="plot", value=path) from exc


def _label(evaluation: Evaluation) -> str:
    name = os.path.basename(evaluation.model) if os.path.isabs(evaluation.model) else evaluation.model
    quality = evaluation.quality
    return f"{name}: mAP {quality.mean_average_precision.mean:.3f}, P@1 {quality.precision_at_1.mean:.3f}"


def _title(evaluation: Evaluation) -> str:
    what = "classes" if evaluation.asked == "classes" else "edits"
    queries = evaluation.quality.questions
    return f"{queries:,} queries, {evaluation.pictures:,} pictures, {len(evaluation.groups)} {what}"


def _axis_labels(evaluation: Evaluation) -> dict[str, str]:
    if evaluation.asked == "classes":
        return {
            "xlabel": "recall: share of the class that has been found",
            "ylabel": "interpolated precision, mean over all queries",
        }
    return {
        "xlabel": "recall: share of copies whose original is the first hit, above a score",
        "ylabel": "precision: share of these first hits that are right",
    }
