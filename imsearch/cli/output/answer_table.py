"""Answers for people: a table on a terminal, plain lines through a pipe."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imsearch.cli.output.tables import draw, draw_paths, text
from imsearch.cli.output.terminal import line, note
from imsearch.formatting.wording import changes, printable

if TYPE_CHECKING:
    from imsearch.types.hits import Answer, Hit, Region


class TableAnswers:
    """Shows a table on a terminal or, through a pipe, lines of score and path with a tab between.

    For ``verified`` answers the table also has the verdict and how the two pictures relate, and a line ends with the
    verdict. With ``several`` probes, the name of the probe is shown too.
    """

    def __init__(self, *, several: bool, verified: bool) -> None:
        self._several = several
        self._verified = verified

    def show(self, answer: "Answer") -> None:
        """Show the hits of one probe."""
        if answer.error is not None:
            return
        if not answer.hits:
            note(f"no hits for {answer.probe}")
        elif sys.stdout.isatty():
            if self._several:
                draw(text(answer.probe))
            self._draw(answer.hits)
        else:
            for hit in answer.hits:
                probe = [printable(answer.probe)] if self._several else []
                verdicts = [verdict(hit)] if self._verified else []
                line("\t".join([*probe, f"{hit.score:.4f}", printable(hit.path), *verdicts]))

    def _draw(self, hits: "Sequence[Hit]") -> None:
        """Draw a table of hits, without columns that would be empty."""
        proofs = [("verdict", "left"), ("how", "left")] if self._verified else []
        dates = [("taken", "left")] if any(hit.taken for hit in hits) or not self._verified else []
        parts = [("region", "left")] if any(hit.region for hit in hits) else []
        rows = []
        for hit in hits:
            proof = [verdict(hit), changes(hit.proof)] if proofs else []
            size, taken = size_and_date(hit)
            cells = [f"{hit.score:.3f}", size, *([taken] if dates else []), *([_region(hit.region)] if parts else [])]
            rows.append([str(hit.rank), *proof, *cells, hit.path])
        facts = [("score", "right"), ("size", "right"), *dates, *parts]
        draw_paths([("", "right"), *proofs, *facts, ("path", "left")], rows)


def verdict(hit: "Hit") -> str:
    """The verdict on a hit; empty where it was not compared."""
    return "" if hit.proof is None else hit.proof.verdict


def size_and_date(hit: "Hit") -> tuple[str, str]:
    """The size of a hit in pixels, and when it was taken; that is empty where it is not known."""
    return f"{hit.width} x {hit.height}", f"{hit.taken:%Y-%m-%d %H:%M}" if hit.taken else ""


def _region(region: "Region | None") -> str:
    return f"{region.width} x {region.height} at {region.x}, {region.y}" if region else ""
