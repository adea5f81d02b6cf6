"""How often the verdict `copy` is right, and how often copies get it.

    scripts/bench verdicts FOLDER... [--pictures 100] [--pairs 1000]

Each FOLDER has a subfolder for each class, thing or place; pictures in one subfolder are taken for different
photographs. Of each FOLDER some pictures are edited, in the ways of `imsearch.evaluation.edits` and in others that were
not used to choose any threshold, and compared with what they were made from; and pairs of the same subfolder are
compared. Only probe and picture are compared here: whether the picture is among the candidates is another question.
"""

import argparse
import itertools
import os
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from benchmarks.pictures import sources_in
from imsearch.evaluation import edits
from imsearch.images import decode
from imsearch.search.probes import Probe
from imsearch.verify.features import features_of_picture, features_of_probe
from imsearch.verify.proof import Comparison, compare

SEED = 5


def _noisy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(SEED).normal(0, 18, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _seen_aslant(image: Image.Image) -> Image.Image:
    width, height = image.size
    plane = (1.1, 0.08, -0.02 * width, 0.05, 1.15, -0.02 * height, 0.15 / width, 0.2 / height)
    return image.transform(image.size, Image.Transform.PERSPECTIVE, plane, Image.Resampling.BICUBIC)


def _screenshot(image: Image.Image) -> Image.Image:
    """On a dark page with bars above and below, scaled."""
    small = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)), Image.Resampling.LANCZOS)
    page = Image.new("RGB", (small.width + 40, small.height + 160), (24, 26, 30))
    page.paste((58, 110, 200), (0, 0, page.width, 48))
    page.paste((240, 240, 240), (0, page.height - 40, page.width, page.height))
    page.paste(small, (20, 80))
    return page


def _collage(image: Image.Image) -> Image.Image:
    """One of four, the others being its own mirror images in false colours."""
    width, height = image.size
    page = Image.new("RGB", (2 * width, 2 * height))
    page.paste(image, (0, 0))
    for at, colour in (((width, 0), "red"), ((0, height), "green"), ((width, height), "blue")):
        page.paste(ImageOps.colorize(ImageOps.grayscale(ImageOps.flip(image)), "black", colour), at)
    return page


def _part_mirrored(image: Image.Image) -> Image.Image:
    width, height = image.size
    return ImageOps.mirror(image.crop((width // 5, height // 10, width * 4 // 5, height * 8 // 10)))


UNSEEN: dict[str, Callable[[Image.Image], Image.Image]] = {
    "noise": _noisy,
    "aslant": _seen_aslant,
    "screenshot": _screenshot,
    "collage": _collage,
    "part mirrored": _part_mirrored,
    "rotate 40": lambda image: image.rotate(40, Image.Resampling.BICUBIC, expand=True),
    "stretched": lambda image: image.resize((image.width, max(1, image.height * 3 // 4))),
    "a quarter": lambda image: image.resize((max(1, image.width // 4), max(1, image.height // 4))),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.8),
    "posterised": lambda image: ImageOps.posterize(image, 2),
    "edges": lambda image: image.filter(ImageFilter.UnsharpMask(4, 250, 0)),
    "sepia": lambda image: ImageOps.colorize(ImageOps.grayscale(image), (40, 20, 0), (255, 240, 200)),
}
"""Edits that no threshold was chosen with."""


def main(words: list[str]) -> None:
    """Parse the rest of the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=1000)
    arguments = parser.parse_args(words)
    right, copies, wrong, others = 0, 0, 0, 0
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for folder in arguments.folders:
            print(f"\n{folder.name}")
            sources = sources_in(folder)
            chosen = sources[:: max(1, len(sources) // arguments.pictures)][: arguments.pictures]
            found = np.array(list(threads.map(_verdicts_on_edits, chosen)))
            for name, share in zip([*edits.EDITS, *UNSEEN], found.mean(axis=0), strict=True):
                print(f"  {name:<14} proven {share:.3f}   of {len(chosen)}")
            pairs = _pairs(sources, arguments.pairs)
            taken = [
                pair
                for pair, comparison in zip(pairs, threads.map(_compared_files, pairs), strict=True)
                if comparison is not None and comparison.is_copy
            ]
            print(f"  taken for copies {len(taken)} of {len(pairs)} pairs of the same class")
            for one, other in taken[:20]:
                print(f"    {one.name}  {other.name}")
            right, copies = right + int(found.sum()), copies + found.size
            wrong, others = wrong + len(taken), others + len(pairs)
    print(f"\nrecall {right / copies:.4f} of {copies}, precision {right / max(1, right + wrong):.4f}: ", end="")
    print(f"{wrong} of {others} pairs of the same class taken for copies")


def _verdicts_on_edits(path: Path) -> list[bool]:
    picture = decode.decode(path.read_bytes())
    original = features_of_picture(picture)
    small = picture.image.copy()
    small.thumbnail((edits.SIDE, edits.SIDE), Image.Resampling.LANCZOS)
    made = [edits.edited(picture.image, name, path.name.encode()) for name in edits.EDITS]
    made += [edit(small) for edit in UNSEEN.values()]
    compared = [compare(features_of_probe(_probe(image)), [original])[0] for image in made]
    return [comparison is not None and comparison.is_copy for comparison in compared]


def _probe(image: Image.Image) -> Probe:
    return Probe("", image, *image.size, digest=None, path=None)


def _pairs(sources: Sequence[Path], most: int) -> list[tuple[Path, Path]]:
    """Pairs of pictures in the same folder, as many of each."""
    groups = [list(group) for _, group in itertools.groupby(sorted(sources), key=lambda path: path.parent)]
    rng = random.Random(SEED)  # noqa: S311
    return list(_some_pairs(groups, max(1, most // max(1, len(groups))), rng))


def _some_pairs(groups: list[list[Path]], each: int, rng: random.Random) -> Iterator[tuple[Path, Path]]:
    for group in groups:
        pairs = list(itertools.combinations(group, 2))
        yield from rng.sample(pairs, min(each, len(pairs)))


def _compared_files(pair: tuple[Path, Path]) -> Comparison | None:
    probe, picture = (decode.decode(path.read_bytes()) for path in pair)
    return compare(features_of_probe(_probe(probe.image)), [features_of_picture(picture)])[0]
