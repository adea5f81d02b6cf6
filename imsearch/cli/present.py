"""What people and other programs see: tables on a terminal, plain lines through a pipe, JSON lines on request.

Results go to stdout; progress, notes and errors to stderr. Rich is imported only where something is drawn.
"""

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import imsearch
from imsearch.formatting.wording import changes, printable
from imsearch.types.events import Compared, Event, Judged, PreparingModel, Progress, Scanned, Skip
from imsearch.types.hits import Answer, Hit, Proof, Region
from imsearch.types.libraries import CandidatesInfo, FileRecord, IndexReport, LibraryInfo, ModelInfo

SCHEMA = 1
"""Of the JSON lines of `imsearch query`."""

SHOWN_SKIPS = 20
"""Skips told one by one during an index run; `imsearch files --failed` has them all."""


def line(text: str) -> None:
    """A line of results on stdout."""
    _write(os.fsencode(text) + b"\n")


def note(text: str) -> None:
    """A line for people on stderr; a path in it must not bring in lines of its own."""
    sys.stderr.write(printable(text) + "\n")


def error(exc: Exception) -> None:
    """What went wrong, on stderr."""
    for part in f"imsearch: {exc}".split("\n"):
        note(part)


def count(number: int, thing: str) -> str:
    """A number with its noun."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def agreed(question: str) -> bool | None:
    """What a person answers on stdin to a question on stderr; None where there is nobody to answer."""
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not sys.stdin.isatty():
        sys.stderr.write("\n")
    return answer.strip().lower() in ("y", "yes") if answer else None


def close_stdout() -> None:
    """Point stdout nowhere, so that Python does not fail on flushing it at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def flush() -> None:
    """Have the streams written; who does not want them any more is no error."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def amount(number: int) -> str:
    """A number of bytes for people."""
    size = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _table(*columns: tuple[str, str], title: str | None = None) -> Any:
    from rich.table import Table

    table = Table(box=None, title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False)
    for name, justify in columns:
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    return table


def grid(header: Sequence[str], rows: Iterable[Sequence[str]], *, title: str) -> None:
    """Names and their numbers: a table on a terminal; through a pipe, the title and lines with tabs between."""
    if not sys.stdout.isatty():
        for row in ((title,), header, *rows):
            line("\t".join(printable(cell) for cell in row))
        return
    table = _table((header[0], "left"), *((name, "right") for name in header[1:]), title=title)
    for row in rows:
        table.add_row(*(_text(cell) for cell in row))
    _draw(table)


def table(columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]], title: str) -> None:
    """A table on a terminal: names of columns with how each is justified, and cells."""
    drawn = _table(*columns)
    for row in rows:
        drawn.add_row(*(_text(cell) for cell in row))
    for part in (_text(title), drawn, ""):
        _draw(part)


def _draw(renderable: Any) -> None:
    from rich.console import Console

    Console(highlight=False).print(renderable)


def _text(value: str) -> Any:
    from rich.text import Text

    return Text(printable(value))


# Answers to probes


class Answers(Protocol):
    """A way to show answers as they come."""

    def show(self, answer: Answer) -> None:
        """Show one."""


def named(answer: Answer, name: str) -> Answer:
    """The answer under the name that the user gave its probe."""
    return dataclasses.replace(answer, probe=name)


class TableAnswers:
    """A table on a terminal; through a pipe, lines of score and path with a tab between.

    Of ``verified`` answers the table also has the verdict and how the two pictures relate, a line the verdict, last.
    """

    def __init__(self, *, several: bool, verified: bool) -> None:
        self._several = several
        self._verified = verified

    def show(self, answer: Answer) -> None:
        """Show the hits of one probe."""
        if answer.error is not None:
            return
        if not answer.hits:
            note(f"no hits for {answer.probe}")
        elif sys.stdout.isatty():
            if self._several:
                _draw(_text(answer.probe))
            _draw(self._table(answer.hits))
        else:
            for hit in answer.hits:
                probe = [printable(answer.probe)] if self._several else []
                verdict = [_verdict(hit)] if self._verified else []
                line("\t".join([*probe, f"{hit.score:.4f}", printable(hit.path), *verdict]))

    def _table(self, hits: Sequence[Hit]) -> Any:
        """Columns that only some questions fill are left out where they would be empty."""
        proofs = [("verdict", "left"), ("how", "left")] if self._verified else []
        dates = [("taken", "left")] if any(hit.taken for hit in hits) or not self._verified else []
        parts = [("region", "left")] if any(hit.region for hit in hits) else []
        facts = [("score", "right"), ("size", "right"), *dates, *parts]
        table = _table(("", "right"), *proofs, *facts, ("path", "left"))
        for hit in hits:
            proof = [_verdict(hit), changes(hit.proof)] if proofs else []
            size, taken = _facts(hit)
            cells = [f"{hit.score:.3f}", size, *([taken] if dates else []), *([_region(hit.region)] if parts else [])]
            table.add_row(str(hit.rank), *proof, *cells, _text(hit.path))
        return table


def _verdict(hit: Hit) -> str:
    return "" if hit.proof is None else hit.proof.verdict


def _facts(hit: Hit) -> tuple[str, str]:
    return f"{hit.width} x {hit.height}", f"{hit.taken:%Y-%m-%d %H:%M}" if hit.taken else ""


def _region(region: Region | None) -> str:
    return f"{region.width} x {region.height} at {region.x}, {region.y}" if region else ""


class PathAnswers:
    """Bare paths, exactly as the file system has them."""

    def __init__(self, end: bytes) -> None:
        self._end = end

    def show(self, answer: Answer) -> None:
        """Show the hits of one probe."""
        _write(b"".join(os.fsencode(hit.path) + self._end for hit in answer.hits))


class JsonAnswers:
    """One JSON object per probe, a line each. Bytes of paths that are not UTF-8 become lone surrogates."""

    def __init__(self, model: str) -> None:
        self._model = model

    def show(self, answer: Answer) -> None:
        """Show the hits of one probe."""
        record: dict[str, Any] = {
            "schema": SCHEMA,
            "probe": answer.probe,
            "model": self._model,
            "seconds": round(answer.seconds, 4),
        }
        if answer.error is not None:
            record["error"] = str(answer.error)
        record["hits"] = [
            {
                "rank": hit.rank,
                "path": hit.path,
                "score": round(hit.score, 6),
                "width": hit.width,
                "height": hit.height,
                "format": hit.format,
                "taken": hit.taken.isoformat() if hit.taken else None,
                "region": dataclasses.asdict(hit.region) if hit.region else None,
                **({} if hit.proof is None else proof_values(hit.proof)),
            }
            for hit in answer.hits
        ]
        line(json.dumps(record))


def proof_values(proof: Proof) -> dict[str, Any]:
    """A proof as it stands in JSON; which points matched is left to `imsearch query --html`."""
    transform = proof.transform
    return {
        "verdict": proof.verdict,
        "agreement": proof.agreement,
        "inliers": proof.inliers,
        "overlap": {"probe": proof.probe_overlap, "hit": proof.hit_overlap},
        "transform": None if transform is None else dataclasses.asdict(transform),
        "quadrilateral": proof.quadrilateral,
    }


class PreviewAnswers:
    """Thumbnails in the terminal, by Kitty's or Sixel graphics where it knows them, else by coloured half blocks."""

    def show(self, answer: Answer) -> None:
        """Show the hits of one probe."""
        if answer.error is not None:
            return
        from rich.console import Group
        from textual_image.renderable import Image

        table = _table(("", "right"), ("", "left"), ("", "left"))
        for hit in answer.hits:
            picture = _open_picture(hit.path)
            size, taken = _facts(hit)
            lines = filter(None, (_verdict(hit), changes(hit.proof), f"{hit.score:.3f}", size, taken))
            facts = Group(*lines, _text(hit.path))
            table.add_row(str(hit.rank), Image(picture, height=8) if picture else "(out of reach)", facts)
        _draw(_text(answer.probe))
        _draw(table)


