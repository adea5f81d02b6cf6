"""imsearch beside others: rclip, and the script that one would write oneself. Same files, same machine, in turn.

All three run the same network, so that what is compared is the programs and not their models. Everything is a whole
process, start and end included, because that is what one waits for.
"""

import contextlib
import math
import os
import sqlite3
import sys
import tempfile
import venv
import warnings
from collections.abc import Callable
from pathlib import Path

import imsearch
from benchmarks import inside, starts
from benchmarks.generator import Generator
from benchmarks.pictures import LARGE, SMALL, Kind, make
from benchmarks.report import Report, in_turn, process_seconds, ratios

RCLIP = "3.3.0"
PLAIN = Path(__file__).with_name("plain.py")

SMALL_PICTURES = 300
LARGE_PICTURES = 48
LARGE_LIBRARY = 100_000

RCLIP_MODEL = "ViT-B-32-256-datacomp_s34b_b86k/visual.onnx"
RCLIP_DIMENSIONS = 512
RCLIP_SIDE = 256
"""What rclip 3.3.0 expects of its image network (rclip/model_download.py, model.py, utils/preprocess.py): a file of
this name in its data folder; input ``input``, float32 of shape (n, 3, 256, 256); one output of shape (n, 512)."""

RCLIP_UNUSED = ("ViT-B-32-256-datacomp_s34b_b86k/textual.onnx", "tokenizer/bpe_simple_vocab_16e6.txt.gz")
"""What it wants to be there and does not open unless it is asked with words."""


class Rclip:
    """rclip in a virtual environment of its own, with imsearch's network in the place of its own."""

    def __init__(self, folder: Path) -> None:
        """Install it in ``folder``, unless it is there from an earlier run."""
        self._environment = folder / f"rclip-{RCLIP}"
        self._data = self._environment / "data"
        self._program = self._environment / ("Scripts" if os.name == "nt" else "bin") / "rclip"
        if not self._program.exists():
            print(f"\nInstalling rclip {RCLIP} into {self._environment} ...", flush=True)
            venv.create(self._environment, with_pip=True)
            python = self._program.with_name("python")
            process_seconds([str(python), "-m", "pip", "install", "--quiet", f"rclip=={RCLIP}"])
        for name in RCLIP_UNUSED:
            (self._data / name).parent.mkdir(parents=True, exist_ok=True)
            (self._data / name).touch()
        if not (self._data / RCLIP_MODEL).exists():
            export(self._data / RCLIP_MODEL)

    def index(self, pictures: Path, probe: Path) -> float:
        """Seconds of the first run in a folder, which indexes it and then answers one query."""
        for path in self._data.glob("db.sqlite3*"):
            path.unlink()
        return self._seconds(pictures, [str(probe)])

    def query(self, pictures: Path, probe: Path) -> float:
        """Seconds of a query that is told not to look for changes."""
        return self._seconds(pictures, ["--no-indexing", str(probe)])

    def grow(self, count: int) -> None:
        """Have its database hold ``count`` pictures, by rows like those that are there under names of their own."""
        with contextlib.closing(sqlite3.connect(self._data / "db.sqlite3")) as connection:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(images)") if row[1] != "id"]
            values = ["filepath || '-' || ?" if name == "filepath" else name for name in columns]
            ((own, last),) = connection.execute("SELECT count(*), max(id) FROM images")
            for number in range(1, math.ceil(count / own)):
                connection.execute(
                    f"INSERT INTO images ({', '.join(columns)}) "  # noqa: S608  the names of its own columns
                    f"SELECT {', '.join(values)} FROM images WHERE id <= ?",
                    (number, last),
                )
            connection.commit()

    def _seconds(self, pictures: Path, arguments: list[str]) -> float:
        environment = {**os.environ, "RCLIP_DATADIR": str(self._data), "HF_HUB_OFFLINE": "1"}
        environment.pop("PYTHONPATH", None)
        return process_seconds([str(self._program), *arguments], cwd=pictures, env=environment)


