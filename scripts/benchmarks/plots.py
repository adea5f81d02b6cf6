"""Plots of what a report holds, as PNG files: the only part of the benchmarks that needs matplotlib."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.report import Report

INK = "#1f2933"
FAINT = "#8a94a0"
ACCENT = "#0b6e99"
SECOND = "#d9822b"
QUIET = "#b8c4ce"

STYLE: dict[Any, Any] = {
    "figure.dpi": 160,
    "font.size": 9.5,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e4e8ec",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


def draw(report: Report) -> list[str]:
    """Draw what was measured into the folder of the report. Returns the names of the files."""
    drawn: dict[str, Callable[[Any], Figure]] = {
        "indexing": _indexing,
        "queries": _queries,
        "growth": _growth,
        "search": _search,
        "peers": _peers,
    }
    written = []
    with pyplot.rc_context(STYLE):
        for name, make in drawn.items():
            if name in report.curves:
                figure = make(report.curves[name])
                machine = report.machine
                figure.text(
                    0.995,
                    0.008,
                    f"{machine['cores']} cores of {machine['cpu']}, {machine['date']}",
                    ha="right",
                    va="bottom",
                    size=6.5,
                    color=FAINT,
                )
                figure.savefig(report.folder / f"{name}.png")
                pyplot.close(figure)
                written.append(f"{name}.png")
    return written


def _figure(columns: int, height: float, rows: int = 1) -> tuple[Figure, list[Axes]]:
    layout = ConstrainedLayoutEngine(rect=(0.005, 0.035, 0.985, 0.955), wspace=0.06)
    figure, axes = pyplot.subplots(rows, columns, figsize=(8.4, height), layout=layout, squeeze=False)
    return figure, list(axes.flat)


def _bars(axes: Axes, rows: dict[str, Sequence[float]], title: str, unit: str, digits: int, main: str) -> None:
    """Lying bars of medians, with the range as a thin line and the value at the end; ``main`` stands out."""
    names = list(rows)
    medians = [statistics.median(values) for values in rows.values()]
    highest = max(max(values) for values in rows.values())
    for at, (name, values) in enumerate(rows.items()):
        axes.barh(at, medians[at], height=0.62, color=ACCENT if name == main else QUIET)
        if len(values) > 1:
            axes.plot([min(values), max(values)], [at, at], color=INK, linewidth=1.1, solid_capstyle="butt")
        places = max(digits, 1) if medians[at] < 10 else digits
        axes.text(max(values) + highest * 0.025, at, f"{medians[at]:,.{places}f}", va="center", size=9)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, highest * 1.2)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_title(title)
    axes.set_xlabel(unit)


def _indexing(curves: dict[str, Any]) -> Figure:
    names = {"decode": "decode alone", "model": "model alone", "shared": "both, one after\nthe other", "index": "index"}
    figure, places = _figure(len(curves), 2.7)
    for axes, (kind, rates) in zip(places, curves.items(), strict=True):
        rows = {label: rates[name] for name, label in names.items()}
        _bars(axes, rows, f"Indexing {kind} pictures", "pictures per second, median and range", 0, "index")
    return figure


def _peers(curves: dict[str, Any]) -> Figure:
    figure, places = _figure(len(curves), 2.5)
    ordered = sorted(curves.items(), key=lambda item: item[0] == "query")
    for axes, (name, rows) in zip(places, ordered, strict=True):
        if name == "query":
            _bars(axes, rows, "A query, new process", "seconds (less is better)", 2, "imsearch")
        else:
            _bars(axes, rows, name[0].upper() + name[1:], "pictures per second", 0, "imsearch")
        if axes is not places[0]:
            axes.set_yticklabels([])
    return figure


def _queries(curves: dict[Any, Sequence[float]]) -> Figure:
    figure, (axes,) = _figure(1, 1.3 + 0.4 * len(curves))
    rows = {f"{int(count):,} pictures": curves[count] for count in sorted(curves, key=int)}
    _bars(axes, rows, "imsearch query in a new process", "seconds, median and range", 2, "")
    for bar in axes.patches:
        bar.set_color(ACCENT)
    return figure


def _growth(curve: dict[str, Any]) -> Figure:
    figure, (time, disk) = _figure(2, 3.1)
    low, middle, high = zip(*curve["milliseconds"], strict=True)
    time.fill_between(curve["pictures"], low, high, color=ACCENT, alpha=0.18, linewidth=0, label="10 % to 90 %")
    time.plot(curve["pictures"], middle, color=ACCENT, linewidth=1.8, label="median")
    time.set_ylim(0, 1.25 * max(high))
    time.set_title("Time to store a picture")
    time.set_ylabel("milliseconds a picture")
    time.legend(loc="upper left", ncols=2)
    pictures = [count for count, _ in curve["bytes"]]
    sizes = [size / count / 1024 for count, size in curve["bytes"]]
    disk.plot(pictures, sizes, "o-", color=ACCENT, linewidth=1.8, markersize=3)
    disk.set_ylim(0, 1.3 * max(sizes))
    disk.set_title("Catalog on disk")
    disk.set_ylabel("KiB a picture")
    for axes in (time, disk):
        axes.set_xlim(0, pictures[-1])
        axes.set_xlabel("pictures in the library")
        axes.xaxis.set_major_formatter(FuncFormatter(_short))
        axes.grid(axis="y")
    return figure


def _search(curves: dict[Any, dict[str, dict[str, float]]]) -> Figure:
    """A column to a question: no filter, then filters from wide to narrow; a colour to a size of the library."""
    sizes = sorted(curves, key=int)
    figure, (recall, latency) = _figure(2, 3.3)
    questions = list(curves[sizes[0]])
    order = [name for name in questions if name == "all"] + sorted((set(questions) - {"all"}), key=float, reverse=True)
    labels = ["no filter" if name == "all" else f"{float(name) * 100:g} %" for name in order]
    colours = [ACCENT, SECOND, INK, FAINT]
    for at, size in enumerate(sizes):
        colour = colours[at % len(colours)]
        place = [column + (at - (len(sizes) - 1) / 2) * 0.16 for column in range(len(order))]
        recalls = [curves[size][name]["recall"] for name in order]
        recall.plot(place, recalls, "o", color=colour, markersize=6, label=f"{_short(int(size), 0)} pictures")
        middles = [curves[size][name]["p50"] for name in order]
        highs = [curves[size][name]["p99"] for name in order]
        latency.vlines(place, middles, highs, color=colour, linewidth=1.4)
        latency.plot(place, middles, "o", color=colour, markersize=6)
        latency.plot(place, highs, "_", color=colour, markersize=8, markeredgewidth=1.4)
    lowest = min(curves[size][name]["recall"] for size in sizes for name in order)
    span = max(0.05, 1.15 * (1 - lowest))
    recall.set_ylim(max(0.0, 1 - span), 1 + span * 0.08)
    recall.set_title("Recall@10 against exact search")
    recall.legend(loc="lower right")
    latency.set_yscale("log")
    latency.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    latency.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    latency.yaxis.set_minor_locator(NullLocator())
    latency.set_title("One query: p50 (dot) to p99 (line)")
    latency.set_ylabel("milliseconds, without the model")
    for axes in (recall, latency):
        axes.set_xticks(range(len(order)), labels)
        axes.set_xlim(-0.5, len(order) - 0.5)
        axes.set_xlabel("share of the library that the filter passes")
        axes.grid(axis="y")
    return figure


def _short(value: float, _: Any) -> str:
    for unit, name in ((1e6, "million"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g} {name}" if name == "million" else f"{value / unit:g}{name}"
    return f"{value:g}"
