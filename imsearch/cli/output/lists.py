"""Showing facts about a library, its files, and known models."""

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from imsearch.cli.output.terminal import amount, count, line, note, write
from imsearch.formatting.wording import printable

if TYPE_CHECKING:
    from imsearch.types.libraries import FileRecord, LibraryInfo, ModelInfo, VectorIndexInfo


def info(result: "LibraryInfo", *, as_json: bool) -> None:
    """Show facts about a library."""
    if as_json:
        line(json.dumps(dataclasses.asdict(result)))
        return
    total = result.catalog_bytes + result.cache_bytes
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
            f"{amount(total)} (catalog {amount(result.catalog_bytes)}, caches {amount(result.cache_bytes)})"
            + (f", {amount(total // result.pictures)} a picture" if result.pictures else ""),
        ),
    ]
    if result.regions:
        rows[-1:-1] = [("regions", f"{result.regions:,}, {amount(result.region_bytes)} of vectors")]
    rows[-1:-1] = _index_rows(result.vector_index)
    _list(rows)


def vector_index(result: "VectorIndexInfo", *, as_json: bool) -> None:
    """Show facts about the vector index, and its measured recall."""
    if as_json:
        line(json.dumps(dataclasses.asdict(result)))
    else:
        _list(_index_rows(result))


def _index_rows(found: "VectorIndexInfo | None") -> list[tuple[str, str]]:
    if found is None:
        return [("search", "not indexed yet: the next query or `imsearch optimize` does it")]
    pending = f", {count(found.pending, 'change')} since" if found.pending else ""
    if found.kind == "exact":
        return [("search", f"exact, all {count(found.vectors, 'vector')} compared{pending}")]
    return [
        ("search", f"approximate, {count(found.vectors, 'vector')} of {found.bytes_per_vector} bytes{pending}"),
        (
            "plan",
            f"{found.components} components, {found.probed:,} of {found.lists:,} lists, "
            f"{found.depth} candidates for 10 hits",
        ),
        (
            "recall",
            f"{found.recall:.4f} of the true ten (by {found.measured_with} held-out pictures "
            f"among {found.measured_at:,})",
        ),
    ]


def _list(rows: list[tuple[str, str]]) -> None:
    for name, value in rows:
        line(f"{name:<11}{printable(value)}")


def files(records: "Iterable[FileRecord]", *, failed: bool, null: bool, as_json: bool) -> None:
    """Show files of the library; with ``failed``, also the reasons of their failures."""
    for record in records:
        if as_json:
            line(json.dumps(dataclasses.asdict(record)))
        elif null:
            write(os.fsencode(record.path) + b"\0")
        elif failed:
            line(f"{printable(record.path)}\t{printable(record.reason or '')}")
        else:
            line(printable(record.path))


def models(found: "Iterable[ModelInfo]", *, as_json: bool) -> None:
    """Show a list of models."""
    if as_json:
        for model in found:
            line(json.dumps(dataclasses.asdict(model)))
        return
    rows = [_model_row(model) for model in found]
    names = list(rows[0])
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    for name in _DISPENSABLE if sys.stdout.isatty() else ():
        if sum(widths[name] + 2 for name in names) - 2 > shutil.get_terminal_size().columns:
            names.remove(name)
    for row in ({name: name for name in names}, *rows):
        cells = [row[name].rjust(widths[name]) if name in _NUMBERS else row[name].ljust(widths[name]) for name in names]
        line("  ".join(cells).rstrip())
    for text in (
        "Also: any other classification model of torchvision by its name, any Hugging",
        "Face image model by its id (owner/name) or local folder, and a checkpoint of",
        "your own as NAME@FILE. NAME:OUTPUT chooses an output: pooled or logits",
        "(torchvision), cls, mean, pooler or projection (Hugging Face).",
    ):
        note(text)


_DISPENSABLE = ("library", "input", "parameters")
"""Columns that are left out on a narrow terminal, in this order. JSON lines have all columns."""

_NUMBERS = ("dimensions", "parameters")


def _model_row(model: "ModelInfo") -> dict[str, str]:
    return {
        "model": model.name,
        "kind": model.kind,
        "library": model.library,
        "dimensions": str(model.dimensions),
        "input": f"{model.input_size[0]} x {model.input_size[1]}",
        "parameters": f"{model.parameters / 1e6:.1f} M",
        "weights": "here" if model.available else "not here",
    }
