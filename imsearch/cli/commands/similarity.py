"""`imsearch similarity`."""

from typing import Annotated

import typer

import imsearch
from imsearch.cli import options
from imsearch.cli.exits import Exit
from imsearch.cli.output import terminal


def similarity(
    first: Annotated[str, typer.Argument(metavar="A", help="A path or URL.")],
    second: Annotated[str, typer.Argument(metavar="B", help="A path or URL.")],
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = None,
) -> int:
    """Print the cosine similarity of two pictures: 1 for the same, about 0 for unrelated ones."""
    with imsearch.open(library, model=model, device=device) as opened:
        terminal.line(f"{opened.similarity(first, second):.4f}")
    return Exit.DONE
