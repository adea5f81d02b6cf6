"""`imsearch query`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import imsearch
from imsearch.cli import options
from imsearch.cli.exits import Exit
from imsearch.cli.hints import hint
from imsearch.cli.output import terminal
from imsearch.cli.output.answers import Answers, chosen_output, named

if TYPE_CHECKING:
    from imsearch.types.hits import Answer

Sources = Sequence[tuple[str, Any]]
"""Pairs of a probe's name, as the user gave it, and the probe for the library."""


def query(
    probes: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROBE", help="Pictures to ask with: paths, http(s) URLs, or - for stdin."),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many hits.")] = 10,
    clipboard: Annotated[bool, typer.Option("--clipboard", help="Ask with the picture on the clipboard.")] = False,
    crop: Annotated[
        str | None,
        typer.Option(
            "--crop",
            metavar="X,Y,W,H",
            help="Ask with this part of the probe: pixels, or per cent (10%,10%,50%,50%).",
        ),
    ] = None,
    min_score: Annotated[float, typer.Option("--min-score", min=-1, max=1, help="Leave out lesser scores.")] = -1.0,
    under: options.Under = None,
    taken_after: options.TakenAfter = None,
    taken_before: options.TakenBefore = None,
    formats: options.Formats = None,
    min_width: options.MinWidth = None,
    min_height: options.MinHeight = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Show which hits are the same picture or a copy of it, and put those first."),
    ] = False,
    paths: Annotated[bool, typer.Option("--paths", help="Bare paths, a line each.")] = False,
    null: Annotated[bool, typer.Option("-0", help="Like --paths, with a NUL byte after each path.")] = False,
    json_lines: options.Json = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Also write a page with thumbnails and links, and with --verify a drawing of each match.",
        ),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Thumbnails in the terminal.")] = False,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = None,
) -> int:
    """Show the pictures of the library that are most like a probe."""
    if not probes and not clipboard:
        raise imsearch.UsageError("name a picture to ask with, - for stdin, or --clipboard")
    filters = imsearch.Filters(
        under=None if under is None else str(under),
        taken_after=taken_after,
        taken_before=taken_before,
        formats=tuple(formats or ()),
        min_width=min_width,
        min_height=min_height,
    )
    asked = imsearch.QueryOptions.of(k, crop, min_score, filters, verify)
    sources = list(_sources(probes or [], clipboard))
    with imsearch.open(library, model=model, device=device) as opened:
        output = chosen_output(
            model=opened.model,
            json_lines=json_lines,
            paths=paths,
            null=null,
            preview=preview,
            several=len(sources) > 1,
            verified=verify,
        )
        answers = opened.query_many([source for _, source in sources], options=asked)
        shown = list(_shown(answers, sources, output))
    if html is not None:
        from imsearch.cli.output.pages import write_answers

        write_answers(html, shown, [source for _, source in sources], asked.crop)
        terminal.note(f"wrote {html}")
    failed = sum(answer.error is not None for answer in shown)
    if failed:
        return Exit.FAILED if failed == len(shown) else Exit.SKIPPED
    return Exit.DONE


def _sources(probes: Sequence[str], clipboard: bool) -> Iterator[tuple[str, Any]]:
    from imsearch.search.probes import read_stdin

    for name in probes:
        yield name, read_stdin() if name == "-" else name
    if clipboard:
        yield "(clipboard)", imsearch.CLIPBOARD


def _shown(answers: "Iterator[Answer]", sources: Sources, output: Answers) -> "Iterator[Answer]":
    """Show each answer as it comes, under the name that the user gave its probe. Yields the answers."""
    for answer, (name, _) in zip(answers, sources, strict=True):
        if answer.error is not None:
            terminal.error(answer.error, hint(answer.error))
        shown = named(answer, name)
        output.show(shown)
        yield shown
