"""What a caller asks for: how the machine is used, which pictures may be hits."""

from dataclasses import dataclass

from imsearch.errors import UsageError


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the machine is used; None is what suits it.

    ``precision`` is the arithmetic of the model: ``f32``, ``bf16`` or ``f16``; ``batch_size`` the pictures that it
    computes at once; ``threads`` its threads on a CPU, and the processes that decode pictures.

    Raises `UsageError` for what makes no sense.
    """

    precision: str | None = None
    batch_size: int | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.precision not in (None, "f32", "bf16", "f16"):
            raise UsageError(f"a precision is f32, bf16 or f16, not '{self.precision}'")
        for name, value in (("batch size", self.batch_size), ("number of threads", self.threads)):
            if value is not None and value < 1:
                raise UsageError(f"the {name} must be at least 1, not {value}")


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
