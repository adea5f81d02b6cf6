"""What a picture costs the catalog, in time and on disk, as the library grows."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import inside
from benchmarks.report import Report
from imsearch.embedding.pipeline import BATCH_FILES
from imsearch.models.model import Model

SECTION = "Growth of the catalog"

POINTS = 100
"""Of the curve."""

AROUND = 50
"""Transactions before and after a size whose times make its figure: one alone is up to the disk."""


class Growth:
    """The transactions of filling a library, and the size of its catalog after each page."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.bytes: list[tuple[int, int]] = []

    def fill(self, folder: Path, pages: Iterable[NDArray[np.float16]], model: Model, precision: str) -> None:
        """Make a library in ``folder`` and note what its pages cost."""
        self.seconds = inside.fill(
            folder, pages, model, precision, lambda count, size: self.bytes.append((count, size))
        )

    def measure(self, report: Report) -> None:
        """Report the cost of a picture at 10,000, 100,000 and so on, at the last, and the curve between."""
        each = np.array(self.seconds) / BATCH_FILES * 1000
        total = self.bytes[-1][0]
        for count in decades(total):
            at = min(count // BATCH_FILES, len(each) - AROUND)
            part = each[max(0, at - AROUND) : at + AROUND].tolist()
            report.add(SECTION, f"a picture's part of its transaction, near {count:,} pictures", part, "ms", 3)
        for pictures, size in dict.fromkeys(
            min(self.bytes, key=lambda pair: abs(pair[0] - count)) for count in decades(total)
        ):
            report.add(SECTION, f"catalog on disk, {pictures:,} pictures", size / pictures, "bytes/picture", 0)
        report.curves["growth"] = {
            "pictures": [int(part[-1] + 1) * BATCH_FILES for part in np.array_split(np.arange(len(each)), POINTS)],
            "milliseconds": [
                np.percentile(part, (10, 50, 90)).tolist() for part in np.array_split(each, min(POINTS, len(each)))
            ],
            "bytes": self.bytes,
        }
        report.save()


def decades(total: int) -> list[int]:
    """10,000, 100,000 and so on below ``total``, and ``total``."""
    return [10**power for power in range(4, 10) if 10**power < total] + [total]
