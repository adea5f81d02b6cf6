"""How often the verdict `copy` is right, and how often copies get it.

    scripts/bench verdicts FOLDER... [--series FOLDER...] [--pictures 100] [--pairs 1000] [--designs 12]

Each FOLDER has a subfolder for each class, thing or place; pictures in one subfolder are taken for different
photographs. Of each FOLDER some pictures are edited, in the ways of `imsearch.evaluation.edits` and in others, and
compared with what they were made from; and pairs of the same subfolder are compared. Those of the folders after
--series, whose subfolders hold shots of one thing, are the hardest: the pairs that are most alike in light and dark.
Documents and memes of one design (scripts/benchmarks/documents.py) are compared, too; there are --designs of each kind.
Only probe and picture are compared here: whether the picture is among the candidates is another question.

Of pairs that are no copies, a verdict without changes is the worst, as such files would be offered for the trash;
with changes, they would be shown as versions.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import documents
from benchmarks.pairing import nearest_pairs, random_pairs
from benchmarks.pictures import sources_in
from benchmarks.seen import both, drawn, read
from benchmarks.unseen import HARD, UNSEEN
from imsearch.evaluation import edits
from imsearch.verify.closeup import CloserLook, shows_more, side_for
from imsearch.verify.cores import Cores
from imsearch.verify.features import DecodedPicture, features_of_picture, features_of_probe
from imsearch.verify.proof import compare

SEED = 5

COPIES, VERSIONS, SIMILAR = "copies", "versions", "similar"
"""What a pair is taken for: a copy of which nothing changed, one of which something did or that was photographed, or
neither."""

NAMES = [*edits.EDITS, *UNSEEN, *HARD]


@dataclass(slots=True)
class Tally:
    """What was counted so far: whether edited copies were proven, by edit, and what pairs were taken for."""

    proven: dict[str, list[bool]] = field(default_factory=lambda: {name: [] for name in NAMES})
    taken: Counter[str] = field(default_factory=Counter)

    def recall(self, names: Iterable[str]) -> float:
        """The share of the copies by these edits that were proven."""
        return float(np.mean([each for name in names for each in self.proven[name]] or [False]))

    def show(self) -> None:
        """Print the totals."""
        right = sum(sum(each) for each in self.proven.values())
        made = sum(len(each) for each in self.proven.values())
        wrong, others = self.taken[COPIES] + self.taken[VERSIONS], self.taken.total()
        print("\nall")
        _show_edits(self.proven)
        print(f"recall {right / max(1, made):.4f} of {made}, precision {right / max(1, right + wrong):.4f}")
        print(f"  without perspective and heavy noise {self.recall(name for name in NAMES if name not in HARD):.4f}")
        print(f"  perspective and heavy noise {self.recall(HARD):.4f}")
        print(f"{_in_words(self.taken)} of the same thing: {1000 * wrong / max(1, others):.2f} false in 1,000")


def main(words: list[str]) -> None:
    """Parse the rest of the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--series", nargs="+", type=Path, default=[])
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--designs", type=int, default=12)
    arguments = parser.parse_args(words)
    cores, tally = Cores(), Tally()
    for folder in arguments.folders:
        print(f"\n{folder.name}")
        sources = sources_in(folder)
        chosen = sources[:: max(1, len(sources) // arguments.pictures)][: arguments.pictures]
        _count_edits(cores, chosen, tally)
        _count_files(cores, random_pairs(sources, arguments.pairs, SEED), tally)
    for folder in arguments.series:
        print(f"\n{folder.name}, the nearest pairs")
        _count_files(cores, nearest_pairs(sources_in(folder), arguments.pairs), tally)
    for form in documents.FORMS if arguments.designs else ():
        for state in ("clean", "scanned"):
            pairs = list(documents.pairs(form, arguments.designs, scanned=state == "scanned"))
            taken = Counter(cores.compare(_taken_for, *zip(*((drawn(a), drawn(b)) for a, b in pairs), strict=True)))
            print(f"{form}, {state}: {_in_words(taken)}", flush=True)
            tally.taken += taken
    cores.close()
    tally.show()


def _count_edits(cores: Cores, chosen: Sequence[Path], tally: Tally) -> None:
    found = cores.compare(_proven_edits, chosen)
    proven = {name: [each[name] for each in found] for name in NAMES}
    _show_edits(proven)
    for name, values in proven.items():
        tally.proven[name] += values


def _show_edits(proven: dict[str, list[bool]]) -> None:
    for name, values in proven.items():
        if values:
            print(f"  {name:<14} proven {np.mean(values):.3f}   of {len(values)}")


def _count_files(cores: Cores, pairs: Sequence[tuple[Path, Path]], tally: Tally) -> None:
    """Compare pairs of files and print those that are taken for copies."""
    found = cores.compare(_files_taken_for, pairs)
    taken = Counter(found)
    print(f"  {_in_words(taken)}", flush=True)
    for (one, other), verdict in zip(pairs, found, strict=True):
        if verdict != SIMILAR:
            print(f"    {verdict}: {one.parent.name}/{one.name}  {other.parent.name}/{other.name}")
    tally.taken += taken


def _in_words(taken: Counter[str]) -> str:
    counted = ", ".join(f"{taken[name]} {name}" for name in (COPIES, VERSIONS, SIMILAR))
    return f"{counted} of {taken.total()} pairs"


def _proven_edits(path: Path) -> dict[str, bool]:
    """Whether each edit of a picture is proven to be a copy of it."""
    image = read(path).image
    original = features_of_picture(read(path))
    small = image.copy()
    small.thumbnail((edits.SIDE, edits.SIDE), Image.Resampling.LANCZOS)
    made = {name: edits.edited(image, name, path.name.encode()) for name in edits.EDITS}
    made |= {name: edit(small) for name, edit in (UNSEEN | HARD).items()}
    compared = {name: compare(features_of_probe(drawn(each)), [original])[0] for name, each in made.items()}
    return {name: each is not None and each.is_copy for name, each in compared.items()}


def _files_taken_for(pair: tuple[Path, Path]) -> str:
    return _taken_for(read(pair[0]), read(pair[1]))


def _taken_for(probe: DecodedPicture, picture: DecodedPicture) -> str:
    """What two pictures are taken for, after a closer look where nothing has changed."""
    first, second = both(probe, picture)
    comparison = compare(first, [second])[0]
    if comparison is None or not comparison.is_copy or comparison.changes is None:
        return SIMILAR
    changed = comparison.changes.share
    if not changed and shows_more(first, second):
        side = side_for(first, second)
        changed = CloserLook.at(probe.image, picture.image, comparison.alignment.matrix, side).changed
    return VERSIONS if changed or comparison.is_photographed else COPIES
