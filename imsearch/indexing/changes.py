"""Comparing a listing of files with the catalog. No I/O: both are given, in the order of path bytes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from imsearch.catalog.rows import FileRow
from imsearch.images.unread import kind_named
from imsearch.sources.paths import SEPARATOR
from imsearch.sources.source import Found, LeftOut, Listed, Unreachable


@dataclass(frozen=True, slots=True)
class Changed:
    """A file to read: a new one, or one that has changed since its ``old`` row was written."""

    found: Found
    old: FileRow | None


@dataclass(slots=True)
class Changes:
    """The differences between a listing and the catalog.

    ``to_read`` holds new and changed files, ``gone`` the rows of files that no longer exist, and ``unreachable`` paths
    that could not be examined. ``unchanged`` counts files; ``kept`` counts rows that stay as they are out of reach;
    ``left_out`` counts folders that were not looked into, by the name that says so; ``unread`` counts unchanged files
    that are not read as pictures, by their kind of `unread.KINDS`.
    """

    to_read: list[Changed] = field(default_factory=list)
    gone: list[FileRow] = field(default_factory=list)
    unreachable: list[Unreachable] = field(default_factory=list)
    unchanged: int = 0
    kept: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)


def compare_listing(found: Iterable[Listed], known: Iterable[FileRow], *, retry_failed: bool, changes: Changes) -> None:
    """Add to ``changes`` what differs between a listing and the catalog, both in the order of path bytes."""
    rows = iter(known)
    row = next(rows, None)
    for item in found:
        while row is not None and row.path < item.path:
            changes.gone.append(row)
            row = next(rows, None)
        if isinstance(item, LeftOut):
            changes.left_out[item.why] += 1
            continue
        if isinstance(item, Unreachable):
            changes.unreachable.append(item)
            while row is not None and _covers(item, row.path):
                changes.kept += 1
                row = next(rows, None)
            continue
        old = row if row is not None and row.path == item.path else None
        if old is not None:
            row = next(rows, None)
        if old is not None and _unchanged(item, old, retry_failed):
            changes.unchanged += 1
            kind = kind_named(old.path) if old.state == "other" else None
            changes.unread.update([kind] if kind is not None else [])
        else:
            changes.to_read.append(Changed(item, old))
    while row is not None:
        changes.gone.append(row)
        row = next(rows, None)


def _covers(item: Unreachable, path: bytes) -> bool:
    return path.startswith(item.path) if item.path.endswith(SEPARATOR) else path == item.path


def _unchanged(item: Found, old: FileRow, retry_failed: bool) -> bool:
    if retry_failed and old.state == "unreadable":
        return False
    return old.complete and (item.stamp.size, item.stamp.mtime_ns) == (old.size, old.mtime_ns)
