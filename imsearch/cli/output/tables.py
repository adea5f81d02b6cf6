"""Tables on a terminal. The modules of this folder are the only ones that draw with Rich, and import it to do so."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from imsearch.cli.output.terminal import line
from imsearch.formatting.wording import printable


def empty_table(*columns: tuple[str, str], title: str | None = None) -> Any:
    """A table of Rich with these names of columns, each with how it is justified."""
    from rich.table import Table

    table = Table(box=None, title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False)
    for name, justify in columns:
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    return table


def grid(header: Sequence[str], rows: Iterable[Sequence[str]], *, title: str) -> None:
    """Names and their numbers: a table on a terminal; through a pipe, the title and lines with tabs between."""
    if not sys.stdout.isatty():
        for row in ((title,), header, *rows):
            line("\t".join(printable(cell) for cell in row))
        return
    table = empty_table((header[0], "left"), *((name, "right") for name in header[1:]), title=title)
    for row in rows:
        table.add_row(*(text(cell) for cell in row))
    draw(table)


def table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]], title: str) -> None:
    """A table on a terminal: names of columns with how each is justified, and cells."""
    drawn = empty_table(*columns)
    for row in rows:
        drawn.add_row(*(text(cell) for cell in row))
    for part in (text(title), drawn, ""):
        draw(part)


def draw(renderable: Any) -> None:
    """Something of Rich on stdout, in the width of the terminal."""
    from rich.console import Console

    Console(highlight=False).print(renderable)


def text(value: str) -> Any:
    """Text of Rich without control characters, and without markup."""
    from rich.text import Text

    return Text(printable(value))
