"""Models as they stand in a family's list."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from imsearch.models.model import FamilyName

if TYPE_CHECKING:
    from imsearch.types.libraries import ModelInfo


@dataclass(frozen=True, slots=True)
class Listed:
    """What is known of a model beforehand. ``side`` is that of its square input, ``parameters`` are those of the
    network up to the output, ``weights`` is the file name of its default weights where it is not told by its name."""

    kind: Literal["CNN", "ViT"]
    dimensions: int
    side: int
    parameters: int
    weights: str = ""

    def info(self, name: str, family: FamilyName, *, available: bool) -> "ModelInfo":
        """The same for whoever asks for the list."""
        from imsearch.types.libraries import ModelInfo  # queries do without

        return ModelInfo(
            name=name,
            kind=self.kind,
            library=family,
            dimensions=self.dimensions,
            input_size=(self.side, self.side),
            parameters=self.parameters,
            available=available,
        )
