"""Choosing the file of a group to keep, and the reason. No I/O: rules are applied in order until one file is left."""

import datetime
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from imsearch.catalog.rows import HeldFile
from imsearch.errors import UsageError
from imsearch.sources.paths import is_below

_LOSSLESS = ("tiff", "png", "pnm", "bmp")

_FORMAT_RANKS = (_LOSSLESS, ("heif",), ("jpeg", "jpeg2000"), ("avif", "webp"), ("gif",))
"""Formats, best first: lossless ones; HEIF, which cameras write and JPEGs are exported from; JPEG; formats that web
pages convert pictures to; and GIF, with its 256 colors."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for preferring files: files with the highest ``rank`` remain; ``words`` describes a file's rank."""

    name: str
    rank: Callable[[HeldFile], Any]
    words: Callable[[HeldFile], str]


def _format_rank(file: HeldFile) -> int:
    return -next((at for at, formats in enumerate(_FORMAT_RANKS) if file.format in formats), len(_FORMAT_RANKS))


def _format_words(file: HeldFile) -> str:
    return f"{file.format} (lossless)" if file.format in _LOSSLESS else file.format


def _since(file: HeldFile) -> int:
    """When the picture was taken or, if that is not known, when its file was modified, in seconds since 1970."""
    if file.taken is None:
        return _changed(file)
    try:
        return int(datetime.datetime.fromisoformat(file.taken).timestamp())
    except (ValueError, OverflowError, OSError):  # a date that cannot be a timestamp, such as the year 1
        return 0


def _since_words(file: HeldFile) -> str:
    return _changed_words(file) if file.taken is None else f"taken {file.taken.replace('T', ' ')}"


def _changed(file: HeldFile) -> int:
    return file.mtime_ns // 10**9


def _changed_words(file: HeldFile) -> str:
    return f"changed {datetime.datetime.fromtimestamp(_changed(file)):%Y-%m-%d %H:%M:%S}"


def _length(file: HeldFile) -> int:
    return len(os.fsdecode(file.path))


RULES = {
    rule.name: rule
    for rule in (
        Rule("largest", lambda file: file.width * file.height, lambda file: f"{file.width} x {file.height}"),
        Rule("best-format", _format_rank, _format_words),
        Rule("most-bytes", lambda file: file.size, lambda file: f"{file.size:,} bytes"),
        Rule("oldest", lambda file: -_since(file), _since_words),
    )
}
"""The rules that can be named, in their default order."""

_TIES = (
    Rule("oldest file", lambda file: -_changed(file), _changed_words),
    Rule("shortest path", lambda file: -_length(file), lambda file: f"{_length(file)} characters"),
    Rule("first by name", lambda file: [-byte for byte in file.path], lambda file: os.fsdecode(file.path)),
)
"""The rules that are applied last. As no two paths are equal, one file is left in the end."""


def rules_named(names: Sequence[str], prefer: Sequence[bytes]) -> list[Rule]:
    """All rules in the order of their application: preferred folders, the rules in ``names``, then the other rules.

    Raises `UsageError` for a name that is no rule.
    """
    for name in names:
        if name not in RULES:
            raise UsageError(
                f"there is no rule '{name}' for what to keep: name {', '.join(RULES)}",
                argument="keep",
                value=name,
                choices=tuple(RULES),
            )
    ordered = dict.fromkeys([*names, *RULES])
    return [*([_preferring(prefer)] if prefer else []), *(RULES[name] for name in ordered), *_TIES]


def _preferring(folders: Sequence[bytes]) -> Rule:
    def place(file: HeldFile) -> int:
        return next((at for at, folder in enumerate(folders) if is_below(file.path, folder)), len(folders))

    def words(file: HeldFile) -> str:
        at = place(file)
        return f"below {os.fsdecode(folders[at])}" if at < len(folders) else "elsewhere"

    return Rule("preferred", lambda file: -place(file), words)


def choose(files: Sequence[HeldFile], rules: Sequence[Rule]) -> tuple[HeldFile, str]:
    """The file to keep, and the reason: the rules that decided, in words."""
    left = list(files)
    reasons = []
    for rule in rules:
        if len(left) == 1:
            break
        best = max(map(rule.rank, left))
        others = [file for file in left if rule.rank(file) != best]
        if not others:
            continue
        left = [file for file in left if rule.rank(file) == best]
        second = max(others, key=rule.rank)
        reasons.append(f"{rule.name.replace('-', ' ')}: {rule.words(left[0])} against {rule.words(second)}")
    return left[0], "; ".join(reasons)
