"""Choosing the file of a group to keep, and the reason. No I/O: rules are applied in order until one file is left."""

import datetime
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from imsearch.catalog.rows import HeldFile
from imsearch.errors import UsageError
from imsearch.images.facts import NO_FACTS, PictureFacts
from imsearch.sources.paths import is_below

_LOSSLESS = ("tiff", "png", "pnm", "bmp")

_FORMAT_RANKS = (_LOSSLESS, ("heif",), ("jpeg", "jpeg2000"), ("avif", "webp"), ("gif",))
"""Formats, best first: lossless ones; HEIF, which cameras write and JPEGs are exported from; JPEG; formats that web
pages convert pictures to; and GIF, with its 256 colors."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be kept. ``facts`` are what it says about its picture; ``shown_by`` counts the pictures of the
    group that show all that it shows, or a larger field, and more; ``made_from`` counts those from which it was made by
    compressing them again; ``shows`` counts those of which it shows all; ``upright`` counts those in its orientation;
    ``alike`` is how many details it shares with all of them."""

    file: HeldFile
    facts: PictureFacts = NO_FACTS
    shown_by: int = 0
    made_from: int = 0
    shows: int = 0
    upright: int = 0
    alike: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for preferring files: files with the highest ``rank`` remain; ``words`` describes a file's rank."""

    name: str
    rank: Callable[[Candidate], Any]
    words: Callable[[Candidate], str]


def _of_file(name: str, rank: Callable[[HeldFile], Any], words: Callable[[HeldFile], str]) -> Rule:
    return Rule(name, lambda each: rank(each.file), lambda each: words(each.file))


def _from_camera(each: Candidate) -> int:
    """How much a file has of what a camera notes: derivatives lose it first."""
    facts = each.facts
    noted = (facts.camera is not None) + (facts.taken is not None)
    return noted if facts.edited_with is None else 0


def _camera_words(each: Candidate) -> str:
    facts = each.facts
    if facts.edited_with is not None:
        return f"edited with {facts.edited_with}"
    noted = [words for words, there in (("camera", facts.camera), ("date", facts.taken)) if there is not None]
    return f"{' and '.join(noted)} noted" if noted else "no camera or date noted"


def _frame_words(frames: int) -> str:
    return "one frame or page" if frames == 1 else f"{frames:,} frames or pages"


def _finished(each: Candidate) -> tuple[bool, int, int]:
    return each.facts.edited_with is not None, each.shown_by + each.made_from, -_from_camera(each)


def _finished_words(each: Candidate) -> str:
    if each.facts.edited_with is not None:
        return f"edited with {each.facts.edited_with}"
    return "made from another one" if each.shown_by or each.made_from else _camera_words(each)


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
        Rule("original", _from_camera, _camera_words),
        Rule("most-frames", lambda each: each.facts.frames, lambda each: _frame_words(each.facts.frames)),
        Rule(
            "unedited",
            lambda each: -each.shown_by,
            lambda each: "shows less than another one" if each.shown_by else "shows all",
        ),
        Rule(
            "earlier-generation",
            lambda each: -each.made_from,
            lambda each: "compressed again" if each.made_from else "compressed once less",
        ),
        Rule(
            "shows-most",
            lambda each: each.shows,
            lambda each: f"known to show all of {f'{each.shows:,}' if each.shows else 'no'} others",
        ),
        _of_file("largest", lambda file: file.width * file.height, lambda file: f"{file.width} x {file.height}"),
        _of_file("best-format", _format_rank, _format_words),
        Rule(
            "upright",
            lambda each: each.upright,
            lambda each: f"lies like {each.upright:,} others" if each.upright else "turned or mirrored",
        ),
        Rule("most-alike", lambda each: each.alike, lambda each: f"shares {each.alike:,} details with the others"),
        _of_file("most-bytes", lambda file: file.size, lambda file: f"{file.size:,} bytes"),
        _of_file("oldest", lambda file: -_since(file), _since_words),
    )
}
"""The rules that are applied, in their default order."""

EDITED = Rule("edited", _finished, _finished_words)
"""The rule that turns the first two round, for those who finish their pictures."""

NAMED = {**RULES, EDITED.name: EDITED}
"""The rules that can be named."""

_TIES = (
    _of_file("oldest file", lambda file: -_changed(file), _changed_words),
    _of_file("shortest path", lambda file: -_length(file), lambda file: f"{_length(file)} characters"),
    _of_file("first by name", lambda file: [-byte for byte in file.path], lambda file: os.fsdecode(file.path)),
)
"""The rules that are applied last. As no two paths are equal, one file is left in the end."""


def rules_named(names: Sequence[str], prefer: Sequence[bytes]) -> list[Rule]:
    """All rules in the order of their application: preferred folders, the rules in ``names``, then the other rules.

    Raises `UsageError` for a name that is no rule.
    """
    for name in names:
        if name not in NAMED:
            raise UsageError(
                f"there is no rule '{name}' for what to keep: name {', '.join(NAMED)}",
                argument="keep",
                value=name,
                choices=tuple(NAMED),
            )
    ordered = dict.fromkeys([*names, *RULES])
    return [*([_preferring(prefer)] if prefer else []), *(NAMED[name] for name in ordered), *_TIES]


def _preferring(folders: Sequence[bytes]) -> Rule:
    def place(file: HeldFile) -> int:
        return next((at for at, folder in enumerate(folders) if is_below(file.path, folder)), len(folders))

    def words(file: HeldFile) -> str:
        at = place(file)
        return f"below {os.fsdecode(folders[at])}" if at < len(folders) else "elsewhere"

    return _of_file("preferred", lambda file: -place(file), words)


def choose(candidates: Sequence[Candidate], rules: Sequence[Rule]) -> tuple[HeldFile, str]:
    """The file to keep, and the reason: the rules that decided, in words."""
    left = list(candidates)
    reasons = []
    for rule in rules:
        if len(left) == 1:
            break
        best = max(map(rule.rank, left))
        others = [each for each in left if rule.rank(each) != best]
        if not others:
            continue
        left = [each for each in left if rule.rank(each) == best]
        second = max(others, key=rule.rank)
        reasons.append(f"{rule.name.replace('-', ' ')}: {rule.words(left[0])} against {rule.words(second)}")
    return left[0].file, "; ".join(reasons)
