"""The script that one would write without imsearch: torchvision, timm and NumPy, nothing else. A peer to compare with.

    python plain.py index FOLDER OUT.npz
    python plain.py query OUT.npz PROBE

The network is imsearch's default one with random weights, for speed does not depend on them.
"""

import os
import sys
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

NETWORK = "tf_efficientnet_lite2"
BATCH = 32
K = 10

TRANSFORM = transforms.Compose(
    [
        transforms.Resize(292, transforms.InterpolationMode.BICUBIC),
        transforms.CenterCrop(260),
        transforms.ToTensor(),
        transforms.Normalize([0.498] * 3, [0.502] * 3),
    ]
)


class Pictures(Dataset[torch.Tensor]):
    """The pictures of some paths, ready for the network."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, at: int) -> torch.Tensor:
        with Image.open(self.paths[at]) as image:
            tensor: torch.Tensor = TRANSFORM(image.convert("RGB"))
        return tensor


def embed(paths: list[str], workers: int) -> np.ndarray:
    """Unit vectors of pictures, (n, dimensions)."""
    torch.manual_seed(0)
    network = timm.create_model(NETWORK, pretrained=False, num_classes=0).eval()
    with torch.inference_mode():
        rows = [network(batch).numpy() for batch in DataLoader(Pictures(paths), BATCH, num_workers=workers)]
    vectors = np.concatenate(rows)
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def main(action: str, first: str, second: str) -> None:
    """Index a folder into a file, or print the paths nearest to a probe."""
    if action == "index":
        paths = sorted(str(path) for path in Path(first).rglob("*.jpg"))
        np.savez(second, paths=paths, vectors=embed(paths, os.cpu_count() or 1))
        return
    saved = np.load(first)
    scores = saved["vectors"] @ embed([second], 0)[0]
    for at in np.argsort(-scores)[:K]:
        print(f"{scores[at]:.3f}  {saved['paths'][at]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
