"""How good and how quick search is on a library of a given size, and what memory it takes."""

import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import imsearch
from benchmarks import inside
from benchmarks.generator import PAGE, Generator
from benchmarks.report import Report

K = 10
PROBES = 1000
FILTERED_PROBES = 100
WARM_UP = 100
SHARES = (0.001, 0.01, 0.1, 0.5)
ADDED = 1000
REMOVED_ALBUM = 7

Vectors = NDArray[np.float16]


class Truth:
    """The exact nearest of each probe among vectors that pass a mask, by brute force, page after page."""

    def __init__(self, probes: NDArray[np.float32]) -> None:
        self._rows = np.full((len(probes), K), -1)
        self._scores = np.full((len(probes), K), -np.inf, np.float32)

    def add(self, first: int, scores: NDArray[np.float32], passing: NDArray[np.bool_]) -> None:
        """Merge in the scores (probes, page) of the vectors from number ``first`` on."""
        numbers = np.flatnonzero(passing)
        part = scores[:, numbers]
        if len(numbers) > K:
            best = np.argpartition(part, -K, axis=1)[:, -K:]
            rows, part = numbers[best] + first, np.take_along_axis(part, best, axis=1)
        else:
            rows = np.broadcast_to(numbers + first, part.shape)
        rows = np.concatenate([self._rows, rows], axis=1)
        part = np.concatenate([self._scores, part], axis=1)
        order = np.argsort(-part, axis=1)[:, :K]
        self._rows = np.take_along_axis(rows, order, axis=1)
        self._scores = np.take_along_axis(part, order, axis=1)

    def recall(self, probe: int, found: list[int]) -> float:
        """The share of the true hits of a probe that were found."""
        true = {int(row) for row in self._rows[probe] if row >= 0}
        return len(true.intersection(found)) / len(true) if true else 1.0


def truths(vectors: Vectors, probes: NDArray[np.float32]) -> dict[str, Truth]:
    """The true hits of each probe among all vectors, among those of each filter, and among those not removed."""
    found = {name: Truth(probes) for name in ("all", "kept")}
    found |= {str(share): Truth(probes[:FILTERED_PROBES]) for share in SHARES}
    for at in range(0, len(vectors), PAGE):
        page = np.asarray(vectors[at : at + PAGE], np.float32)
        page /= np.linalg.norm(page, axis=1, keepdims=True)
        scores = probes @ page.T
        numbers = np.arange(at, at + len(page))
        days = inside.taken_days(at, len(page))
        found["all"].add(at, scores, np.ones(len(page), bool))
        found["kept"].add(at, scores, numbers % inside.ALBUMS != REMOVED_ALBUM)
        for share in SHARES:
            found[str(share)].add(at, scores[:FILTERED_PROBES], days < inside.date_filter(share)[1])
    return found


def optimize(report: Report, folder: Path, count: int) -> None:
    """Have the library build its candidates for its size, and report what it says of them."""
    section = section_of(count)
    with imsearch.open(folder) as library:
        started = time.perf_counter()
        made = library.optimize()
        report.add(section, "library.optimize(), once", time.perf_counter() - started, "s", 1)
        on_disk = library.info().cache_bytes
    print(f"  {made}")
    if made.recall is not None:
        report.add(section, "recall that the library itself reports", made.recall, digits=4)
    report.add(section, "candidates on disk", on_disk / count, "bytes/picture", 1)
    report.curves.setdefault("candidates", {})[count] = asdict(made)


