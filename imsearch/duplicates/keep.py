"""Which file of a group to keep, and why. Pure: rules are applied in turn until one file is left."""

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
"""Best first: lossless formats; what cameras write, of which JPEGs are exported; what cameras and web share; what web
pages convert to; and 256 colors."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to prefer files: those with the highest ``rank`` are left; ``words`` describe a file by it."""

    name: str
    rank: Callable[[HeldFile], Any]
    words: Callable[[HeldFile], str]


def _format_rank(file: HeldFile) -> int:
    return -next((at for at, formats in enumerate(_FORMAT_RANKS) if file.format in formats), len(_FORMAT_RANKS))


def _format_words(file: HeldFile) -> str:
    return f"{file.format} (lossless)" if file.format in _LOSSLESS else file.format


def _since(file: HeldFile) -> int:
    """When the picture was taken, else when its file was changed, in seconds."""
    if file.taken is None:
        return _changed(file)
    try:
        return int(datetime.datetime.fromisoformat(file.taken).timestamp())
    except (ValueError, OverflowError, OSError):  # a camera that believes in year 1
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
"""The rules that can be chosen, in the order in which they are applied where none is."""

_TIES = (
    Rule("oldest file", lambda file: -_changed(file), _changed_words),
    Rule("shortest path", lambda file: -_length(file), lambda file: f"{_length(file)} characters"),
    Rule("first by name", lambda file: [-byte for byte in file.path], lambda file: os.fsdecode(file.path)),
)
"""They come last; no two paths are equal, so one file is left in the end."""


def rules_named(names: Sequence[str], prefer: Sequence[bytes]) -> list[Rule]:
    """Preferred folders first, then the rules named, then the others in their usual order.

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
    """The file to keep, and why: the rules that decided, in words."""
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
