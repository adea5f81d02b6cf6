"""The model as a value, and what every engine that runs one offers."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import ModelError
from imsearch.types.preprocessing import Preprocessing

FamilyName = Literal["package", "torchvision", "transformers"]
"""What loads a model: see `imsearch.models.reference.Family`."""

CPU_BATCH = 4
"""Pictures that a CPU computes at once: more of them gain nothing and leave the caches."""


@dataclass(frozen=True, slots=True)
class Model:
    """What turns pixels into a vector. The fingerprint covers weights, architecture, output and preprocessing."""

    name: str
    fingerprint: str
    kind: Literal["CNN", "ViT"]
    family: FamilyName
    dimensions: int
    parameters: int
    preprocessing: Preprocessing


class Embedder(Protocol):
    """Runs one model."""

    @property
    def model(self) -> Model:
        """The model that it runs."""

    @property
    def precision(self) -> str:
        """The arithmetic that it runs in: ``f32``, ``bf16`` or ``f16``."""

    @property
    def batch_size(self) -> int:
        """How many pictures it computes at once, in all its threads."""

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Prepared pictures (n, height, width, 3) to unit-length vectors (n, dimensions)."""


def unit_length(vectors: NDArray[np.float32], model: Model) -> NDArray[np.float32]:
    """Scale rows to length one. Raises `ModelError` for rows that have no direction."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise ModelError(
            f"model '{model.name}' gave a vector of zeros or of no numbers; its weights may be damaged",
            model=model.name,
        )
    unit: NDArray[np.float32] = (vectors / lengths).astype(np.float32)
    return unit
