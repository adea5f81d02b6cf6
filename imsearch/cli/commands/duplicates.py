"""`imsearch duplicates`: a group of commands, of which the default one looks for duplicates."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import imsearch
from imsearch.cli import options
from imsearch.cli.exits import Exit, exiting
from imsearch.cli.output import duplicates as output
from imsearch.cli.output.terminal import note

FIND = "find"
"""The command of the group that runs if none is named."""


class _FindsByDefault(TyperGroup):
    """A group of commands in which the command ``find`` need not be named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        completing = not args and ctx.resilient_parsing
        return super().parse_args(ctx, args if named or completing else [FIND, *args])

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.commands[FIND].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


app = typer.Typer(
    cls=_FindsByDefault,
    rich_markup_mode=None,
    help="Show exact and edited copies in groups, and which file of each to keep.\n\n"
    "A PATH that is called like a command is written ./trash.",
    subcommand_metavar="[COMMAND] [PATH]",
)

Below = Annotated[Path | None, typer.Argument(metavar="PATH", help="Only groups with a file at or below it.")]
Series = Annotated[
    bool, typer.Option("--series", help="Also series of near-identical pictures, such as bursts, apart from copies.")
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="RULE",
        help="Keep the largest, best-format, most-bytes or oldest file. Can be repeated; other rules come after.",
        show_default=False,
    ),
]
Prefer = Annotated[
    list[Path] | None,
    typer.Option(
        "--prefer",
        metavar="FOLDER",
        help="Keep files below this folder rather than others. Can be repeated.",
        show_default=False,
    ),
]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with thumbnails and links.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print what would be moved to the trash.")]
Pictures = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Two pictures or more.")]


def _command(name: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    def register(function: Callable[..., int]) -> Callable[..., int]:
        app.command(name)(exiting(function))
        return function

    return register


@_command(FIND)
def find(
    path: Below = None,
    series: Series = False,
    keep: Keep = None,
    prefer: Prefer = None,
    trash: Annotated[
        bool, typer.Option("--trash", help="Move the rest to the trash after asking; with a PATH, only from there.")
    ] = False,
    dry_run: DryRun = False,
    json_lines: options.Json = False,
    html: Html = None,
    library: options.Library = None,
    model: options.Model = None,
) -> int:
    """Show exact and edited copies in groups, and which file of each to keep. The default."""
    from imsearch.cli.output.progress import StepProgress  # other commands start sooner without it

    with imsearch.open(library, model=model) as opened:
        with StepProgress() as progress:
            groups = opened.duplicates(path, series=series, keep=keep or (), prefer=prefer or (), listener=progress)
        output.tell_what_is_missed()
        if html is not None:
            from imsearch.cli.output.pages import write_groups

            write_groups(html, groups)
            note(f"wrote {html}")
        if dry_run:
            return Exit.DONE if output.show_trash(opened, groups, path, as_json=json_lines) else Exit.SKIPPED
        output.show(groups, as_json=json_lines)
        return Exit.DONE if not trash or output.trash_after_asking(opened, groups, path) else Exit.SKIPPED


@_command("trash")
def trash(
    path: Below = None,
    series: Series = False,
    keep: Keep = None,
    prefer: Prefer = None,
    dry_run: DryRun = False,
    json_lines: options.Json = False,
    html: Html = None,
    library: options.Library = None,
    model: options.Model = None,
) -> int:
    """Move all files but those to keep to the trash, after asking; with a PATH, only files at or below it."""
    return find(path, series, keep, prefer, True, dry_run, json_lines, html, library, model)


@_command("different")
def different(pictures: Pictures, library: options.Library = None) -> int:
    """Remember that pictures are all different, whatever they look like: no two of them will be in one group."""
    with imsearch.open(library) as opened:
        output.tell_pairs(opened.mark_different(*pictures), "newly remembered as different")
    return Exit.DONE


@_command("forget-different")
def forget_different(pictures: Pictures, library: options.Library = None) -> int:
    """Take back that these pictures are different."""
    with imsearch.open(library) as opened:
        output.tell_pairs(opened.forget_different(*pictures), "no longer remembered as different")
    return Exit.DONE


@_command("decisions")
def decisions(library: options.Library = None) -> int:
    """List the pairs of pictures that are remembered as different."""
    with imsearch.open(library) as opened:
        output.show_decisions(opened.different())
    return Exit.DONE
