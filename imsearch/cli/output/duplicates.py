"""Showing groups of duplicates, sorted by how many bytes they would free, and what to type next."""

import json
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch import verify as verifying
from imsearch.cli.output import tables, terminal
from imsearch.formatting.wording import changes, differences, printable

if TYPE_CHECKING:
    from imsearch.types.duplicates import DuplicateFile, DuplicateGroup

SCHEMA = 2
"""The version of the schema of the JSON lines."""

_ORDER = ("copies", "versions", "series")

_COLUMNS = (
    ("", "left"),
    ("size", "right"),
    ("format", "left"),
    ("bytes", "right"),
    ("taken", "left"),
    ("path", "left"),
)


def by_gain(groups: "Iterable[DuplicateGroup]") -> "list[DuplicateGroup]":
    """Groups of copies, sorted by how many bytes they would free, then versions, then series."""
    return sorted(groups, key=lambda group: (_ORDER.index(group.kind), -_size(_goes(group) or group.rest)))


def show(groups: "Sequence[DuplicateGroup]", *, as_json: bool) -> None:
    """Show groups and a summary: as a table each on a terminal, as lines with tabs through a pipe, or as JSON lines."""
    for number, group in enumerate(groups, 1):
        if as_json:
            terminal.line(json.dumps(_record(group)))
        elif sys.stdout.isatty():
            tables.draw(tables.text(f"{number}. {title(group)}"))
            files = kept_first(group)
            _draw([facts_of(file) for file in files], [words_of(file, group) for file in files])
        else:
            for file in kept_first(group):
                terminal.line("\t".join(_fields(number, group, file)))
    _tell_summary(groups)


def _draw(rows: Sequence[tuple[str, ...]], words: Sequence[str]) -> None:
    """Draw the files of a group, without columns in which nothing is known."""
    known = [at for at in range(len(_COLUMNS)) if any(row[at] for row in rows)]
    tables.draw_paths([_COLUMNS[at] for at in known], [[row[at] for at in known] for row in rows], words)
    tables.draw("")


def tell_what_is_missed() -> None:
    """Say so where nobody can tell edited copies."""
    if not verifying.available():
        terminal.note(f"only exact copies: edited ones are told with OpenCV, which comes with: {verifying.INSTALL}")


def title(group: "DuplicateGroup") -> str:
    """What a group is, and for copies how many there are and how many bytes they take."""
    if group.kind == "versions":
        return "versions of one picture"
    if group.kind == "series":
        return "a series of different pictures"
    exact, edited = exact_and_edited([group])
    counts = [f"{len(files)} {name}" for name, files in (("exact", exact), ("edited", edited)) if files]
    gain = terminal.amount(_size([*exact, *edited]))
    return f"copies: {', '.join(counts)} ({gain} to gain)" if counts else "copies"


def kept_first(group: "DuplicateGroup") -> "list[DuplicateFile]":
    """The files of a group in the order in which they are shown: the file to keep, exact copies, the others."""
    return [group.kept, *sorted(group.rest, key=lambda file: file.relation != "exact")]


def facts_of(file: "DuplicateFile") -> tuple[str, ...]:
    """The row of a file in the table of its group."""
    taken = f"{file.taken:%Y-%m-%d %H:%M}" if file.taken else ""
    size = f"{file.width} x {file.height}"
    relation = "keep" if file.relation == "kept" else file.relation
    return relation, size, file.format, terminal.amount(file.size), taken, file.path


def words_of(file: "DuplicateFile", group: "DuplicateGroup") -> str:
    """Why a file is the one to keep or, of another one, what was done to it and what it has that the other has not."""
    if file is group.kept:
        return group.reason
    twin = next((other for other in kept_first(group) if other.digest == file.digest), file)
    same = f"the same bytes as {os.path.basename(twin.path)}" if twin not in (file, group.kept) else ""
    protected = "never moved" if file.protected else ""
    return "; ".join(filter(None, (changes(file.proof), differences(file.differs), same, protected)))


