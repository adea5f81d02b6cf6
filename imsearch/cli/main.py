"""The commands of ``imsearch``, and what their exit codes mean.

0 done, 1 failed, 2 wrong usage, 3 done but some files (or probes) were skipped, 130 interrupted.
"""

import functools
import os
from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import imsearch
from imsearch.cli import present

if TYPE_CHECKING:
    from imsearch.library import Library


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SKIPPED = 3
    INTERRUPTED = 130


app = typer.Typer(
    name="imsearch",
    help="Reverse image search over your own folders.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="DIR",
        help="Directory of the library. Else $IMSEARCH_LIBRARY, else a folder among your user data.",
        show_default=False,
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="A model (see `imsearch models`). Default: the library's own, or efficientnet-lite2 for a new one.",
        show_default=False,
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="cpu, cuda, cuda:N or mps. Default: the best there is.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines on stdout.")]
NullOption = Annotated[bool, typer.Option("-0", help="Like --paths, with a NUL byte after each path.")]


def _command(function: Callable[..., int]) -> Callable[..., None]:
    """Make a function a command whose return value is the exit code, errors included.

    It is named as the function, without the underscore of one that would hide a name of Python's.
    """

    @app.command(function.__name__.rstrip("_"))
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            code = function(*args, **kwargs)
        except imsearch.ImsearchError as exc:
            present.error(exc)
            code = Exit.USAGE if isinstance(exc, imsearch.UsageError) else Exit.FAILED
        except KeyboardInterrupt:
            present.note("interrupted: what was done is kept, and the next run goes on from there")
            code = Exit.INTERRUPTED
        except BrokenPipeError:
            present.close_stdout()  # the reader had enough, as `head` has
            code = Exit.DONE
        raise typer.Exit(int(code))

    return run


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"imsearch {imsearch.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@_command
def index(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER", help="Folders or files; none: all that were indexed before."),
    ] = None,
    library: LibraryOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="GLOB",
            help="Pass over names, or paths below a folder, that match. Can be repeated.",
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
            help="Also embed parts of each picture, to find a scene by one thing in it. The library keeps to it; "
            "indexing takes about 25 times as long.",
        ),
    ] = False,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            metavar="NAME",
            help="Arithmetic of a new library: f32, bf16 or f16. Default: the fastest that the machine has.",
            show_default=False,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option("--batch-size", metavar="N", help="Pictures that the model takes at once.", show_default=False),
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

    New pictures are added and changed ones read again; moved and copied ones are recognised by their content; those
    that are gone leave, unless their folder is out of reach. It can be interrupted at any time; the next run goes on.
    """
    with _open(library, model, device) as opened, present.IndexProgress() as progress:
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
    present.report(report)
    return Exit.SKIPPED if report.skipped else Exit.DONE


@_command
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
    under: Annotated[Path | None, typer.Option("--under", metavar="FOLDER", help="Only pictures below it.")] = None,
    taken_after: Annotated[
        str | None,
        typer.Option("--taken-after", metavar="DATE", help="Only taken then or later (EXIF): 2019, 2019-07-04."),
    ] = None,
    taken_before: Annotated[
        str | None, typer.Option("--taken-before", metavar="DATE", help="Only taken before then (EXIF).")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="NAME", help="Only this format: jpeg, png, ... Can be repeated."),
    ] = None,
    min_width: Annotated[
        int | None, typer.Option("--min-width", metavar="PIXELS", help="Only at least as wide.")
    ] = None,
    min_height: Annotated[
        int | None, typer.Option("--min-height", metavar="PIXELS", help="Only at least as high.")
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Show which hits are the same picture or a copy of it, and put those first."),
    ] = False,
    paths: Annotated[bool, typer.Option("--paths", help="Bare paths, a line each.")] = False,
    null: NullOption = False,
    json_lines: JsonOption = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Also write a page with thumbnails and links, and with --verify a drawing of each match.",
        ),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Thumbnails in the terminal.")] = False,
    library: LibraryOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
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
    sources = list(_sources(probes or [], clipboard))
    with _open(library, model, device) as opened:
        answers = opened.query_many(
            [source for _, source in sources], k, crop=crop, min_score=min_score, filters=filters, verify=verify
        )
        named = (present.named(answer, name) for answer, (name, _) in zip(answers, sources, strict=True))
        chosen = (
            present.JsonAnswers(opened.model)
            if json_lines
            else present.PathAnswers(b"\0" if null else b"\n")
            if paths or null
            else present.PreviewAnswers()
            if preview and present.can_preview()
            else present.TableAnswers(several=len(sources) > 1, verified=verify)
        )
        shown = []
        for answer in named:
            if answer.error is not None:
                present.error(answer.error)
            chosen.show(answer)
            shown.append(answer)
    if html is not None:
        from imsearch.cli.sheet import write_sheet

        write_sheet(html, [(answer, source) for answer, (_, source) in zip(shown, sources, strict=True)], crop)
        present.note(f"wrote {html}")
    failed = sum(answer.error is not None for answer in shown)
    if failed:
        return Exit.FAILED if failed == len(shown) else Exit.SKIPPED
    return Exit.DONE


def _sources(probes: list[str], clipboard: bool) -> Iterator[tuple[str, Any]]:
    """Each probe's name and what to give the library for it."""
    from imsearch.search.probes import read_stdin

    for name in probes:
        yield name, read_stdin() if name == "-" else name
    if clipboard:
        yield "(clipboard)", imsearch.CLIPBOARD


