"""Showing groups of duplicates, and moving their files to the trash after a confirmation."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import imsearch
from imsearch import verify as verifying
from imsearch.cli.output import tables, terminal
from imsearch.formatting.wording import printable

if TYPE_CHECKING:
    from imsearch.library import Library
    from imsearch.types.duplicates import DuplicateFile, DuplicateGroup
    from imsearch.types.reports import TrashReport

SCHEMA = 1
"""The version of the schema of the JSON lines."""

TITLES = {"exact": "exact copies", "copy": "copies", "series": "a series, no copies"}

_COLUMNS = (
    ("", "left"),
    ("size", "right"),
    ("format", "left"),
    ("bytes", "right"),
    ("taken", "left"),
    ("path", "left"),
)


def show(groups: "Sequence[DuplicateGroup]", *, as_json: bool) -> None:
    """Show groups and a summary: as a table each on a terminal, as lines with tabs through a pipe, or as JSON lines."""
    for number, group in enumerate(groups, 1):
        if as_json:
            terminal.line(json.dumps(_record(group)))
        elif sys.stdout.isatty():
            title = f"{number}. {TITLES[group.kind]}; keep: {group.reason}"
            tables.draw(tables.text(title))
            tables.draw_paths(_COLUMNS, [facts_of(file) for file in kept_first(group)])
            tables.draw("")
        else:
            for file in kept_first(group):
                terminal.line("\t".join(_fields(number, group, file)))
    copies = [group for group in groups if group.kind != "series"]
    terminal.note(f"{terminal.count(len(copies), 'group')} of copies{_beside(copies)}")
    if len(copies) < len(groups):
        series = [group for group in groups if group.kind == "series"]
        terminal.note(f"{len(series):,} series of pictures that are no copies{_beside(series)}")


def tell_what_is_missed() -> None:
    """Say so where nobody can tell edited copies."""
    if not verifying.available():
        terminal.note(f"only exact copies: edited ones are told with OpenCV, which comes with: {verifying.INSTALL}")


def kept_first(group: "DuplicateGroup") -> "list[DuplicateFile]":
    """The files of a group in the order in which they are shown: the file to keep first."""
    return [group.kept, *group.rest]


def facts_of(file: "DuplicateFile") -> tuple[str, ...]:
    """The row of a file in the table of its group."""
    taken = f"{file.taken:%Y-%m-%d %H:%M}" if file.taken else ""
    size = f"{file.width} x {file.height}"
    relation = "keep" if file.relation == "kept" else file.relation
    return relation, size, file.format, terminal.amount(file.size), taken, file.path


def _fields(number: int, group: "DuplicateGroup", file: "DuplicateFile") -> list[str]:
    size = f"{file.width}x{file.height}"
    reason = group.reason if file is group.kept else ""
    cells = (str(number), group.kind, file.relation, size, file.format, str(file.size), file.path, reason)
    return [printable(cell) for cell in cells]


def _record(group: "DuplicateGroup") -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "kind": group.kind,
        "keep": group.kept.path,
        "reason": group.reason,
        "bytes": sum(file.size for file in group.rest),
        "files": [
            {
                "path": file.path,
                "relation": file.relation,
                "size": file.size,
                "width": file.width,
                "height": file.height,
                "format": file.format,
                "taken": file.taken.isoformat() if file.taken else None,
            }
            for file in group.files
        ],
    }


def _beside(groups: "Sequence[DuplicateGroup]") -> str:
    files = [file for group in groups for file in group.rest]
    size = terminal.amount(sum(file.size for file in files))
    return f": {terminal.count(len(files), 'file')} ({size}) beside those to keep" if files else ""


def trash_after_asking(library: "Library", groups: "Sequence[DuplicateGroup]", under: Path | None) -> bool:
    """Move all files but those to keep to the trash, after asking once for copies and once for series.

    Returns False if any file was skipped. Raises `UsageError` where nobody answers.
    """
    skipped = 0
    for things, kinds in (("copies", ("exact", "copy")), ("pictures of series, which are no copies", ("series",))):
        chosen = [group for group in groups if group.kind in kinds]
        report = library.trash(chosen, under=under, dry_run=True)
        if report.moved:
            if not _may_move(report, things):
                terminal.note("nothing was moved")
                continue
            report = library.trash(chosen, under=under)
        _tell(report)
        if chosen:
            terminal.note(f"moved {_files(report)} to the trash")
        skipped += len(report.skipped)
    return not skipped


def show_trash(library: "Library", groups: "Sequence[DuplicateGroup]", under: Path | None, *, as_json: bool) -> bool:
    """Print the paths that would be moved to the trash. Returns False if any file would be skipped."""
    report = library.trash(groups, under=under, dry_run=True)
    for path in report.moved:
        terminal.line(json.dumps({"schema": SCHEMA, "trash": path}) if as_json else printable(path))
    _tell(report)
    terminal.note(f"would move {_files(report)} to the trash")
    return not report.skipped


def _may_move(planned: "TrashReport", things: str) -> bool:
    answer = terminal.agreed(f"move {_files(planned)}, {things}, to the trash?")
    if answer is None:
        raise imsearch.UsageError(
            "nobody answered, so nothing was moved: answer y on standard input, or see with --dry-run what would go"
        )
    return answer


def _files(report: "TrashReport") -> str:
    return f"{terminal.count(len(report.moved), 'file')} ({terminal.amount(report.size)})"


def _tell(report: "TrashReport") -> None:
    for skip in report.skipped:
        terminal.note(f"skipped {skip.path}: {skip.reason}")
    if report.skipped:
        terminal.note("`imsearch index` brings the library up to date with changed files")
    for path in report.linked:
        terminal.note(f"left {path}: it is a link to a file that stays, and moving it frees nothing")


def tell_pairs(number: int, said: str) -> None:
    """How many pairs of pictures a decision was about."""
    terminal.note(f"{terminal.count(number, 'pair')} {said}")


def show_decisions(pairs: Iterable[tuple[str, str]]) -> None:
    """Show the pairs of pictures that were marked as different, a line each."""
    for pair in pairs:
        terminal.line("\t".join(map(printable, pair)))
