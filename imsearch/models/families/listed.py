"""The entries in the lists of known models."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from imsearch.models.model import FamilyName

if TYPE_CHECKING:
    from imsearch.types.libraries import ModelInfo


@dataclass(frozen=True, slots=True)
class Listed:
    """Facts about a model that are known before it is loaded.

    ``side`` is the side of its square input, in pixels; ``parameters`` counts those of the network up to the output;
    ``weights`` is the file name of its default weights, empty where they are found by the model's name.
    """

    kind: Literal["CNN", "ViT"]
    dimensions: int
    side: int
    parameters: int
    weights: str = ""

    def info(self, name: str, family: FamilyName, *, available: bool) -> "ModelInfo":
        """The facts as an entry of the list of models."""
        from imsearch.types.libraries import ModelInfo  # imported here, as queries do not need it

        return ModelInfo(
            name=name,
            kind=self.kind,
            library=family,
            dimensions=self.dimensions,
            input_size=(self.side, self.side),
            parameters=self.parameters,
            available=available,
        )