@_command
def similarity(
    first: Annotated[str, typer.Argument(metavar="A", help="A path or URL.")],
    second: Annotated[str, typer.Argument(metavar="B", help="A path or URL.")],
    library: LibraryOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
) -> int:
    """Print the cosine similarity of two pictures: 1 for the same, about 0 for unrelated ones."""
    with _open(library, model, device) as opened:
        present.line(f"{opened.similarity(first, second):.4f}")
    return Exit.DONE


@_command
def info(library: LibraryOption = None, model: ModelOption = None, json_lines: JsonOption = False) -> int:
    """Show what the library holds, with which model, and what it takes on disk."""
    with _open(library, model) as opened:
        present.info(opened.info(), as_json=json_lines)
    return Exit.DONE


@_command
def optimize(library: LibraryOption = None, model: ModelOption = None, json_lines: JsonOption = False) -> int:
    """Make the index of candidates anew: choose its kind, tune it to the vectors there are, measure its recall.

    Index runs do this by themselves whenever the library has doubled. Nothing is lost by it, and queries go on.
    """
    with _open(library, model) as opened:
        present.note("measuring and building; a million pictures take some minutes")
        present.candidates(opened.optimize(), as_json=json_lines)
    return Exit.DONE


@_command
def files(
    failed: Annotated[bool, typer.Option("--failed", help="Those that could not be read, and why.")] = False,
    null: NullOption = False,
    json_lines: JsonOption = False,
    library: LibraryOption = None,
) -> int:
    """List the indexed pictures, or the files that could not be read."""
    with _open(library) as opened:
        listed = opened.files(failed=failed)
        first = next(listed, None)  # whatever is wrong shows before anything is printed
        present.files(chain([first], listed) if first else [], failed=failed, null=null, as_json=json_lines)
    return Exit.DONE


@_command
def remove(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or folder; it need not exist any more.")],
    library: LibraryOption = None,
) -> int:
    """Forget a file, or a folder and all below it. Nothing on disk is touched."""
    with _open(library) as opened:
        present.note(f"forgot {present.count(opened.remove(path), 'file')}")
    return Exit.DONE


@_command
def duplicates(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Only groups with a file at or below it; of --different: pictures."),
    ] = None,
    series: Annotated[
        bool, typer.Option("--series", help="Also series of near-alike pictures, such as bursts, apart from copies.")
    ] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep",
            metavar="RULE",
            help="What to keep: largest, best-format, most-bytes, oldest. Can be repeated; the others come after.",
            show_default=False,
        ),
    ] = None,
    prefer: Annotated[
        list[Path] | None,
        typer.Option(
            "--prefer",
            metavar="FOLDER",
            help="Keep files below it before all others. Can be repeated.",
            show_default=False,
        ),
    ] = None,
    trash: Annotated[
        bool, typer.Option("--trash", help="Move the rest to the trash after asking; with a PATH, only from there.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what --trash would move.")] = False,
    different: Annotated[
        bool, typer.Option("--different", help="Remember that the pictures PATH... are all different.")
    ] = False,
    forget_different: Annotated[bool, typer.Option("--forget-different", help="Take that back.")] = False,
    list_different: Annotated[bool, typer.Option("--list-different", help="Pairs remembered as different.")] = False,
    json_lines: JsonOption = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Also write a page with thumbnails and links."),
    ] = None,
    library: LibraryOption = None,
    model: ModelOption = None,
) -> int:
    """Show exact and edited copies in groups, and which file of each to keep."""
    from imsearch.cli import duplicates as shown

    with _open(library, model) as opened:
        if list_different:
            shown.show_decisions(opened.different())
        elif different:
            shown.decide(opened.mark_different, paths or (), "newly remembered as different")
        elif forget_different:
            shown.decide(opened.forget_different, paths or (), "no longer remembered as different")
        if list_different or different or forget_different:
            return Exit.DONE
        if len(paths or ()) > 1:
            raise imsearch.UsageError("name one folder or file, or none for the whole library")
        path = paths[0] if paths else None
        with present.StepProgress() as progress:
            groups = opened.duplicates(path, series=series, keep=keep or (), prefer=prefer or (), listener=progress)
        shown.tell_what_is_missed()
        if html is not None:
            shown.write_html(html, groups)
        if dry_run:
            return Exit.DONE if shown.show_trash(opened, groups, path, as_json=json_lines) else Exit.SKIPPED
        shown.show(groups, as_json=json_lines)
        return Exit.DONE if not trash or shown.trash(opened, groups, path) else Exit.SKIPPED


