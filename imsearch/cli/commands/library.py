"""`imsearch info`, `files`, `remove` and `optimize`: what a library holds, and its upkeep."""

from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

import imsearch
from imsearch.cli import options
from imsearch.cli.exits import Exit
from imsearch.cli.output import lists, terminal


def info(library: options.Library = None, model: options.Model = None, json_lines: options.Json = False) -> int:
    """Show what the library holds, with which model, and how much disk it uses."""
    with imsearch.open(library, model=model) as opened:
        lists.info(opened.info(), as_json=json_lines)
    return Exit.DONE


def files(
    failed: Annotated[bool, typer.Option("--failed", help="Files that could not be read, and why.")] = False,
    null: Annotated[bool, typer.Option("-0", help="Paths, with a NUL byte after each.")] = False,
    json_lines: options.Json = False,
    library: options.Library = None,
) -> int:
    """List the indexed pictures, or the files that could not be read."""
    with imsearch.open(library) as opened:
        listed = opened.files(failed=failed)
        first = next(listed, None)  # errors are raised here, before anything is printed
        lists.files(chain([first], listed) if first else [], failed=failed, null=null, as_json=json_lines)
    return Exit.DONE


def remove(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or folder; it need not exist any more.")],
    library: options.Library = None,
) -> int:
    """Remove a file, or a folder and all below it, from the library. The files themselves are not touched."""
    with imsearch.open(library) as opened:
        terminal.note(f"forgot {terminal.count(opened.remove(path), 'file')}")
    return Exit.DONE


def optimize(library: options.Library = None, model: options.Model = None, json_lines: options.Json = False) -> int:
    """Rebuild the vector index: choose its kind, tune it to the library's vectors, and measure its recall.

    Index runs do this by themselves whenever the library has doubled. Queries work meanwhile, and nothing is lost.
    """
    with imsearch.open(library, model=model) as opened:
        terminal.note("measuring and building; a million pictures take some minutes")
        lists.vector_index(opened.optimize(), as_json=json_lines)
    return Exit.DONE
