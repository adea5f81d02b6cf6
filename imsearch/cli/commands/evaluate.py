"""`imsearch eval`."""

from pathlib import Path
from typing import Annotated

import typer

import imsearch
from imsearch.cli import options
from imsearch.cli.exits import Exit
from imsearch.cli.output import terminal


def evaluate(
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
            "-k", metavar="K", min=1, help="Measure recall@K. Can be repeated. Default: 1, 5, 10.", show_default=False
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.png", help="Also draw the precision-recall curves.")
    ] = None,
    json_lines: options.Json = False,
) -> int:
    """Measure how well models find what belongs together in a folder.

    Each picture asks for the others of its class; mAP, P@1 and recall@K come with 95 % confidence intervals. Pictures
    are indexed into a temporary library, which is deleted afterwards.
    """
    from imsearch.cli.output import evaluation  # imported here, as other commands do not need it

    if plot is not None:
        from imsearch.evaluation.plot import check_plot, write_plot

        check_plot(plot)
    try:
        with evaluation.EvaluationProgress() as progress:
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
        terminal.note("interrupted: nothing was measured, and nothing is kept")
        return Exit.INTERRUPTED
    evaluation.show(evaluations, as_json=json_lines)
    if plot is not None:
        write_plot(plot, evaluations)
        terminal.note(f"wrote {plot}")
    skipped = len(evaluations[0].skipped)
    if skipped:
        terminal.note(f"{terminal.count(skipped, 'file')} skipped")
    return Exit.SKIPPED if skipped else Exit.DONE
