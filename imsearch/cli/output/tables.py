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


def draw_paths(
    columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]], notes: Sequence[str] | None = None
) -> None:
    """Draw a table whose last column has paths. If it is too wide for the terminal, each path gets its own line. With
    ``notes``, one for each row, each that is not empty gets a line below its row."""
    from rich.console import Console
    from rich.measure import Measurement

    cells = [tuple(printable(cell) for cell in row) for row in rows]
    table = empty_table(*columns)
    for row in cells:
        table.add_row(*(text(cell) for cell in row))
    console = Console(highlight=False)
    unbounded = console.options.update(max_width=10_000)
    fits = Measurement.get(console, unbounded, table).maximum <= console.width
    if fits and notes is None:
        console.print(table)
    else:
        _draw_lines(columns, cells, notes or [""] * len(cells), stacked=not fits)


def _draw_lines(
    columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], notes: Sequence[str], *, stacked: bool
) -> None:
    """Draw the rows of a table as lines; if ``stacked``, paths get their own lines."""
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
    for row, note in zip(rows, notes, strict=True):
        lines = [facts(row).rstrip(), f"   {row[-1]}"] if stacked else [f"{facts(row)}  {row[-1]}"]
        for line_of_row in lines:
            console.print(Text(line_of_row), soft_wrap=True)
        if note:
            console.print(Text(f"   {printable(note)}", style="dim"), soft_wrap=True)


def draw(renderable: Any) -> None:
    """Draw an object of Rich on stdout, in the width of the terminal."""
    from rich.console import Console

    Console(highlight=False).print(renderable)


def text(value: str) -> Any:
    """A text for Rich, with control characters escaped and without markup."""
    from rich.text import Text

    return Text(printable(value))