@_command
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
    library: LibraryOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
) -> int:
    """Serve a web page and an HTTP API over the library, to this computer alone unless told otherwise.

    Whoever asks from elsewhere must show a token: that in $IMSEARCH_TOKEN, or else one that is made up and printed.
    """
    from imsearch import server

    if not server.available():
        raise imsearch.UsageError(f"serving needs FastAPI, which comes with: {server.INSTALL}")
    from imsearch.cli.serve import serve as run

    with imsearch.open(library, model=model, device=device, isolated=True) as opened:
        run(opened, folders or (), host=host, port=port, names=allow_host or (), browser=browser)
    return Exit.DONE


@_command
def models(json_lines: JsonOption = False) -> int:
    """List models: what they are, how large, and whether their weights are on this machine."""
    present.models(imsearch.known_models(), as_json=json_lines)
    return Exit.DONE


@_command
def eval_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Pictures, one subfolder to a class.")],
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="FILE.csv", help="Classes by the columns path (relative to FOLDER) and label instead."
        ),
    ] = None,
    copies: Annotated[
        bool,
        typer.Option("--copies", help="No classes: ask with edited copies (crops, JPEG, ...) for their originals."),
    ] = False,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, help="How many pictures --copies edits.")] = 100,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="A model (see `imsearch models`). Can be repeated, to compare. Default: efficientnet-lite2.",
            show_default=False,
        ),
    ] = None,
    ks: Annotated[
        list[int] | None,
        typer.Option(
            "-k", metavar="K", min=1, help="Tell recall@K. Can be repeated. Default: 1, 5, 10.", show_default=False
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.png", help="Also draw the precision-recall curves.")
    ] = None,
    json_lines: JsonOption = False,
) -> int:
    """Measure how well models find what belongs together in a folder.

    Each picture asks for the others of its class; mAP, P@1 and recall@K come with 95 % confidence intervals. Pictures
    are indexed into a library that is thrown away.
    """
    from imsearch.cli import evaluate

    if plot is not None:
        from imsearch.evaluation.plot import check_plot, write_plot

        check_plot(plot)
    try:
        with evaluate.EvaluationProgress() as progress:
            evaluations = imsearch.evaluate(
                folder,
                models=models or (),
                labels=labels,
                copies=copies,
                count=count,
                ks=ks or (1, 5, 10),
                listener=progress,
            )
    except KeyboardInterrupt:
        present.note("interrupted: nothing was measured, and nothing is kept")
        return Exit.INTERRUPTED
    evaluate.show(evaluations, as_json=json_lines)
    if plot is not None:
        write_plot(plot, evaluations)
        present.note(f"wrote {plot}")
    skipped = len(evaluations[0].skipped)
    if skipped:
        present.note(f"{present.count(skipped, 'file')} skipped")
    return Exit.SKIPPED if skipped else Exit.DONE


def _open(library: Path | None, model: str | None = None, device: str | None = None) -> "Library":
    return imsearch.open(library, model=model, device=device)


def main() -> None:
    """Run the command line and exit."""
    try:
        app()
    except SystemExit as exc:
        # All is closed and written: what is left is to take down OpenVINO's and FAISS's threads, a tenth of a query.
        present.flush()
        os._exit(exc.code if isinstance(exc.code, int) else int(exc.code is not None))
