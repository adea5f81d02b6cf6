"""How quick an index run is, beside decoding alone and the model alone."""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import imsearch
from benchmarks import inside
from benchmarks.pictures import LARGE, SMALL, Kind, make
from benchmarks.report import Report, in_turn, ratios, seconds

SMALL_PICTURES = 1000
LARGE_PICTURES = 128


def measure(report: Report, sources: list[Path], scratch: Path, runs: int, most: int) -> None:
    """Index small pictures and 12-megapixel photographs; ``most`` bounds how many of each."""
    for kind, count in ((SMALL, min(most, SMALL_PICTURES)), (LARGE, min(most, LARGE_PICTURES))):
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            _measure_kind(report, kind, make(sources, Path(folder) / "pictures", kind, count), Path(folder), runs)


def _measure_kind(report: Report, kind: Kind, paths: list[Path], scratch: Path, runs: int) -> None:
    section = f"Indexing {len(paths)} {kind.name} pictures ({kind.width} x {kind.height})"
    embedder = inside.open_embedder()
    preprocessing = embedder.model.preprocessing
    pixels = inside.ready_pixels(paths, preprocessing)
    inside.embed_all(embedder, pixels[:64])
    size = sum(path.stat().st_size for path in paths) / len(paths) / (kind.width * kind.height)
    report.add(section, "size of the files", size, "bytes/pixel")

    def index() -> float:
        with (
            tempfile.TemporaryDirectory(dir=scratch) as folder,
            imsearch.open(Path(folder) / "library") as library,
        ):
            return len(paths) / seconds(lambda: library.index(scratch / "pictures"))

    rates = in_turn(
        runs,
        decode=lambda: len(paths) / inside.decode_seconds(paths, preprocessing),
        model=lambda: len(paths) / seconds(lambda: inside.embed_all(embedder, pixels)),
        index=index,
    )
    slower = [min(pair) for pair in zip(rates["decode"], rates["model"], strict=True)]
    shared = [1 / (1 / one + 1 / other) for one, other in zip(rates["decode"], rates["model"], strict=True)]
    report.add(section, "decode alone: read, decode, resize, all cores", rates["decode"], "pictures/s", 1)
    report.add(section, "model alone, on ready pixels, all cores", rates["model"], "pictures/s", 1)
    report.add(section, "both in turn on the same cores: 1 / (1/decode + 1/model)", shared, "pictures/s", 1)
    report.add(section, "index: scan, read, decode, embed, store", rates["index"], "pictures/s", 1)
    report.add(section, "ratio of index to the slower of the two", ratios(rates["index"], slower))
    report.add(section, "ratio of index to both in turn", ratios(rates["index"], shared))
    own, tree = _memory(scratch)
    if own:
        report.add(section, "peak memory of the index process", own, "MiB", 0)
        report.add(section, "peak memory with its decoders", tree, "MiB", 0)
    report.curves.setdefault("indexing", {})[kind.name] = {**rates, "shared": shared}
    report.save()


def _memory(scratch: Path) -> tuple[float, float]:
    """Peak resident MiB of a process that does nothing but index, and of it and its workers together.

    They are looked up while it runs: `getrusage` counts a process in with the memory of the one that started it.
    """
    code = "import imsearch, sys; imsearch.open(sys.argv[1]).index(sys.argv[2])"
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        command = [sys.executable, "-c", code, str(Path(folder) / "library"), str(scratch / "pictures")]
        process = subprocess.Popen(command)
        peaks = [0.0, 0.0]

        def watch() -> None:
            while process.poll() is None:
                resident = resident_by_process(process.pid)
                peaks[0] = max(peaks[0], resident.get(process.pid, 0.0))
                peaks[1] = max(peaks[1], sum(resident.values()))
                time.sleep(0.05)

        watcher = threading.Thread(target=watch)
        watcher.start()
        watcher.join()
        if process.returncode:
            raise RuntimeError(f"indexing failed with exit code {process.returncode}")
    return peaks[0], peaks[1]


def resident_by_process(root: int) -> dict[int, float]:
    """Resident MiB of a process and of all that it started, by their ids; empty where there is no ``/proc``."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):  # it has ended
            continue
    family = [root]
    for member in family:
        family += [process for process, parent in parents.items() if parent == member]
    found = {}
    for process in family:
        try:
            status = Path(f"/proc/{process}/status").read_text()
            line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
            found[process] = int(line.split()[1]) / 1024
        except (OSError, StopIteration):
            continue
    return found
