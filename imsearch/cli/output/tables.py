"""Drawing tables on a terminal. Only the modules of this folder use Rich; they import it when they draw."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from imsearch.cli.output.terminal import line
from imsearch.formatting.wording import printable


def empty_table(*columns: tuple[str, str], title: str | None = None) -> Any:
    """An empty table of Rich; each column is a name and its justification, ``left`` or ``right``."""
    from rich.table import Table

    table = Table(box=None, title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False)
    for name, justify in columns:
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    return table


def grid(header: Sequence[str], rows: Iterable[Sequence[str]], *, title: str) -> None:
    """Draw rows of a name and numbers: as a table on a terminal; through a pipe, as lines with tabs after the title."""
    if not sys.stdout.isatty():
        for row in ((title,), header, *rows):
            line("\t".join(printable(cell) for cell in row))
        return
    table = empty_table((header[0], "left"), *((name, "right") for name in header[1:]), title=title)
    for row in rows:
        table.add_row(*(text(cell) for cell in row))
    draw(table)


def draw_paths(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> None:
    """Draw a table whose last column has paths. If it is too wide for the terminal, each path gets its own line."""
    from rich.console import Console
    from rich.measure import Measurement

    cells = [tuple(printable(cell) for cell in row) for row in rows]
    table = empty_table(*columns)
    for row in cells:
        table.add_row(*(text(cell) for cell in row))
    console = Console(highlight=False)
    unbounded = console.options.update(max_width=10_000)
    if Measurement.get(console, unbounded, table).maximum <= console.width:
        console.print(table)
    else:
        _draw_stacked(columns, cells)


def _draw_stacked(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.text import Text

    names = [name for name, _ in columns]
    widths = [max(map(cell_len, column)) for column in zip(*(row[:-1] for row in (names, *rows)), strict=True)]

    def facts(row: Sequence[str]) -> str:
        spaces = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=False)]
        return "  ".join(
            space + cell if justify == "right" else cell + space
            for cell, space, (_, justify) in zip(row, spaces, columns, strict=False)
        )

    console = Console(highlight=False)
    console.print(Text(f"{facts(names)}  {names[-1]}", style="dim"), soft_wrap=True)
    for row in rows:
        console.print(Text(facts(row).rstrip()), soft_wrap=True)
        console.print(Text(f"   {row[-1]}"), soft_wrap=True)


def draw(renderable: Any) -> None:
    """Draw an object of Rich on stdout, in the width of the terminal."""
    from rich.console import Console

    Console(highlight=False).print(renderable)


def text(value: str) -> Any:
    """A text for Rich, with control characters escaped and without markup."""
    from rich.text import Text

    return Text(printable(value))
