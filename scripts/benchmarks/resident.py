"""A process of its own that opens a library, asks it with vectors, and says what memory that took.

    python -m benchmarks.resident LIBRARY PROBES.npy

Prints a JSON object: ``resident`` and ``anonymous`` bytes that opening and asking added, ``seconds`` of opening.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import inside


def memory() -> dict[str, int]:
    """Resident and anonymous (not backed by a file) bytes of this process, from Linux's own account."""
    rows = (line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    facts = {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}
    return {"resident": facts["Rss"], "anonymous": facts["Anonymous"]}


def main(folder: str, probes: str) -> None:
    """Measure, and print."""
    vectors = np.load(probes)
    vectors[:64] @ vectors[:64].T  # the linear algebra has its threads and buffers before the first look
    before = memory()
    started = time.perf_counter()
    searcher = inside.Searcher(Path(folder))
    seconds = time.perf_counter() - started
    for vector in vectors:
        searcher.hits(vector, 10)
    after = memory()
    searcher.close()
    print(json.dumps({**{name: after[name] - before[name] for name in after}, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