def can_preview() -> bool:
    """Whether stdout is a terminal that has a size to draw in."""
    return sys.stdout.isatty() and os.get_terminal_size(sys.stdout.fileno()).columns > 0


def _open_picture(path: str) -> Any:
    """The picture of a hit, or None where its file cannot be read now."""
    from imsearch.search.probes import read_probe

    try:
        return read_probe(path).image
    except imsearch.ImsearchError:
        return None


# Indexing


class IndexProgress:
    """Draws the events of an index run on stderr: a bar on a terminal, otherwise only skips."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._skips = 0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[skipped]}"),
                console=Console(stderr=True, highlight=False),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("looking for pictures", total=None, rate="", skipped="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._skips > SHOWN_SKIPS:
            note(f"... and {self._skips - SHOWN_SKIPS:,} more skipped (`imsearch files --failed` lists them)")

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case Skip():
                self._skips += 1
                if self._skips <= SHOWN_SKIPS:
                    self._say(f"skipped {event.path}: {event.reason}")
            case PreparingModel():
                self._describe(f"preparing model {event.model} (once)")
            case Scanned():
                self._describe("indexing", total=event.total or None)
            case Progress():
                self._advance(event)

    def _say(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(_text(text), soft_wrap=True)
        else:
            note(text)

    def _describe(self, text: str, **fields: Any) -> None:
        if self._bar is not None:
            self._bar.update(self._task, description=text, **fields)
        elif text.startswith("preparing"):
            note(text)

    def _advance(self, event: Progress) -> None:
        if self._bar is None:
            return
        task = self._bar.tasks[0]
        if task.completed == 0:
            self._bar.reset(self._task, total=event.total)
        rate = f"{task.speed:.0f}/s" if task.speed else ""
        skipped = f"{event.skipped:,} skipped" if event.skipped else ""
        self._bar.update(self._task, description="indexing", completed=event.done, rate=rate, skipped=skipped)


class StepProgress:
    """Draws the steps of a search for duplicates on stderr, on a terminal only."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "StepProgress":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns, console=Console(stderr=True, highlight=False), transient=True)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        if self._bar is None or not isinstance(event, Compared | Judged):
            return
        step = "comparing pictures" if isinstance(event, Compared) else "looking closely at pairs"
        if step not in self._tasks:
            self._tasks[step] = self._bar.add_task(step, total=event.total)
        self._bar.update(self._tasks[step], completed=event.done)


