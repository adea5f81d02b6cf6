"""What `imsearch duplicates` finds of edited copies, beside what `imsearch query --verify` proves of the same pairs.

Also what it would move to the trash, and how many pairs are proposed at which cosine, and by how many shared words.
"""

import contextlib
import os
import random
import resource
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

import imsearch
from benchmarks import edits
from benchmarks.report import Report, seconds
from imsearch.backends import open_backend
from imsearch.duplicates.groups import Groups
from imsearch.duplicates.pairs import NearPairs, near_pairs
from imsearch.duplicates.proposals import COPY_SCORE, NEIGHBORS
from imsearch.duplicates.word_pairs import complete_descriptions, word_pairs
from imsearch.types.duplicates import DuplicateGroup
from imsearch.types.listeners import ignore
from imsearch.vectors.word_index import ContentWords
from imsearch.verify.verifier import Verifier

SECTION = "Duplicates"
COSINES = (0.9, 0.85, 0.8, COPY_SCORE, 0.7, 0.6)
SHARING = (1, 2, 3, 5, 8, 16)
"""With how many that share most words with it each picture is paired."""

SEED = 5

ASKED = 20
"""The sources of whose copies `query --verify` is asked; a query takes much longer than a pair."""

HITS = 40
"""Hits that are asked for: the other edits of a picture may come before the original."""

Made = Sequence[tuple[Path, Path, str]]
"""Original, edited copy, name of the edit."""


