"""Loaded networks, and functions that all loaders share."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from imsearch.models.model import Model
from imsearch.types.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class Parts:
    """The result of a family's loader.

    ``network`` maps float32 (n, 3, height, width) to (n, dimensions). ``files`` are all files whose bytes affect the
    vectors; ``architecture`` is the name of the architecture, None where one of these files names it.
    """

    network: nn.Module
    preprocessing: Preprocessing
    files: tuple[Path, ...]
    architecture: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model with its network, which is in evaluation mode and maps float32 (n, 3, height, width) to (n, dimensions).

    ``files`` are the files that the fingerprint covers.
    """

    model: Model
    network: nn.Module
    files: tuple[Path, ...]


def normalize(pixels: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """The input of a network, float32 (n, 3, height, width), for pixels, uint8 (n, height, width, 3), on their device.

    The memory order stays that of the pixels, which torch calls channels_last.
    """
    mean, std = (pixels.new_tensor(values, dtype=torch.float32) for values in (preprocessing.mean, preprocessing.std))
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)


def example(preprocessing: Preprocessing) -> torch.Tensor:
    """A batch of two blank pictures for trying or tracing a network: float32 (2, 3, height, width)."""
    return torch.zeros(2, 3, *preprocessing.output_size)


def kind_of(network: nn.Module) -> Literal["CNN", "ViT"]:
    """The kind of a network: ViT if it has attention layers, whatever its name, else CNN."""
    attends = any("attention" in type(module).__name__.lower() for module in network.modules())
    return "ViT" if attends else "CNN"


def three(values: Iterable[float]) -> tuple[float, float, float]:
    """The values of three channels as a tuple. Raises `ValueError` if there are more or fewer than three."""
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
