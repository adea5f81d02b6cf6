"""`imsearch serve`."""

from pathlib import Path
from typing import Annotated

import typer

import imsearch
from imsearch.cli import options
from imsearch.cli.exits import Exit


def serve(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER", help="Folders that may be indexed from the page, besides those indexed before."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Listen there: 0.0.0.0 is the whole network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any that is free.")] = 8787,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="Also answer under this name, such as that of a proxy. Can be repeated.",
            show_default=False,
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = None,
) -> int:
    """Serve a web page and an HTTP API over the library, to this computer alone unless told otherwise.

    Other computers must show a token: the one in $IMSEARCH_TOKEN, or else a new one that is printed.
    """
    from imsearch import server

    if not server.available():
        raise imsearch.UsageError(f"serving needs FastAPI, which comes with: {server.INSTALL}")
    from imsearch.cli.serving import run_server

    with imsearch.open(library, model=model, device=device, policy=imsearch.STRANGERS) as opened:
        run_server(opened, folders or (), host=host, port=port, names=allow_host or (), browser=browser)
    return Exit.DONE
