"""Loaded networks, and what all loaders and engines do with pixels."""

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
    """What a family's loader gives: a network from float32 (n, 3, height, width) to (n, dimensions), what it asks of
    pictures, the files whose bytes decide what its vectors are, and the architecture, None where these files tell it.
    """

    network: nn.Module
    preprocessing: Preprocessing
    files: tuple[Path, ...]
    architecture: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network in evaluation mode that turns float32 (n, 3, height, width) into (n, dimensions), and its value.

    ``files`` are those whose bytes went into the fingerprint.
    """

    model: Model
    network: nn.Module
    files: tuple[Path, ...]


def normalize(pixels: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """uint8 (n, height, width, 3) to the float32 (n, 3, height, width) that a network takes, on the same device.

    It stays in the memory order of the pixels, which is what torch calls channels_last.
    """
    mean, std = (pixels.new_tensor(values, dtype=torch.float32) for values in (preprocessing.mean, preprocessing.std))
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)


def example(preprocessing: Preprocessing) -> torch.Tensor:
    """A batch of two blank pictures, to try or trace a network with: float32 (2, 3, height, width)."""
    return torch.zeros(2, 3, *preprocessing.output_size)


def kind_of(network: nn.Module) -> Literal["CNN", "ViT"]:
    """A network that attends is called a ViT, whatever its name."""
    attends = any("attention" in type(module).__name__.lower() for module in network.modules())
    return "ViT" if attends else "CNN"


def three(values: Iterable[float]) -> tuple[float, float, float]:
    """Values of the three channels. Raises `ValueError` if there are more or fewer."""
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def sha256_of(path: Path) -> str:
    """The digest of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
