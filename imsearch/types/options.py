"""Options of calls, as values that are checked when they are made.

The methods of `imsearch.library.Library` take the fields of these values as keyword arguments; the ``...Keywords``
class beside each value describes those arguments to type checkers.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from imsearch.errors import UsageError
from imsearch.types.probes import Crop

PRECISIONS = ("f32", "bf16", "f16")

Path = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Tuning:
    """How indexing uses the machine; None chooses a value that fits the machine.

    ``precision`` is the arithmetic of the model: ``f32``, ``bf16`` or ``f16``; ``batch_size`` is the number of pictures
    that the model computes at once; ``threads`` is the number of its threads on a CPU, and of the processes that
    decode.

    Raises `UsageError` for values that make no sense.
    """

    precision: str | None = None
    batch_size: int | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.precision not in (None, *PRECISIONS):
            raise UsageError(
                f"a precision is f32, bf16 or f16, not '{self.precision}'",
                argument="precision",
                value=self.precision,
                choices=PRECISIONS,
            )
        for argument, value in (("batch_size", self.batch_size), ("threads", self.threads)):
            if value is not None and value < 1:
                name = {"batch_size": "batch size", "threads": "number of threads"}[argument]
                raise UsageError(f"the {name} must be at least 1, not {value}", argument=argument, value=value)


DEFAULT_TUNING = Tuning()


@dataclass(frozen=True, slots=True)
class Filters:
    """Which pictures may be hits; applied before ranking. A picture must pass all filters that are set.

    ``under`` is a file or folder that the file is at or below. Dates are prefixes of ISO 8601 (``2019``, ``2019-07``,
    ``2019-07-04T18:00``): ``taken_after`` 2019 means from the beginning of 2019 on, ``taken_before`` 2019 means before
    that. Either one leaves out pictures without a date. ``formats`` are names of formats, any of which will do;
    ``min_width`` and ``min_height`` are pixels of the upright picture.
    """

    under: str | None = None
    taken_after: str | None = None
    taken_before: str | None = None
    formats: tuple[str, ...] = ()
    min_width: int | None = None
    min_height: int | None = None


NO_FILTERS = Filters()


class IndexKeywords(TypedDict, total=False):
    """The fields of `IndexOptions` as keyword arguments."""

    exclude: Sequence[str]
    include_hidden: bool
    retry_failed: bool
    regions: bool
    precision: str | None
    batch_size: int | None
    threads: int | None


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How folders are indexed.

    ``exclude`` holds globs that are matched against names and against paths relative to the indexed folder; names that
    begin with a dot are skipped unless ``include_hidden``. Files that failed are tried again when they change, or
    with ``retry_failed``. With ``regions``, parts of each picture are embedded too, in this run and all later ones.

    ``precision`` (``f32``, ``bf16`` or ``f16``) is the arithmetic for a new library, which all later runs keep to; None
    chooses the fastest on this machine. ``batch_size`` is how many pictures the model computes at once; ``threads`` is
    the number of its threads on a CPU and of the processes that decode. None chooses what fits the machine.

    Raises `UsageError` for values that make no sense.
    """

    exclude: Sequence[str] = ()
    include_hidden: bool = False
    retry_failed: bool = False
    regions: bool = False
    precision: str | None = None
    batch_size: int | None = None
    threads: int | None = None
    tuning: Tuning = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tuning", Tuning(self.precision, self.batch_size, self.threads))


class QueryKeywords(TypedDict, total=False):
    """The fields of `QueryOptions` except ``k`` as keyword arguments; a crop may be written as text."""

    crop: str | Crop | None
    min_score: float
    filters: Filters | None
    verify: bool


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """Options of a query.

    A query gives at most ``k`` hits. ``crop`` asks with a part of the probe; hits that score below ``min_score`` are
    left out; ``filters`` are applied before ranking. With ``verify``, hits have a `Proof`, and proven copies come
    first.

    Raises `UsageError` for values that make no sense.
    """

    k: int = 10
    crop: Crop | None = None
    min_score: float = -1.0
    filters: Filters = NO_FILTERS
    verify: bool = False

    def __post_init__(self) -> None:
        if self.k < 1:
            raise UsageError(f"k must be at least 1, not {self.k}", argument="k", value=self.k)

    @classmethod
    def of(
        cls,
        k: int = 10,
        crop: str | Crop | None = None,
        min_score: float = -1.0,
        filters: Filters | None = None,
        verify: bool = False,
    ) -> "QueryOptions":
        """Options from keyword arguments, where a crop may be text: ``X,Y,W,H``, as `Crop.parse` reads it."""
        part = Crop.parse(crop) if isinstance(crop, str) else crop
        return cls(k, part, min_score, filters or NO_FILTERS, verify)


class DuplicateKeywords(TypedDict, total=False):
    """The fields of `DuplicateOptions` except ``under`` as keyword arguments."""

    series: bool
    keep: Sequence[str]
    prefer: Sequence[Path]
    protect: Sequence[Path]
    across_folders: bool
    within_folder: bool
    leave_greyscale: bool


@dataclass(frozen=True, slots=True)
class DuplicateOptions:
    """Which duplicates are looked for, and how the file to keep is chosen.

    With ``under``, only groups that have a file at or below this path are given, with all of their files. With
    ``series``, groups of near-identical pictures that are not copies are given too. ``keep`` names rules for choosing
    the file to keep, which are applied before the default ones; files below a folder of ``prefer`` are preferred to
    all others. Files below a folder of ``protect`` are marked as protected: they are never moved.

    With ``across_folders``, only groups whose files lie in more than one folder are given; with ``within_folder``, only
    files of one and the same folder are grouped. With ``leave_greyscale``, greyscale versions of color pictures are
    left out.

    Raises `UsageError` where both ``across_folders`` and ``within_folder`` are asked for.
    """

    under: Path | None = None
    series: bool = False
    keep: Sequence[str] = ()
    prefer: Sequence[Path] = ()
    protect: Sequence[Path] = ()
    across_folders: bool = False
    within_folder: bool = False
    leave_greyscale: bool = False

    def __post_init__(self) -> None:
        if self.across_folders and self.within_folder:
            raise UsageError(
                "files of a group cannot lie both across folders and within one",
                argument="within_folder",
                value=True,
            )
