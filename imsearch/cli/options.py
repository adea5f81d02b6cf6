"""Options that several commands share, as types of their parameters."""

from pathlib import Path
from typing import Annotated

import typer

Library = Annotated[
    str | None,
    typer.Option(
        "--library",
        metavar="ADDRESS",
        help="The library: its directory. Else $IMSEARCH_LIBRARY, else a folder among your user data.",
        show_default=False,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="A model (see `imsearch models`). Default: the library's own, or efficientnet-lite2 for a new one.",
        show_default=False,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="cpu, cuda, cuda:N or mps. Default: the fastest one found.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout.")]

# Which pictures may be hits

Under = Annotated[Path | None, typer.Option("--under", metavar="FOLDER", help="Only pictures below it.")]
TakenAfter = Annotated[
    str | None,
    typer.Option("--taken-after", metavar="DATE", help="Only taken then or later (EXIF): 2019, 2019-07-04."),
]
TakenBefore = Annotated[
    str | None, typer.Option("--taken-before", metavar="DATE", help="Only taken before then (EXIF).")
]
Formats = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="NAME", help="Only this format: jpeg, png, ... Can be repeated."),
]
MinWidth = Annotated[int | None, typer.Option("--min-width", metavar="PIXELS", help="Only at least as wide.")]
MinHeight = Annotated[int | None, typer.Option("--min-height", metavar="PIXELS", help="Only at least as high.")]
