"""The program ``imsearch`` with all its commands."""

import os
from collections.abc import Callable
from typing import Annotated

import typer

import imsearch
from imsearch.cli.commands import duplicates
from imsearch.cli.commands.evaluate import evaluate
from imsearch.cli.commands.index import index
from imsearch.cli.commands.library import files, info, optimize, remove
from imsearch.cli.commands.models import models
from imsearch.cli.commands.query import query
from imsearch.cli.commands.serve import serve
from imsearch.cli.commands.similarity import similarity
from imsearch.cli.exits import Exit, exiting
from imsearch.cli.output import terminal

app = typer.Typer(
    name="imsearch",
    help="Reverse image search over your own folders.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        exiting(_show_version)()


def _show_version() -> int:
    terminal.line(f"imsearch {imsearch.__version__}")
    return Exit.DONE


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


COMMANDS: dict[str, Callable[..., int]] = {
    "index": index,
    "query": query,
    "similarity": similarity,
    "info": info,
    "files": files,
    "remove": remove,
    "optimize": optimize,
    "models": models,
    "eval": evaluate,
    "serve": serve,
}
for name, command in COMMANDS.items():
    app.command(name)(exiting(command))
app.add_typer(duplicates.app, name="duplicates")


def main() -> None:
    """Run the command line and exit."""
    terminal.open_standard_streams()
    try:
        app()
    except SystemExit as exc:
        # Everything is closed and written. Ending the threads of OpenVINO and FAISS would take a tenth of a query.
        terminal.flush()
        os._exit(exc.code if isinstance(exc.code, int) else int(exc.code is not None))
