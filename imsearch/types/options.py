"""What a caller asks for, as values: one for each kind of call, checked when it is made.

The methods of `imsearch.library.Library` take the same names as keyword arguments; the ``...Keywords`` beside each
value are for type checkers.
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
    """How the machine is used; None is what suits it.

    ``precision`` is the arithmetic of the model: ``f32``, ``bf16`` or ``f16``; ``batch_size`` is the number of pictures
    that it computes at once; ``threads`` is the number of its threads on a CPU, and of the processes that decode.

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
    """Which pictures may be hits at all; applied before ranking.

    Dates are prefixes of ISO 8601 (``2019``, ``2019-07``, ``2019-07-04T18:00``); ``taken_after`` includes its own
    beginning, ``taken_before`` excludes it; either leaves out pictures that do not say when they were taken.
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

    ``exclude`` holds globs that are matched against names and against paths relative to their folder; names that
    begin with a dot are left out unless ``include_hidden``. Files that failed are tried again when they change, or
    with ``retry_failed``. With ``regions`` parts of each picture are embedded too, and the library goes on doing so.

    ``precision`` (``f32``, ``bf16`` or ``f16``) is that of a new library, whose vectors keep to it; None is the fastest
    that the machine has. ``batch_size`` is how many pictures the model computes at once; ``threads`` is how many
    threads it has on a CPU, and how many processes decode; None is what suits the machine.

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
    """The fields of `QueryOptions` but ``k`` as keyword arguments; a crop may be written as text."""

    crop: str | Crop | None
    min_score: float
    filters: Filters | None
    verify: bool


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What a query asks for besides its probe.

    ``k`` hits at most; ``crop`` asks with a part of the probe; hits below ``min_score`` are left out; ``filters`` are
    applied before ranking; with ``verify`` hits have a `Proof`, and those that are proven stand first.

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
        """The same from keyword arguments, where a crop may be written ``X,Y,W,H``."""
        part = Crop.parse(crop) if isinstance(crop, str) else crop
        return cls(k, part, min_score, filters or NO_FILTERS, verify)


class DuplicateKeywords(TypedDict, total=False):
    """The fields of `DuplicateOptions` but ``under`` as keyword arguments."""

    series: bool
    keep: Sequence[str]
    prefer: Sequence[Path]


@dataclass(frozen=True, slots=True)
class DuplicateOptions:
    """Which duplicates are looked for, and which file of a group is to be kept.

    ``under`` a path: only groups that have a file at or below it, whole. ``series`` also gives groups of pictures that
    are near-alike and no copies. ``keep`` names rules that are applied before the others; files below the folders
    ``prefer`` are kept before all others.
    """

    under: Path | None = None
    series: bool = False
    keep: Sequence[str] = ()
    prefer: Sequence[Path] = ()
