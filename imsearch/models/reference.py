"""References to models by name, and what a family of models offers."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from imsearch.models.model import FamilyName

if TYPE_CHECKING:
    from imsearch.types.libraries import ModelInfo

ACTIVITY = "activity"
"""The output by which regions are chosen. It belongs to no family, so no name asks for it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A model's name taken apart.

    ``source`` is what the family knows the architecture by, or a folder; ``checkpoint`` a file with other weights than
    its own. ``output`` None means the one that is usual for the architecture.
    """

    name: str
    family: FamilyName
    source: str
    checkpoint: Path | None = None
    output: str | None = None

    def with_output(self, output: str) -> "Reference":
        """The same network with another output."""
        return replace(self, name=f"{self.name}:{output}", output=output)

    @property
    def base(self) -> str:
        """The name without the output."""
        return self.name if self.output is None else self.name.removesuffix(f":{self.output}")


class Family(Protocol):
    """Models that one library loads, told without importing it.

    To add a family, write one of these, add it to `imsearch.models.names`, and its loader to
    `imsearch.models.loaders.loading`.
    """

    @property
    def name(self) -> FamilyName:
        """What the family is called in references and models."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Outputs that can be asked for by name."""

    def reference(self, base: str) -> Reference | None:
        """What the name ``base``, which has no output, refers to; None if it is no name of this family.

        It may name a model that does not exist. Raises `UnknownModelError` for names of files that do not exist.
        """

    def listed(self) -> "list[ModelInfo]":
        """The models of this family that are listed; others may load by name."""
