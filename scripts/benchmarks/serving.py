"""How many queries a server answers, how soon, and what it takes, beside the model alone.

    scripts/bench serving FOLDER PROBES [--requests 300] [--long 10000] [--runs 5] [--output bench-results]

Indexes FOLDER and serves it with a real `imsearch serve`, which is asked over loopback with the JPEGs of PROBES. None
of those may be in FOLDER: the model looks at every one. Clients are closed-loop: each asks again once it was answered.
They run in a process of their own, on the same cores as the server, so that their share is told too.
"""

import argparse
import collections
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import imsearch
from benchmarks import inside
from benchmarks.indexing import resident_by_process
from benchmarks.pictures import SMALL, make, sources_in
from benchmarks.report import Report, in_turn, ratios, seconds
from benchmarks.starts import COMMAND
from imsearch.models.batching import MOST
from imsearch.models.model import Embedder

CLIENTS = 32
NICENESS = 10
"""Of the index run beside; the server's own runs have it too."""

MODEL_PICTURES = 256
LOOKS = (0, 1000)
"""After how many requests the memory is looked at; and at the end."""

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Load:
    """What one round of requests gave. ``client`` and ``server`` are CPU milliseconds per image."""

    rate: float
    p50: float
    p99: float
    client: float
    server: float


class Server:
    """A server of a library in a process of its own, for the time of a ``with``."""

    def __init__(self, library: Path, probes: list[Path]) -> None:
        self._probes = "".join(f"{path}\n" for path in probes)
        self._process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", "--no-browser", "--library", str(library)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", self._process.stderr.readline())
        if found is None:
            raise RuntimeError("the server did not start")
        self._port = found[1]
        threading.Thread(target=collections.deque, args=(self._process.stderr, 1), daemon=True).start()  # its log

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def load(self, clients: int, requests: int) -> Load:
        """Ask it."""
        before = self._cpu()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.clients", self._port, str(clients), str(requests)],
            input=self._probes,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        told: dict[str, Any] = json.loads(done.stdout)
        middle, high = (float(value) * 1000 for value in np.percentile(told["latencies"], (50, 99)))
        client, server = (1000 * each / requests for each in (told["cpu"], self._cpu() - before))
        return Load(requests / told["seconds"], middle, high, client, server)

    def memory(self) -> float:
        """Resident MiB of the server and all that it started."""
        return sum(resident_by_process(self._process.pid).values())

    def _cpu(self) -> float:
        """Seconds of CPU that it has had, with all that it started."""
        ticks = 0
        for process in resident_by_process(self._process.pid):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def main(words: list[str]) -> None:
    """Parse the rest of the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("probes", type=Path)
    parser.add_argument("--requests", type=int, default=300, help="requests of a round")
    parser.add_argument("--long", type=int, default=10_000, help="requests over which the memory is watched")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path("bench-results"))
    arguments = parser.parse_args(words)
    arguments.output.mkdir(parents=True, exist_ok=True)
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in vars(arguments).items()}
    report = Report(arguments.output.resolve(), settings)
    probes = [path for path in sources_in(arguments.probes.resolve()) if path.suffix.lower() in (".jpg", ".jpeg")]
    with tempfile.TemporaryDirectory(dir=arguments.output.resolve(), prefix="work-") as name:
        scratch = Path(name)
        with imsearch.open(scratch / "library") as library:
            count = library.index(arguments.folder).added
        section = f"Serving {count:,} pictures"
        with Server(scratch / "library", probes) as server:
            server.load(1, 20)
            beside_the_model(report, section, server, probes, arguments.requests, arguments.runs)
            make(sources_in(arguments.folder.resolve()), scratch / "new", SMALL, 10 * arguments.requests)
            beside_an_index_run(report, section, server, scratch, arguments.requests, arguments.runs)
        with Server(scratch / "library", probes) as server:
            watch_memory(report, section, server, arguments.long)
    print(f"\n{arguments.output}: results.json, table.md")


def beside_the_model(
    report: Report, section: str, server: Server, probes: list[Path], requests: int, runs: int
) -> None:
    """One client and many, in turn with the model alone on ready pixels."""
    bulk, single = inside.open_embedder(), inside.open_embedder(bulk=False)
    pixels = inside.ready_pixels(probes[:MODEL_PICTURES], bulk.model.preprocessing)
    loads: dict[int, list[Load]] = {1: [], CLIENTS: []}

    def ask(clients: int) -> float:
        loads[clients].append(server.load(clients, requests if clients > 1 else requests // 3))
        return loads[clients][-1].rate

    inside.embed_all(bulk, pixels)
    model_cpu: list[float] = []

    def model() -> float:
        before = time.process_time()
        rate = model_rate(single, pixels)
        model_cpu.append(1000 * (time.process_time() - before) / len(pixels))
        return rate

    rates = in_turn(
        runs,
        one=lambda: ask(1),
        model=model,
        bulk=lambda: len(pixels) / seconds(lambda: inside.embed_all(bulk, pixels)),
        many=lambda: ask(CLIENTS),
    )
    report.add(section, f"model alone, as queries have it, in batches of {MOST}", rates["model"], "images/s", 1)
    report.add(section, "model alone, as index runs have it", rates["bulk"], "images/s", 1)
    report.add(section, "model alone: CPU time per image", model_cpu, "ms", 1)
    for clients, rounds in loads.items():
        told(report, section, f"{clients} client{'s' * (clients > 1)}", rounds)
    report.add(
        section, f"ratio of {CLIENTS} clients to the model as queries have it", ratios(rates["many"], rates["model"])
    )
    report.add(
        section, f"ratio of {CLIENTS} clients to the model as index runs have it", ratios(rates["many"], rates["bulk"])
    )
    report.save()


def model_rate(embedder: Embedder, pixels: NDArray[np.uint8]) -> float:
    """Pictures a second, in the batches in which a server hands them over."""

    def embed() -> None:
        for at in range(0, len(pixels), MOST):
            embedder.embed(pixels[at : at + MOST])

    return len(pixels) / seconds(embed)


def told(report: Report, section: str, name: str, rounds: list[Load]) -> None:
    """The figures of some rounds of one kind."""
    report.add(section, f"{name}: rate", [each.rate for each in rounds], "images/s", 1)
    report.add(section, f"{name}: p50", [each.p50 for each in rounds], "ms", 1)
    report.add(section, f"{name}: p99", [each.p99 for each in rounds], "ms", 1)
    report.add(section, f"{name}: CPU time of the server per image", [each.server for each in rounds], "ms", 1)
    report.add(section, f"{name}: CPU time of the clients per image", [each.client for each in rounds], "ms", 1)


def beside_an_index_run(report: Report, section: str, server: Server, scratch: Path, requests: int, runs: int) -> None:
    """One client and many while new pictures are indexed into the library."""
    loads: dict[int, list[Load]] = {1: [], CLIENTS: []}
    with indexing(scratch / "new", scratch / "library") as process:
        for _ in range(runs):
            loads[1].append(server.load(1, requests // 3))
            loads[CLIENTS].append(server.load(CLIENTS, requests))
        if process.poll() is not None:
            raise RuntimeError("the index run was over too soon: give it more pictures with --requests")
    for clients, rounds in loads.items():
        told(report, section, f"{clients} client{'s' * (clients > 1)} while indexing", rounds)
    report.save()


@contextlib.contextmanager
def indexing(folder: Path, library: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """An index run of lower priority, which is broken off in the end."""
    command = [*COMMAND, "index", str(folder), "--library", str(library)]
    process = subprocess.Popen(["nice", "-n", str(NICENESS), *command], stderr=subprocess.DEVNULL)  # noqa: S607
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def watch_memory(report: Report, section: str, server: Server, requests: int) -> None:
    """Resident memory of a fresh server as requests come."""
    server.load(1, 1)  # the model is opened
    asked = 0
    for until in (*LOOKS, requests):
        if until > asked:
            server.load(CLIENTS, until - asked)
            asked = until
        report.add(section, f"memory after {until:,} requests", server.memory(), "MiB", 0)
    report.save()
