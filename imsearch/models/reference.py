"""References to models by name, and the protocol of families of models."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from imsearch.models.model import FamilyName

if TYPE_CHECKING:
    from imsearch.types.libraries import ModelInfo

ACTIVITY = "activity"
"""The output by which regions are chosen. It is no output of a family, so a model's name cannot ask for it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed name of a model.

    ``source`` is the architecture's name in its family, or a folder; ``checkpoint`` is a file with weights to use
    instead of the default ones; ``output`` is None for the usual output of the architecture.
    """

    name: str
    family: FamilyName
    source: str
    checkpoint: Path | None = None
    output: str | None = None

    def with_output(self, output: str) -> "Reference":
        """The reference to the same network with another output."""
        return replace(self, name=f"{self.name}:{output}", output=output)

    @property
    def base(self) -> str:
        """The name without the output."""
        return self.name if self.output is None else self.name.removesuffix(f":{self.output}")


class Family(Protocol):
    """A family: the names of the models that one package loads. It is used without importing that package.

    To add a family, implement this, add it to `imsearch.models.names`, and its loader to
    `imsearch.models.loaders.loading`.
    """

    @property
    def name(self) -> FamilyName:
        """The name of the family in references and models."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of outputs that a model's name may ask for."""

    def reference(self, base: str) -> Reference | None:
        """The reference for the name ``base``, which has no output; None if it is no name of this family.

        The model need not exist. Raises `UnknownModelError` for a file or folder that does not exist.
        """

    def listed(self) -> "list[ModelInfo]":
        """The models of this family for the list of known models; others may load by name."""
