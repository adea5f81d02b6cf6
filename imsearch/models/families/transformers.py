"""Hugging Face image models, from a local folder or from the cache of what was downloaded."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.errors import UnknownModelError
from imsearch.models.families.listed import Listed
from imsearch.models.model import FamilyName
from imsearch.models.reference import Reference

if TYPE_CHECKING:
    from imsearch.types.libraries import ModelInfo

LISTED = {
    "google/vit-base-patch16-224-in21k": Listed("ViT", 768, 224, 86_389_248),
    "facebook/deit-base-distilled-patch16-224": Listed("ViT", 768, 224, 86_390_784),
    "facebook/dino-vitb16": Listed("ViT", 768, 224, 86_389_248),
    "facebook/dinov2-base": Listed("ViT", 768, 224, 86_580_480),
    "microsoft/beit-base-patch16-224-pt22k-ft22k": Listed("ViT", 768, 224, 85_761_984),
    "microsoft/swin-tiny-patch4-window7-224": Listed("ViT", 768, 224, 27_519_354),
    "facebook/convnext-tiny-224": Listed("CNN", 768, 224, 27_820_128),
    "microsoft/resnet-50": Listed("CNN", 2048, 224, 23_508_032),
    "openai/clip-vit-base-patch32": Listed("ViT", 512, 224, 87_849_216),
    "google/siglip-base-patch16-224": Listed("ViT", 768, 224, 92_884_224),
}


class Transformers:
    """The family of Hugging Face image models. Names are ids of the hub (``owner/name``) and paths of folders."""

    name: FamilyName = "transformers"
    outputs: tuple[str, ...] = ("cls", "mean", "pooler", "projection")
    """``cls`` is the first token, ``mean`` the mean of the patch tokens, ``pooler`` the network's own pooled output,
    and ``projection`` the projection into a space that pictures share with text."""

    def reference(self, base: str) -> Reference | None:
        """The reference for ``base``: a folder, or an id."""
        folder = Path(base).expanduser()
        if folder.is_dir():
            path = str(folder.resolve())
            return Reference(path, self.name, path)
        if base.startswith((".", "~")) or os.path.isabs(base):
            raise UnknownModelError(f"no such model folder: {base}", model=base)
        return Reference(base, self.name, base)

    def listed(self) -> "list[ModelInfo]":
        """Models that are often used."""
        return [
            listed.info(name, self.name, available=cached_snapshot(name) is not None) for name, listed in LISTED.items()
        ]


def cached_snapshot(model_id: str) -> Path | None:
    """The folder of a model in the Hugging Face cache; None if its weights are not there."""
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub")).expanduser()
    repository = cache / f"models--{model_id.replace('/', '--')}"
    try:
        revision = (repository / "refs" / "main").read_text().strip()
    except OSError:
        return None
    snapshot = repository / "snapshots" / revision
    return snapshot if (snapshot / "config.json").is_file() and weight_files(snapshot) else None


def weight_files(folder: Path) -> list[Path]:
    """The weights files in a Hugging Face model folder: safetensors if there are any, else PyTorch's own format."""
    return sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
