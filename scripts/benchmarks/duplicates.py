"""What finding duplicates proposes: how many of edited copies, and of pairs that are none, at which cosine."""

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import imsearch
from benchmarks import edits
from benchmarks.report import Report, seconds
from imsearch.backends import open_backend
from imsearch.catalog.space import VectorSpace
from imsearch.duplicates.find import COPY_SCORE, NEIGHBORS
from imsearch.duplicates.groups import Groups
from imsearch.duplicates.pairs import NearPairs, near_pairs
from imsearch.types.listeners import ignore

SECTION = "Duplicates"
COSINES = (0.9, 0.85, 0.8, COPY_SCORE, 0.7, 0.6)
SEED = 5

Made = Sequence[tuple[Path, Path, str]]
"""Source, edited copy, name of the edit."""


def make(sources: list[Path], folder: Path, count: int) -> Made:
    """Edited copies of as many sources as bring the number of pictures to about ``count``."""
    originals = max(1, min(len(sources), (count - len(sources)) // len(edits.EDITS)))
    return list(edits.make(sorted(random.Random(SEED).sample(sources, originals)), folder))  # noqa: S311


def measure(report: Report, library: Path, made: Made, model: str | None = None) -> None:
    """Report on an indexed library that holds sources and their edited copies."""
    took, peak = _process(library)
    report.add(SECTION, "imsearch duplicates, as a process", took, "s", 1)
    report.add(SECTION, "its peak of resident memory", peak / 2**20, "MiB", 0)
    backend = open_backend(library)
    with imsearch.open(library, model=model) as opened:
        space = backend.catalog().space(opened.model)
    if space is None:
        raise ValueError(f"{library} has no vectors")
    index = backend.vector_index(space)
    found: list[NearPairs] = []

    def look() -> None:
        found.append(near_pairs(space, index, ignore, k=NEIGHBORS, least=min(COSINES)))

    report.add(SECTION, f"near pairs of {space.count():,} pictures", seconds(look), "s", 1)
    _count_pairs(report, space, found[0], made)
    backend.close()
    report.save()


def _count_pairs(report: Report, space: VectorSpace, found: NearPairs, made: Made) -> None:
    one, other, scores = found.first, found.second, found.scores
    matches = space.matches(np.unique(np.concatenate([one, other])))
    path_of = {match.embedding_id: os.fsdecode(match.path) for match in matches}
    source_of = {str(copy): str(source) for source, copy, _ in made}
    for least in COSINES:
        groups, unrelated = Groups(), 0
        pictures: set[str] = set()
        numbers: dict[str, int] = {}
        for first, second in zip(one[scores >= least].tolist(), other[scores >= least].tolist(), strict=True):
            paths = path_of[first], path_of[second]
            pictures.update(paths)
            ends = [numbers.setdefault(path, len(numbers)) for path in paths]
            if len({source_of.get(path, path) for path in paths}) == 1:
                groups.join(*ends)
            else:
                unrelated += 1
        reached = [name for source, copy, name in made if _joined(groups, numbers, str(source), str(copy))]
        prefix = f"cosine {least:.2f}"
        report.add(SECTION, f"{prefix}: pairs that are no copies", unrelated, digits=0)
        report.add(SECTION, f"{prefix}: pictures in any pair", len(pictures), digits=0)
        report.add(SECTION, f"{prefix}: edited copies that pairs lead to", len(reached) / len(made), digits=3)
        for name in edits.EDITS:
            report.add(SECTION, f"{prefix}: {name}", reached.count(name) * len(edits.EDITS) / len(made))


def _joined(groups: Groups, numbers: dict[str, int], source: str, copy: str) -> bool:
    return source in numbers and copy in numbers and groups.find(numbers[source]) == groups.find(numbers[copy])


def _process(library: Path) -> tuple[float, int]:
    """Seconds and peak bytes of the command in a process of its own."""
    command = [sys.executable, "-c", "from imsearch.cli import main; main()", "duplicates", "--library", str(library)]
    peaks: list[int] = []

    def run() -> None:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} failed ({process.returncode})")
        peaks.append(usage.ru_maxrss * 1024)

    return seconds(run), peaks[0]
