"""Figures: printed as they come, kept as JSON, and set as a Markdown table."""

import datetime
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity; ``values`` are those of its runs, in ``unit``."""

    section: str
    name: str
    values: list[float]
    unit: str
    digits: int

    @property
    def median(self) -> float:
        """The median of the runs."""
        return statistics.median(self.values)

    def text(self, value: float) -> str:
        """A value with this figure's digits."""
        return f"{value:,.{self.digits}f}"

    @property
    def range(self) -> str:
        """The smallest and the largest run, or nothing where there was only one."""
        if len(self.values) == 1:
            return ""
        return f"{self.text(min(self.values))} to {self.text(max(self.values))}"


@dataclass(slots=True)
class Report:
    """What was measured so far. ``curves`` holds what is plotted: lists of numbers under names of their own."""

    folder: Path
    settings: dict[str, Any]
    machine: dict[str, Any] = field(default_factory=lambda: machine())
    figures: list[Figure] = field(default_factory=list)
    curves: dict[str, Any] = field(default_factory=dict)

    def add(self, section: str, name: str, values: Sequence[float] | float, unit: str = "", digits: int = 2) -> None:
        """Keep a figure and print its line."""
        runs = [float(value) for value in values] if isinstance(values, Sequence) else [float(values)]
        figure = Figure(section, name, runs, unit, digits)
        if not self.figures or self.figures[-1].section != section:
            print(f"\n{section}", flush=True)
        self.figures.append(figure)
        note = f"({figure.range})" if figure.range else ""
        print(f"  {name:<58}{figure.text(figure.median):>12} {unit:<12}{note}".rstrip(), flush=True)

    def figure(self, section: str, name: str) -> Figure | None:
        """The figure of that name, if it was measured."""
        return next((each for each in self.figures if (each.section, each.name) == (section, name)), None)

    def save(self) -> None:
        """Write ``results.json`` and ``table.md``; called after every section, so that a stopped run keeps its own."""
        self.folder.mkdir(parents=True, exist_ok=True)
        figures = [{**asdict(each), "median": each.median} for each in self.figures]
        results = {
            "schema": SCHEMA,
            "machine": self.machine,
            "settings": self.settings,
            "figures": figures,
            "curves": self.curves,
        }
        (self.folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
        (self.folder / "table.md").write_text(self.table())

    def table(self) -> str:
        """A Markdown table of all figures, a part to a section."""
        lines = [f"{self.machine['cores']} cores of {self.machine['cpu']}, {self.machine['memory_gib']} GiB, "]
        lines[0] += f"Python {self.machine['python']}, {self.machine['date']}; medians of {self.settings['runs']} runs."
        for section in dict.fromkeys(figure.section for figure in self.figures):
            lines += ["", f"**{section}**", "", "| figure | median | range |", "|---|---|---|"]
            for figure in self.figures:
                if figure.section == section:
                    value = f"{figure.text(figure.median)} {figure.unit}".strip()
                    lines.append(f"| {figure.name} | {value} | {figure.range} |")
        return "\n".join(lines) + "\n"


def machine() -> dict[str, Any]:
    """What the figures depend on: the processor, its cores and memory, the versions of what computes."""
    libraries = ("imsearch-engine", "openvino", "faiss-cpu", "numpy", "pillow", "torch", "sqlalchemy")
    return {
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in libraries},
        "date": datetime.date.today().isoformat(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def process_seconds(command: Sequence[str], **options: Any) -> float:
    """How long a command takes, from its start to its end. Raises `RuntimeError` with its words if it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, **options)
    took = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed ({done.returncode}): {done.stderr.strip()}")
    return took


def in_turn(runs: int, **actions: Callable[[], float]) -> dict[str, list[float]]:
    """The values of several measurements, each made once in every round, so that a slow minute meets all alike.

    The order turns round from one round to the next, so that none always follows the same one.
    """
    values: dict[str, list[float]] = {name: [] for name in actions}
    for run in range(runs):
        order = list(actions) if run % 2 == 0 else list(reversed(actions))
        for name in order:
            values[name].append(actions[name]())
    return values


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """The ratio of two measurements in each round."""
    return [one / other for one, other in zip(above, below, strict=True)]
