"""Whole processes, from the shell's point of view, with the file cache warm."""

import functools
import sys
from pathlib import Path

from benchmarks.report import Report, in_turn, process_seconds

COMMAND = [sys.executable, "-c", "from imsearch.cli import main; main()"]
"""The command, run by this interpreter wherever its script may be."""

SECTION = "Whole processes"


def measure(report: Report, pictures: Path, library: Path, probe: Path, count: int, runs: int) -> None:
    """Everything that does not depend on a generated library. ``library`` holds the ``count`` ``pictures``."""
    cases = {
        "python -c pass, for comparison": [sys.executable, "-c", "pass"],
        "python -c 'import imsearch'": [sys.executable, "-c", "import imsearch"],
        "imsearch --help": [*COMMAND, "--help"],
        f"imsearch query, {count:,} pictures": query_command(library, probe),
        f"imsearch index, nothing changed, {count:,} pictures": [
            *COMMAND,
            "index",
            str(pictures),
            "--library",
            str(library),
        ],
    }
    timed(report, SECTION, cases, runs)
    report.curves.setdefault("queries", {})[count] = report.figures[-2].values


def measure_query(report: Report, library: Path, probe: Path, count: int, runs: int) -> None:
    """A cold query of a generated library."""
    timed(report, SECTION, {f"imsearch query, {count:,} pictures": query_command(library, probe)}, runs)
    report.curves.setdefault("queries", {})[count] = report.figures[-1].values


def query_command(library: Path, probe: Path) -> list[str]:
    """A query as one types it."""
    return [*COMMAND, "query", str(probe), "--library", str(library)]


def timed(report: Report, section: str, cases: dict[str, list[str]], runs: int) -> None:
    """Run commands in turn, each once before it counts, and report their seconds."""
    for command in cases.values():
        process_seconds(command)
    values = in_turn(runs, **{name: functools.partial(process_seconds, command) for name, command in cases.items()})
    for name, times in values.items():
        report.add(section, name, times, "s", 3)
    report.save()
