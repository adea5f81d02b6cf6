"""Answers with thumbnails in the terminal."""

import os
import sys
from typing import TYPE_CHECKING, Any

import imsearch
from imsearch.cli.output.answer_table import size_and_date, verdict
from imsearch.cli.output.tables import draw, empty_table, text
from imsearch.formatting.wording import changes

if TYPE_CHECKING:
    from imsearch.types.hits import Answer


class PreviewAnswers:
    """Shows thumbnails in the terminal: by Kitty's or Sixel graphics if it knows them, else by colored half blocks."""

    def show(self, answer: "Answer") -> None:
        """Show the hits of one probe."""
        if answer.error is not None:
            return
        from rich.console import Group
        from textual_image.renderable import Image

        table = empty_table(("", "right"), ("", "left"), ("", "left"))
        for hit in answer.hits:
            picture = _open_picture(hit.path)
            size, taken = size_and_date(hit)
            lines = filter(None, (verdict(hit), changes(hit.proof), f"{hit.score:.3f}", size, taken))
            facts = Group(*lines, text(hit.path))
            table.add_row(str(hit.rank), Image(picture, height=8) if picture else "(out of reach)", facts)
        draw(text(answer.probe))
        draw(table)


def can_preview() -> bool:
    """Whether stdout is a terminal that reports its size."""
    return sys.stdout.isatty() and os.get_terminal_size(sys.stdout.fileno()).columns > 0


def _open_picture(path: str) -> Any:
    """The picture of a hit; None where its file cannot be read now."""
    from imsearch.search.probes import read_probe

    try:
        return read_probe(path).image
    except imsearch.ImsearchError:
        return None