def report(result: IndexReport) -> None:
    """The closing line of an index run."""
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (result.added, "added"),
            (result.updated, "changed"),
            (result.moved, "moved"),
            (result.removed, "removed"),
            (result.unchanged, "unchanged"),
            (result.kept, "kept out of reach"),
            (result.skipped, "skipped"),
        )
        if number or word == "added"
    ]
    rate = f", {result.embedded / result.seconds:.0f} images/s" if result.embedded and result.seconds else ""
    note(f"{', '.join(parts)} in {result.seconds:.1f} s{rate}")
    if result.skipped:
        note("`imsearch files --failed` says why; `imsearch index --retry-failed` tries them again")


# Lists


def info(result: LibraryInfo, *, as_json: bool) -> None:
    """A library at a glance."""
    if as_json:
        line(json.dumps(dataclasses.asdict(result)))
        return
    total = result.catalogue_bytes + result.cache_bytes
    rows = [
        ("library", result.path),
        *(("folder", root) for root in result.roots),
        ("files", f"{result.files:,} ({result.pictures:,} different pictures)"),
        (
            "unreadable",
            f"{result.unreadable:,}" + (" (imsearch files --failed)" if result.unreadable else ""),
        ),
        ("model", f"{result.model}, {result.dimensions} dimensions, {result.precision}"),
        *(("also", name) for name in result.spaces if name != result.model),
        (
            "on disk",
            f"{amount(total)} (catalogue {amount(result.catalogue_bytes)}, caches {amount(result.cache_bytes)})"
            + (f", {amount(total // result.pictures)} a picture" if result.pictures else ""),
        ),
    ]
    if result.regions:
        rows[-1:-1] = [("regions", f"{result.regions:,}, {amount(result.region_bytes)} of vectors")]
    rows[-1:-1] = _candidates_rows(result.candidates)
    _list(rows)


def candidates(result: CandidatesInfo, *, as_json: bool) -> None:
    """How candidates are found, and what that was measured to reach."""
    if as_json:
        line(json.dumps(dataclasses.asdict(result)))
    else:
        _list(_candidates_rows(result))


def _candidates_rows(found: CandidatesInfo | None) -> list[tuple[str, str]]:
    if found is None:
        return [("search", "not indexed yet: the next query or `imsearch optimize` does it")]
    pending = f", {count(found.pending, 'change')} since" if found.pending else ""
    if found.kind == "exact":
        return [("search", f"exact, all {count(found.vectors, 'vector')} looked through{pending}")]
    return [
        ("search", f"approximate, {count(found.vectors, 'vector')} of {found.bytes_per_vector} bytes{pending}"),
        (
            "plan",
            f"{found.components} principal components, {found.probed:,} of {found.lists:,} lists looked into, "
            f"{found.depth} candidates scored exactly for 10 hits",
        ),
        (
            "recall",
            f"{found.recall:.4f} of the true ten are found (measured with {found.measured_with} held-out pictures "
            f"among {found.measured_at:,})",
        ),
    ]


def _list(rows: list[tuple[str, str]]) -> None:
    for name, value in rows:
        line(f"{name:<11}{printable(value)}")


def files(records: Iterable[FileRecord], *, failed: bool, null: bool, as_json: bool) -> None:
    """Files of the library, with the reason where they failed."""
    for record in records:
        if as_json:
            line(json.dumps(dataclasses.asdict(record)))
        elif null:
            _write(os.fsencode(record.path) + b"\0")
        elif failed:
            line(f"{printable(record.path)}\t{printable(record.reason or '')}")
        else:
            line(printable(record.path))


def models(found: Iterable[ModelInfo], *, as_json: bool) -> None:
    """The list of models."""
    if as_json:
        for model in found:
            line(json.dumps(dataclasses.asdict(model)))
        return
    header = ("model", "kind", "library", "dimensions", "input", "parameters", "weights")
    rows = [header, *(_model_row(model) for model in found)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(header))]
    for row in rows:
        cells = [
            text.rjust(width) if at in (3, 5) else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        line("  ".join(cells).rstrip())
    for text in (
        "Also: any other classification model of torchvision by its name, any Hugging Face image model by its id",
        "(owner/name) or local folder, and a checkpoint of your own as NAME@FILE. NAME:OUTPUT chooses an output:",
        "pooled or logits (torchvision), cls, mean, pooler or projection (Hugging Face).",
    ):
        note(text)


def _model_row(model: ModelInfo) -> tuple[str, ...]:
    return (
        model.name,
        model.kind,
        model.library,
        str(model.dimensions),
        f"{model.input_size[0]} x {model.input_size[1]}",
        f"{model.parameters / 1e6:.1f} M",
        "here" if model.available else "to be fetched",
    )
