"""Models as values, and the protocol of the engines that run them."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import ModelError
from imsearch.types.preprocessing import Preprocessing

FamilyName = Literal["package", "torchvision", "transformers"]
"""The family that loads a model: see `imsearch.models.reference.Family`."""

CPU_BATCH = 4
"""Pictures in a batch on a CPU: larger batches are no faster, and do not fit its caches."""


@dataclass(frozen=True, slots=True)
class Model:
    """Facts about a model, which turns pixels into vectors of ``dimensions`` numbers.

    The ``fingerprint`` covers weights, architecture, output and preprocessing: models with the same fingerprint give
    the same vectors. ``parameters`` counts those of the network up to the output.
    """

    name: str
    fingerprint: str
    kind: Literal["CNN", "ViT"]
    family: FamilyName
    dimensions: int
    parameters: int
    preprocessing: Preprocessing


class Embedder(Protocol):
    """An engine that runs one model."""

    @property
    def model(self) -> Model:
        """The model that the engine runs."""

    @property
    def precision(self) -> str:
        """The arithmetic of the engine: ``f32``, ``bf16`` or ``f16``."""

    @property
    def batch_size(self) -> int:
        """How many pictures the engine computes at once, in all its threads."""

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed prepared pictures, uint8 (n, height, width, 3), as unit-length vectors, float32 (n, dimensions)."""


def unit_length(vectors: NDArray[np.float32], model: Model) -> NDArray[np.float32]:
    """Vectors (n, dimensions) scaled to length one. Raises `ModelError` for zeros, infinity or NaN."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise ModelError(
            f"model '{model.name}' gave a vector of zeros or of no numbers; its weights may be damaged",
            model=model.name,
        )
    unit: NDArray[np.float32] = (vectors / lengths).astype(np.float32)
    return unit