def make(sources: list[Path], folder: Path, count: int) -> Made:
    """Edited copies of as many sources as bring the number of pictures to about ``count``."""
    originals = max(1, min(len(sources), (count - len(sources)) // edits.FILES))
    return list(edits.make(sorted(random.Random(SEED).sample(sources, originals)), folder))  # noqa: S311


def measure(report: Report, library: Path, made: Made, model: str | None = None) -> None:
    """Report on an indexed library that holds sources and their edited copies."""
    for name in ("first look", "second run"):
        took, busy, peak = _process(library)
        report.add(SECTION, f"{name}, as a process", took, "s", 1)
        report.add(SECTION, f"{name}, processor time", busy, "s", 1)
        report.add(SECTION, f"{name}, peak of resident memory", peak / 2**20, "MiB", 0)
    backend = open_backend(library)
    with imsearch.open(library, model=model) as opened:
        groups = opened.duplicates()
        space = backend.catalog().space(opened.model)
        proven = _proven(opened, _some(made))
    _count_found(report, groups, made, proven)
    _show_false_groups(report, groups, made)
    if space is None:
        raise ValueError(f"{library} has no vectors")
    index, catalog = backend.vector_index(space), backend.catalog()
    near = near_pairs(space, index, ignore, k=NEIGHBORS, least=min(COSINES))
    path_of = {match.embedding_id: os.fsdecode(match.path) for match in space.matches(space.ids())}
    for least in COSINES:
        _count_pairs(report, f"cosine {least:.2f}", _paths(near.chosen(near.scores >= least), path_of), made)
    digests = dict(catalog.digests())
    with contextlib.closing(Verifier(library)) as verifier:
        described = complete_descriptions(catalog, digests, verifier.words, ignore)
    words = ContentWords.of({content: each.words for content, each in described.items()})
    path_of = {file.content_id: os.fsdecode(file.path) for file in catalog.held_files(words.contents)}
    for k in SHARING:
        _count_pairs(report, f"shared words, {k}", _paths(word_pairs(words, words.contents, k=k), path_of), made)
    backend.close()
    report.save()


def _some(made: Made) -> Made:
    """The copies of a few sources, spread over all."""
    sources = len(made) // len(edits.NAMES)
    asked = {number * sources // ASKED for number in range(ASKED)}
    return [each for at, each in enumerate(made) if at // len(edits.NAMES) in asked]


def _proven(library: imsearch.Library, made: Made) -> dict[Path, bool]:
    """Whether a verified query with each copy proves the original."""
    return {
        copy: any(
            hit.path == str(original) and hit.proof is not None and hit.proof.verdict != "similar"
            for hit in library.query(copy, HITS, verify=True)
        )
        for original, copy, _ in made
    }


class _Shown:
    """What the groups say of files, by their paths; ``gone`` are those that are proposed for the trash."""

    def __init__(self, groups: Iterable[DuplicateGroup]) -> None:
        self._groups_of = defaultdict[str, set[int]](set)
        self._connected, self._numbers = Groups(), dict[str, int]()
        self.gone = set[str]()
        for number, group in enumerate(groups):
            ends = [self._numbers.setdefault(file.path, len(self._numbers)) for file in group.files]
            for file, end in zip(group.files, ends, strict=True):
                self._groups_of[file.path].add(number)
                self._connected.join(ends[0], end)
            self.gone |= {file.path for file in group.proposed(edited=True)}

    def together(self, one: str, other: str) -> bool:
        """Whether two files are in one group."""
        return not self._groups_of[one].isdisjoint(self._groups_of[other])

    def connected(self, one: str, other: str) -> bool:
        """Whether a chain of groups leads from one file to the other: versions are shown by the file that is kept."""
        return _joined(self._connected, self._numbers, one, other)


def _count_found(report: Report, groups: Iterable[DuplicateGroup], made: Made, proven: dict[Path, bool]) -> None:
    """Report how many copies are found with their original, and how many are proposed for the trash; and how many of
    the copies that a verified query proves are found."""
    shown = _Shown(groups)
    for name in (None, *edits.NAMES):
        pairs = [(str(original), str(copy)) for original, copy, edit in made if name in (None, edit)]
        asked = [pair for pair in pairs if Path(pair[1]) in proven]
        sure = [pair for pair in asked if proven[Path(pair[1])]]
        shares = {
            "in a group with the original": [shown.together(*pair) for pair in pairs],
            "led to by groups from the original": [shown.connected(*pair) for pair in pairs],
            "proposed for the trash": [copy in shown.gone for _, copy in pairs],
            "the original is proposed instead": [one in shown.gone and other not in shown.gone for one, other in pairs],
            "proven by query --verify": [proven[Path(copy)] for _, copy in asked],
            "of those, in a group with the original": [shown.together(*pair) for pair in sure],
            "of those, led to by groups": [shown.connected(*pair) for pair in sure],
        }
        for what, values in shares.items():
            if values:
                report.add(SECTION, f"{name or 'all edits'}: {what}", float(np.mean(values)), digits=3)
    originals = {str(original) for original, _, _ in made}
    report.add(SECTION, "originals proposed for the trash", len(originals & shown.gone), digits=0)
    report.add(SECTION, "of originals", len(originals), digits=0)


def _show_false_groups(report: Report, groups: Iterable[DuplicateGroup], made: Made) -> None:
    """Report how many groups have pictures that were not made from one original, and print them."""
    original_of = {str(copy): str(original) for original, copy, _ in made}
    paths = [[file.path for file in group.files] for group in groups]
    false = [each for each in paths if len({original_of.get(path, path) for path in each}) > 1]
    report.add(SECTION, "groups with two different originals", len(false), digits=0)
    for each in false:
        print("   ", *each, sep="\n      ")


def _paths(pairs: NearPairs, path_of: Mapping[int, str]) -> list[tuple[str, str]]:
    return [(path_of[pair.first], path_of[pair.second]) for pair in pairs.pairs()]


def _count_pairs(report: Report, what: str, pairs: Sequence[tuple[str, str]], made: Made) -> None:
    """Report what pairs of paths lead to."""
    source_of = {str(copy): str(source) for source, copy, _ in made}
    groups, numbers, unrelated = Groups(), dict[str, int](), 0
    for pair in pairs:
        ends = [numbers.setdefault(path, len(numbers)) for path in pair]
        if len({source_of.get(path, path) for path in pair}) == 1:
            groups.join(*ends)
        else:
            unrelated += 1
    reached = [name for source, copy, name in made if _joined(groups, numbers, str(source), str(copy))]
    report.add(SECTION, f"{what}: pairs that are no copies", unrelated, digits=0)
    report.add(SECTION, f"{what}: pictures in any pair", len(numbers), digits=0)
    report.add(SECTION, f"{what}: edited copies that pairs lead to", len(reached) / len(made), digits=3)
    for name in edits.NAMES:
        report.add(SECTION, f"{what}: {name}", reached.count(name) * len(edits.NAMES) / len(made))


def _joined(groups: Groups, numbers: dict[str, int], source: str, copy: str) -> bool:
    return source in numbers and copy in numbers and groups.find(numbers[source]) == groups.find(numbers[copy])


def _process(library: Path) -> tuple[float, float, int]:
    """Seconds, seconds of all cores, and peak bytes of the command in a process of its own."""
    command = [sys.executable, "-c", "from imsearch.cli import main; main()", "duplicates", "--library", str(library)]
    usages: list[resource.struct_rusage] = []

    def run() -> None:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} failed ({process.returncode})")
        usages.append(usage)

    took = seconds(run)
    return took, usages[0].ru_utime + usages[0].ru_stime, usages[0].ru_maxrss * 1024