def exact_and_edited(
    groups: "Iterable[DuplicateGroup]", under: Path | None = None
) -> "tuple[list[DuplicateFile], list[DuplicateFile]]":
    """The files that may go to the trash, at or below a path: exact copies, and edited ones."""
    exact: list[DuplicateFile] = []
    edited: list[DuplicateFile] = []
    below = None if under is None else Path(os.path.abspath(under))
    for group in groups:
        first = group.proposed()
        for file in _goes(group):
            if below is None or Path(file.path).is_relative_to(below):
                (exact if file in first else edited).append(file)
    return exact, edited


def amount_of(files: "Sequence[DuplicateFile]", thing: str) -> str:
    """A number of copies in words, with their bytes: ``3 exact copies (1.2 MiB)``."""
    return f"{_copies(len(files), thing)} ({terminal.amount(_size(files))})"


def _copies(number: int, thing: str) -> str:
    return f"{number:,} {thing} {'copy' if number == 1 else 'copies'}"


def _goes(group: "DuplicateGroup") -> "tuple[DuplicateFile, ...]":
    return group.proposed(edited=True)


def _size(files: "Iterable[DuplicateFile]") -> int:
    return sum(file.size for file in files)


def _fields(number: int, group: "DuplicateGroup", file: "DuplicateFile") -> list[str]:
    size = f"{file.width}x{file.height}"
    facts = (file.relation, size, file.format, str(file.size), file.path, words_of(file, group))
    cells = (str(number), group.kind, *facts)
    return [printable(cell) for cell in cells]


def _record(group: "DuplicateGroup") -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "kind": group.kind,
        "keep": group.kept.path,
        "reason": group.reason,
        "bytes": _size(group.rest),
        "files": [
            {
                "path": file.path,
                "relation": file.relation,
                "how": changes(file.proof),
                "changed": file.proof.changed if file.proof else None,
                "differs": file.differs,
                "protected": file.protected,
                "size": file.size,
                "width": file.width,
                "height": file.height,
                "format": file.format,
                "taken": file.taken.isoformat() if file.taken else None,
            }
            for file in group.files
        ],
    }


def _tell_summary(groups: "Sequence[DuplicateGroup]") -> None:
    copies = [group for group in groups if group.kind == "copies"]
    exact, edited = exact_and_edited(copies)
    counted = [amount_of(files, thing) for files, thing in ((exact, "exact"), (edited, "edited")) if files]
    found = f": {' and '.join(counted)} beside the files to keep" if counted else ""
    terminal.note(f"{terminal.count(len(copies), 'group')} of copies{found}")
    for kind, one, many in (("versions", "group of versions", "groups of versions"), ("series", "series", "series")):
        others = [group for group in groups if group.kind == kind]
        if others:
            files = terminal.count(sum(len(group.files) for group in others), "file")
            what = one if len(others) == 1 else many
            owned = ", each with something of its own" if kind == "versions" else ""
            terminal.note(f"{len(others):,} {what}{owned}: {files}")


def tell_next(groups: "Sequence[DuplicateGroup]", under: Path | None) -> None:
    """What to type to move files to the trash, with ``under`` only those at or below it."""
    exact, edited = exact_and_edited(groups, under)
    below = [] if under is None else [os.path.join(os.curdir, under)]  # so that it is not taken for a command
    command = shlex.join(["imsearch", "duplicates", *below, "--trash"])
    if exact:
        terminal.note(f"`{command}` moves the {_copies(len(exact), 'exact')} to the trash, after a question")
    if edited:
        ask = "add --edited to be asked" if exact else f"`{command} --edited` asks"
        terminal.note(f"{ask} about the {_copies(len(edited), 'edited')}")


def tell_pairs(number: int, said: str) -> None:
    """How many pairs of pictures a decision was about."""
    terminal.note(f"{terminal.count(number, 'pair')} {said}")


def show_decisions(pairs: Iterable[tuple[str, str]]) -> None:
    """Show the pairs of pictures that were marked as different, a line each."""
    for pair in pairs:
        terminal.line("\t".join(map(printable, pair)))
