"""The activity of a network in each part of a picture, by which regions are chosen."""

import math
from typing import Any

import torch
from torch import nn

from imsearch.errors import UnsupportedModelError


class ActivityNetwork(nn.Module):
    """A network whose output is the activity of ``network``: the length of the vector in each cell of its last feature
    map, or of each of its last patch tokens.

    It takes the input of ``network`` and gives (n, cells), row by row. It raises `UnsupportedModelError`, with the
    model's ``name``, if the network has neither feature maps nor patch tokens.
    """

    def __init__(self, network: nn.Module, name: str) -> None:
        super().__init__()
        self.network = network
        self.name = name
        self._square = True
        self._lengths: torch.Tensor | None = None
        for module in network.modules():
            module.register_forward_hook(self._record)

    def _record(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if not isinstance(output, torch.Tensor):
            return
        if output.ndim == 4 and min(output.shape[2:]) > 1:  # (n, channels, height, width)
            self._lengths = output.flatten(2).norm(dim=1)
        elif output.ndim == 3 and output.shape[1] > 1:  # (n, tokens, channels), the last of a square of patches
            patches = math.isqrt(int(output.shape[1])) ** 2
            self._lengths = output[:, -patches:].norm(dim=2) if self._square else None

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """The activity (n, cells) for pictures (n, 3, height, width)."""
        self._square = bool(pixels.shape[2] == pixels.shape[3])
        self._lengths = None
        self.network(pixels)
        lengths, self._lengths = self._lengths, None
        if lengths is None:
            raise UnsupportedModelError(
                f"model '{self.name}' shows no map of where it is active, by which regions are chosen: index without "
                "regions, or with a convolutional model or a ViT of square patches (efficientnet-lite2, resnet18, "
                "facebook/dinov2-base)",
                model=self.name,
            )
        return lengths