def export(path: Path) -> None:
    """Write imsearch's default network as the ONNX file that rclip expects: its 1280 outputs cut to 512."""
    import torch

    class Cut(torch.nn.Module):
        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            """The first of the outputs."""
            outputs: torch.Tensor = self.network(pixels)
            return outputs[:, :RCLIP_DIMENSIONS]

    making = path.with_suffix(".making")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch prefers its newer exporter, which needs one more package
        torch.onnx.export(
            Cut(inside.network()).eval(),
            (torch.zeros(1, 3, RCLIP_SIDE, RCLIP_SIDE),),
            making,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": {0: "n"}, "output": {0: "n"}},
            dynamo=False,
        )
    making.replace(path)


def measure(
    report: Report, sources: list[Path], scratch: Path, output: Path, probe: Path, runs: int, most: int
) -> None:
    """Index small pictures and 12-megapixel photographs with each, and ask each in a new process.

    ``most`` bounds how many of each; rclip is installed below ``output``, once.
    """
    rclip = Rclip(output)
    for kind, count in ((SMALL, min(most, SMALL_PICTURES)), (LARGE, min(most, LARGE_PICTURES))):
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            make(sources, Path(folder) / "pictures", kind, count)
            _measure_kind(report, rclip, kind, count, Path(folder), probe, runs)


def _measure_kind(report: Report, rclip: Rclip, kind: Kind, count: int, scratch: Path, probe: Path, runs: int) -> None:
    pictures, library, saved = scratch / "pictures", scratch / "library", scratch / "plain.npz"
    plain = [sys.executable, str(PLAIN)]

    def imsearch_index() -> float:
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            command = [*starts.COMMAND, "index", str(pictures), "--library", str(Path(folder) / "library")]
            return count / process_seconds(command)

    section = f"Beside others: indexing {count} {kind.name} pictures"
    rates = in_turn(
        runs,
        **{
            "imsearch": imsearch_index,
            "rclip": lambda: count / rclip.index(pictures, probe),
            "torchvision + NumPy": lambda: count / process_seconds([*plain, "index", str(pictures), str(saved)]),
        },
    )
    for name, values in rates.items():
        report.add(section, f"{name}, whole process", values, "pictures/s", 1)
    _ratios(report, section, rates, faster_is="more")
    report.curves.setdefault("peers", {})[f"indexing, {kind.name}"] = rates

    report.save()
    if kind is LARGE:  # a query does not depend on how large the indexed pictures were
        return
    process_seconds([*starts.COMMAND, "index", str(pictures), "--library", str(library)])
    section = f"Beside others: a query among {count} pictures, new process"
    times = in_turn(
        runs,
        **{
            "imsearch": lambda: process_seconds(starts.query_command(library, probe)),
            "rclip": lambda: rclip.query(pictures, probe),
            "torchvision + NumPy": lambda: process_seconds([*plain, "query", str(saved), str(probe)]),
        },
    )
    for name, values in times.items():
        report.add(section, name, values, "s", 3)
    _ratios(report, section, times, faster_is="less")
    report.curves["peers"]["query"] = times
    _measure_large_query(report, rclip, pictures, library, scratch, probe, runs)
    report.save()


def _measure_large_query(
    report: Report, rclip: Rclip, pictures: Path, library: Path, scratch: Path, probe: Path, runs: int
) -> None:
    """A cold query where there are many pictures: rclip reads every vector for it."""
    rclip.grow(LARGE_LIBRARY)
    grown, embedder = scratch / "grown", inside.open_embedder()
    pages = Generator(inside.vectors_of(library), seed=1).pages(LARGE_LIBRARY)
    inside.fill(grown, pages, embedder.model, embedder.precision)
    with imsearch.open(grown) as opened:
        opened.optimize()
    section = f"Beside others: a query among {LARGE_LIBRARY:,} pictures, new process"
    actions: dict[str, Callable[[], float]] = {
        "imsearch": lambda: process_seconds(starts.query_command(grown, probe)),
        "rclip": lambda: rclip.query(pictures, probe),
    }
    for action in actions.values():
        action()  # once, so that the files of both are in the file cache
    times = in_turn(runs, **actions)
    for name, values in times.items():
        report.add(section, name, values, "s", 3)
    _ratios(report, section, times, faster_is="less")


def _ratios(report: Report, section: str, values: dict[str, list[float]], faster_is: str) -> None:
    for name, others in values.items():
        if name != "imsearch":
            own = values["imsearch"]
            times = ratios(own, others) if faster_is == "more" else ratios(others, own)
            report.add(section, f"speed of imsearch, as a multiple of {name}", times)
