"""Facts about a library, its files, and the models there are."""

import dataclasses
import json
import os
from collections.abc import Iterable

from imsearch.cli.output.terminal import amount, count, line, note, write
from imsearch.formatting.wording import printable
from imsearch.types.libraries import CandidatesInfo, FileRecord, LibraryInfo, ModelInfo


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
            write(os.fsencode(record.path) + b"\0")
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