def measure(report: Report, folder: Path, vectors: Vectors, generator: Generator, held_out: Generator) -> None:
    """Ask a library that holds ``vectors`` with vectors of ``held_out``, then remove and add some and ask again.

    ``generator`` is that of ``vectors``: the added ones are its next page.
    """
    count = len(vectors)
    section = section_of(count)
    probes = held_out.page(0, PROBES + WARM_UP).astype(np.float32)
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    warm_up, probes = probes[PROBES:], probes[:PROBES]
    _memory(report, folder, section, probes, count)
    true = truths(vectors, probes)
    searcher = inside.Searcher(folder)
    try:
        for probe in warm_up:
            searcher.hits(probe, K)
        _latencies(report, section, "candidates alone", [_timed(searcher.candidates, probe, K)[0] for probe in probes])
        curve = report.curves.setdefault("search", {}).setdefault(count, {})
        curve["all"] = _ask(report, section, "whole search", searcher, probes, true["all"])
        for share in SHARES:
            filters = inside.date_filter(share)[0]
            name = f"filter that passes {share * 100:g} %"
            searcher.hits(probes[0], K, filters)
            curve[str(share)] = _ask(
                report, section, name, searcher, probes[:FILTERED_PROBES], true[str(share)], filters
            )
        album = inside.GENERATED_ROOT / f"album-{REMOVED_ALBUM:02d}"
        started = time.perf_counter()
        removed = searcher.library.remove(album)
        report.add(section, f"removing {removed:,} pictures", time.perf_counter() - started, "s", 1)
    finally:
        searcher.close()
    _after_changes(report, section, folder, generator, probes, true["kept"], count)
    report.save()


def _after_changes(
    report: Report,
    section: str,
    folder: Path,
    generator: Generator,
    probes: NDArray[np.float32],
    kept: Truth,
    count: int,
) -> None:
    searcher = inside.Searcher(folder)
    try:
        searcher.hits(probes[0], K)
        _ask(report, section, "after removing 5 %", searcher, probes, kept)
        added = generator.page(count // PAGE + 1, ADDED)
        inside.add(folder, added, count)
        new = added.astype(np.float32)
        new /= np.linalg.norm(new, axis=1, keepdims=True)
        took, hits = _timed(searcher.hits, new[0], 1)
        report.add(section, f"the next query after adding {ADDED:,}", took * 1000, "ms", 1)
        found = [inside.number_of(hits[0].path) == count]
        found += [
            inside.number_of(searcher.hits(vector, 1)[0].path) == count + at for at, vector in enumerate(new) if at > 0
        ]
        report.add(section, f"share of the added {ADDED:,} that find themselves first", sum(found) / len(found))
    finally:
        searcher.close()


def _ask(
    report: Report,
    section: str,
    name: str,
    searcher: inside.Searcher,
    probes: NDArray[np.float32],
    true: Truth,
    filters: imsearch.Filters | None = None,
) -> dict[str, Any]:
    """One probe at a time; recall against the truth and the percentiles of the seconds."""
    times, recalls = [], []
    for at, probe in enumerate(probes):
        took, hits = _timed(searcher.hits, probe, K, filters)
        times.append(took)
        recalls.append(true.recall(at, [inside.number_of(hit.path) for hit in hits]))
    recall = float(np.mean(recalls))
    report.add(section, f"recall@{K}, {name}", recall, digits=4)
    return {"recall": recall, **_latencies(report, section, name, times)}


def _latencies(report: Report, section: str, name: str, times: list[float]) -> dict[str, float]:
    middle, high = (float(value) * 1000 for value in np.percentile(times, (50, 99)))
    report.add(section, f"{name}, p50", middle, "ms")
    report.add(section, f"{name}, p99", high, "ms")
    return {"p50": middle, "p99": high}


def _timed(action: Any, *arguments: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = action(*arguments)
    return time.perf_counter() - started, result


def _memory(report: Report, folder: Path, section: str, probes: NDArray[np.float32], count: int) -> None:
    """What opening the library and asking it all probes adds to the memory of a fresh process."""
    saved = folder.parent / "probes.npy"
    np.save(saved, probes)
    command = [sys.executable, "-m", "benchmarks.resident", str(folder), str(saved)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    grown = json.loads(done.stdout)
    report.add(section, "memory of a fresh process that searches", grown["resident"] / count, "bytes/picture", 1)
    report.add(section, "  of it not backed by a file", grown["anonymous"] / count, "bytes/picture", 1)
    report.add(section, "opening the candidates in a fresh process", grown["seconds"] * 1000, "ms", 1)
    report.curves.setdefault("memory", {})[count] = grown


def section_of(count: int) -> str:
    """The heading of the figures of one size."""
    return f"Search among {count:,} pictures"
