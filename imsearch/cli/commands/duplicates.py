"""`imsearch duplicates`: a group of commands, of which the default one looks for duplicates."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

import imsearch
from imsearch.cli import options
from imsearch.cli.exits import Exit, exiting
from imsearch.cli.output import duplicates as output
from imsearch.cli.output import trash as moving
from imsearch.cli.output.terminal import note

if TYPE_CHECKING:
    from imsearch.library import Library
    from imsearch.types.duplicates import DuplicateGroup
    from imsearch.types.options import DuplicateOptions

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


def _repeatable(name: str, metavar: str, says: str, further: str = "") -> Any:
    return typer.Option(name, metavar=metavar, help=f"{says}. Can be repeated{further}.", show_default=False)


app = typer.Typer(
    cls=_FindsByDefault,
    rich_markup_mode=None,
    help="Show copies and versions of pictures in groups, and which file of each to keep.\n\n"
    "A PATH that is called like a command is written ./trash.",
    subcommand_metavar="[COMMAND] [PATH]",
)

Below = Annotated[Path | None, typer.Argument(metavar="PATH", help="Only groups with a file at or below it.")]
Series = Annotated[
    bool, typer.Option("--series", help="Also series of near-identical pictures, such as bursts, apart from copies.")
]
Keep = Annotated[
    list[str] | None,
    _repeatable(
        "--keep", "RULE", "Keep the largest, best-format, most-bytes, oldest or edited file", "; others come after"
    ),
]
Prefer = Annotated[
    list[Path] | None, _repeatable("--prefer", "FOLDER", "Keep files below this folder rather than others")
]
Protect = Annotated[list[Path] | None, _repeatable("--protect", "FOLDER", "Never move files below this folder")]
Across = Annotated[bool, typer.Option("--across-folders", help="Only groups whose files lie in more than one folder.")]
Within = Annotated[bool, typer.Option("--within-folder", help="Only group files of one and the same folder.")]
Greyscale = Annotated[bool, typer.Option("--leave-greyscale", help="Leave out greyscale versions of color pictures.")]
Edited = Annotated[bool, typer.Option("--edited", help="With --trash: also ask about edited copies, apart.")]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with thumbnails and links.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print what would be moved to the trash.")]
Pictures = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Two pictures or more.")]
Moved = Annotated[
    list[Path] | None, typer.Argument(metavar="PATH...", help="Only what was at or below it.", show_default=False)
]


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
    protect: Protect = None,
    across_folders: Across = False,
    within_folder: Within = False,
    leave_greyscale: Greyscale = False,
    trash: Annotated[
        bool, typer.Option("--trash", help="Move exact copies to the trash after asking; with a PATH, only from there.")
    ] = False,
    edited: Edited = False,
    dry_run: DryRun = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="Bring back what was moved; with a PATH, only what was there.")
    ] = False,
    json_lines: options.Json = False,
    html: Html = None,
    library: options.Library = None,
    model: options.Model = None,
) -> int:
    """Show copies and versions of pictures in groups, and which file of each to keep. The default."""
    if restore:
        return _restore([] if path is None else [path], library, as_json=json_lines)
    if edited and not (trash or dry_run):
        raise imsearch.UsageError("edited copies are shown anyway: --edited goes with --trash or --dry-run")
    wanted = imsearch.DuplicateOptions(
        path, series, keep or (), prefer or (), protect or (), across_folders, within_folder, leave_greyscale
    )
    with imsearch.open(library, model=model) as opened:
        groups = _found(opened, wanted, html)
        if dry_run:
            done = moving.show_trash(opened, groups, path, edited=edited, as_json=json_lines)
            return Exit.DONE if done else Exit.SKIPPED
        output.show(groups, as_json=json_lines)
        if trash:
            return Exit.DONE if moving.trash_after_asking(opened, groups, path, edited=edited) else Exit.SKIPPED
        output.tell_next(groups, path)
        return Exit.DONE


def _found(library: "Library", wanted: "DuplicateOptions", html: Path | None) -> "list[DuplicateGroup]":
    """The groups, sorted by how many bytes they would free; with ``html`` they are also written to a page."""
    from imsearch.cli.output.progress import StepProgress  # other commands start sooner without it

    with StepProgress() as progress:
        groups = output.by_gain(library.duplicates(options=wanted, listener=progress))
    output.tell_what_is_missed()
    if html is not None:
        from imsearch.cli.output.pages import write_groups

        write_groups(html, groups)
        note(f"wrote {html}")
    return groups


@_command("trash")
def trash(
    path: Below = None,
    series: Series = False,
    keep: Keep = None,
    prefer: Prefer = None,
    protect: Protect = None,
    across_folders: Across = False,
    within_folder: Within = False,
    leave_greyscale: Greyscale = False,
    edited: Edited = False,
    dry_run: DryRun = False,
    json_lines: options.Json = False,
    html: Html = None,
    library: options.Library = None,
    model: options.Model = None,
) -> int:
    """Move exact copies to the trash, after asking; with a PATH, only files at or below it."""
    return find(
        path=path,
        series=series,
        keep=keep,
        prefer=prefer,
        protect=protect,
        across_folders=across_folders,
        within_folder=within_folder,
        leave_greyscale=leave_greyscale,
        trash=True,
        edited=edited,
        dry_run=dry_run,
        json_lines=json_lines,
        html=html,
        library=library,
        model=model,
    )


@_command("restore")
def restore(paths: Moved = None, json_lines: options.Json = False, library: options.Library = None) -> int:
    """Bring back what was moved to the trash; with PATHs, only what was at or below them."""
    return _restore(paths or [], library, as_json=json_lines)


def _restore(paths: list[Path], library: str | None, *, as_json: bool) -> int:
    with imsearch.open(library) as opened:
        return Exit.DONE if moving.show_restored(opened.restore(*paths), as_json=as_json) else Exit.SKIPPED


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
