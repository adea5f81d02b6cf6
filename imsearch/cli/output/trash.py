"""Moving duplicates to the trash after a confirmation, and bringing them back."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import imsearch
from imsearch.cli.output import terminal
from imsearch.cli.output.duplicates import SCHEMA, amount_of, exact_and_edited
from imsearch.formatting.wording import printable

if TYPE_CHECKING:
    from imsearch.library import Library
    from imsearch.types.duplicates import DuplicateGroup
    from imsearch.types.events import Skip
    from imsearch.types.reports import RestoreReport, TrashReport


def trash_after_asking(
    library: "Library", groups: "Sequence[DuplicateGroup]", under: Path | None, *, edited: bool
) -> bool:
    """Move exact copies to the trash after asking, then edited ones after asking again if they are wanted.

    Returns False if any file was skipped. Raises `UsageError` where nobody answers.
    """
    done = _move(library, groups, under, edited=False)
    if edited:
        return _move(library, [_without_exact(group) for group in groups], under, edited=True) and done
    others = exact_and_edited(groups, under)[1]
    if others:
        terminal.note(f"not asked about: {amount_of(others, 'edited')}; that is done with --edited")
    return done


def show_trash(
    library: "Library", groups: "Sequence[DuplicateGroup]", under: Path | None, *, edited: bool, as_json: bool
) -> bool:
    """Print the paths that would be moved to the trash. Returns False if any file would be skipped."""
    report = library.trash(groups, under=under, edited=edited, dry_run=True)
    for path in (*report.moved, *report.companions):
        record = {"schema": SCHEMA, "trash": path, "companion": path in report.companions}
        terminal.line(json.dumps(record) if as_json else printable(path))
    _tell(report)
    terminal.note(f"would move {_files(report)} to the trash")
    return not report.skipped


def show_restored(report: "RestoreReport", *, as_json: bool) -> bool:
    """Print the paths that were brought back. Returns False if any file was skipped."""
    for path in report.restored:
        terminal.line(json.dumps({"schema": SCHEMA, "restored": path}) if as_json else printable(path))
    _tell_skipped(report.skipped)
    terminal.note(f"brought back {terminal.count(len(report.restored), 'file')}")
    if report.waiting:
        pictures = terminal.count(len(report.waiting), "picture")
        terminal.note(f"`imsearch index` takes {pictures} of them into the library again")
    return not report.skipped


def _move(library: "Library", groups: "Sequence[DuplicateGroup]", under: Path | None, *, edited: bool) -> bool:
    """Move files after asking. Returns False if any was skipped."""
    from imsearch.cli.output.progress import StepProgress  # other commands start sooner without it

    report = library.trash(groups, under=under, edited=edited, dry_run=True)
    if report.moved:
        for path in report.companions:
            terminal.note(f"goes along: {path}")
        if not _may_move(report, "edited copies" if edited else "exact copies"):
            terminal.note("nothing was moved")
            return True
        with StepProgress() as progress:
            report = library.trash(groups, under=under, edited=edited, listener=progress)
    _tell(report)
    if report.moved:
        terminal.note(f"moved {_files(report)} to the trash; `imsearch duplicates --restore` brings them back")
    return not report.skipped


def _without_exact(group: "DuplicateGroup") -> "DuplicateGroup":
    """A group without the exact copies that it proposes, which have been asked about."""
    exact = group.proposed()
    left = tuple(file for file in group.files if file not in exact)
    return replace(group, files=left, keep=left.index(group.kept))


def _may_move(planned: "TrashReport", things: str) -> bool:
    answer = terminal.agreed(f"move {_files(planned)}, {things}, to the trash?")
    if answer is None:
        raise imsearch.UsageError(
            "nobody answered, so nothing was moved: answer y on standard input, or see with --dry-run what would go"
        )
    return answer


def _files(report: "TrashReport") -> str:
    """The files of a report in words: ``3 files and 1 beside them (1.2 MiB)``."""
    along = f" and {len(report.companions):,} beside them" if report.companions else ""
    return f"{terminal.count(len(report.moved), 'file')}{along} ({terminal.amount(report.size)})"


def _tell(report: "TrashReport") -> None:
    _tell_skipped(report.skipped)
    if report.skipped:
        terminal.note("`imsearch index` brings the library up to date with changed files")
    for path in report.linked:
        terminal.note(f"left {path}: it is a link to a file that stays, and moving it frees nothing")


def _tell_skipped(skipped: "Sequence[Skip]") -> None:
    for skip in skipped:
        terminal.note(f"skipped {skip.path}: {skip.reason}")
