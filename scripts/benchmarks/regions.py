"""What regions find and what they cost.

    scripts/bench regions FOLDER [--count 1000] [--probes 200] [--output bench-results]

Indexes COUNT pictures of FOLDER without and with regions and asks both libraries with parts that were cut out of PROBES
of them, of 5 to 30 % of the area. Figures are told for each folder in FOLDER and for all of them.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import imsearch
from benchmarks.pictures import sources_in
from benchmarks.report import Report

AREAS = (0.05, 0.1, 0.2, 0.3)
ASPECTS = (0.6, 1.6)
TRIES = 60
SEED = 9


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a picture, in a file of its own, and where it was: left, top, right, bottom."""

    path: Path
    source: Path
    group: str
    area: float
    box: tuple[int, int, int, int]


def main(words: list[str]) -> None:
    """Parse the rest of the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--probes", type=int, default=200)
    parser.add_argument("--output", type=Path, default=Path("bench-results"))
    arguments = parser.parse_args(words)
    arguments.output.mkdir(parents=True, exist_ok=True)
    report = Report(arguments.output.resolve(), {"count": arguments.count, "probes": arguments.probes})
    sources = sources_in(arguments.folder.resolve())
    order = np.random.default_rng(SEED).permutation(len(sources))[: arguments.count]
    with tempfile.TemporaryDirectory(dir=arguments.output, prefix="work-") as name:
        measure(report, [sources[at] for at in sorted(order)], arguments.folder.resolve(), arguments.probes, Path(name))


def measure(report: Report, sources: list[Path], folder: Path, probes: int, scratch: Path) -> None:
    """Index ``sources``, which lie in ``folder``, in both ways and ask for parts of ``probes`` of them."""
    asked = np.random.default_rng(SEED + 1).permutation(len(sources))[:probes]
    cuts = [cut for at in asked for cut in cut_from(sources[at], folder, scratch / f"{at}")]
    seconds, catalog = {}, {}
    for kind in ("plain", "regions"):
        with imsearch.open(scratch / kind) as library:
            library.index(sources[0], regions=kind == "regions")  # the model is prepared
            started = time.perf_counter()
            library.index(*sources)
            seconds[kind] = time.perf_counter() - started
            catalog[kind] = library.info().catalog_bytes / len(sources)
            _ask(report, library, kind, cuts)
    section = "Regions: cost"
    report.add(section, "seconds of indexing, as a multiple of those without", seconds["regions"] / seconds["plain"])
    for kind, size in catalog.items():
        report.add(section, f"bytes a picture in the catalog, {kind}", size, digits=0)
    report.save()


def _ask(report: Report, library: imsearch.Library, kind: str, cuts: list[Cut]) -> None:
    started = time.perf_counter()
    answers = list(library.query_many([cut.path for cut in cuts], 10))
    report.add("Regions: cost", f"seconds a query, {kind}", (time.perf_counter() - started) / len(cuts), "s", 4)
    places = [
        next((hit.rank for hit in answer.hits if Path(hit.path) == cut.source), 0)
        for answer, cut in zip(answers, cuts, strict=True)
    ]
    for group in [*sorted({cut.group for cut in cuts}), "all"]:
        for area in AREAS:
            ranks = [
                rank for rank, cut in zip(places, cuts, strict=True) if cut.area == area and group in (cut.group, "all")
            ]
            name = f"{group}, {area:.0%} of the area, {len(ranks)} probes"
            report.add(f"Regions: scene first, {kind}", name, ranks.count(1) / len(ranks), digits=3)
            report.add(f"Regions: among the first ten, {kind}", name, sum(map(bool, ranks)) / len(ranks), digits=3)


def cut_from(source: Path, folder: Path, target: Path) -> Iterator[Cut]:
    """Parts of a picture, one of each area, written below ``target``: rectangles drawn at random, of which the first
    is taken that has at least the median texture (mean length of the brightness gradient) of those drawn."""
    target.mkdir(parents=True)
    with Image.open(source) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    down, across = np.gradient(np.asarray(picture.convert("L"), np.float32))
    texture = np.hypot(down, across)
    random = np.random.default_rng([SEED, *source.name.encode()])
    for area in AREAS:
        boxes = list(_rectangles(picture.size, area, random))
        textures = [texture[top:bottom, left:right].mean() for left, top, right, bottom in boxes]
        box = boxes[int(np.argmax(textures >= np.median(textures)))]
        path = target / f"{area}.png"
        picture.crop(box).save(path)
        parent = source.relative_to(folder).parts[0] if source.parent != folder else folder.name
        yield Cut(path, source, parent, area, box)


def _rectangles(size: tuple[int, int], area: float, random: np.random.Generator) -> Iterator[tuple[int, int, int, int]]:
    width, height = size
    found = 0
    while found < TRIES:
        aspect = np.exp(random.uniform(*np.log(ASPECTS)))
        wide = min(width, np.sqrt(area * width * height * aspect))
        high = min(height, area * width * height / wide)
        left, top = random.uniform(0, width - wide), random.uniform(0, height - high)
        yield round(left), round(top), max(round(left) + 1, round(left + wide)), max(round(top) + 1, round(top + high))
        found += 1
