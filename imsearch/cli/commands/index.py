"""`imsearch index`."""

from pathlib import Path
from typing import Annotated

import typer

import imsearch
from imsearch.cli import options
from imsearch.cli.exits import Exit


def index(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER", help="Folders or files; none: all that were indexed before."),
    ] = None,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="GLOB",
            help="Skip names, or paths below a folder, that match. Can be repeated.",
            show_default=False,
        ),
    ] = None,
    include_hidden: Annotated[bool, typer.Option("--include-hidden", help="Also names that begin with a dot.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Also try unchanged files again that could not be read.")
    ] = False,
    regions: Annotated[
        bool,
        typer.Option(
            "--regions",
            help="Also embed parts of each picture, to find a scene by one thing in it, now and in all later runs; "
            "indexing takes about 25 times as long.",
        ),
    ] = False,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            metavar="NAME",
            help="Arithmetic for a new library: f32, bf16 or f16. Default: the fastest on this machine.",
            show_default=False,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option("--batch-size", metavar="N", help="Pictures that the model computes at once.", show_default=False),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            metavar="N",
            help="Processes that decode, and threads of the model. Default: one per core.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Bring the library up to date with folders of pictures.

    New pictures are added and changed ones read again; moved and copied ones are recognized by their content; deleted
    ones are removed, unless their folder is out of reach. It can be interrupted at any time; the next run goes on.
    """
    from imsearch.cli.output.progress import IndexProgress, report_run  # other commands start sooner without it

    with imsearch.open(library, model=model, device=device) as opened, IndexProgress() as progress:
        report = opened.index(
            *(folders or ()),
            exclude=exclude or (),
            include_hidden=include_hidden,
            retry_failed=retry_failed,
            regions=regions,
            precision=precision,
            batch_size=batch_size,
            threads=threads,
            listener=progress,
        )
    report_run(report)
    return Exit.SKIPPED if report.skipped else Exit.DONE
