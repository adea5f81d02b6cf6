"""torchvision's classification models, with their own default weights or with a checkpoint of one's own."""

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
    "resnet18": Listed("CNN", 512, 224, 11_176_512, "resnet18-f37072fd.pth"),
    "resnet18:logits": Listed("CNN", 1000, 224, 11_689_512, "resnet18-f37072fd.pth"),
    "resnet50": Listed("CNN", 2048, 224, 23_508_032, "resnet50-11ad3fa6.pth"),
    "mobilenet_v3_large": Listed("CNN", 1280, 224, 4_202_032, "mobilenet_v3_large-5c1a4163.pth"),
    "efficientnet_b0": Listed("CNN", 1280, 224, 4_007_548, "efficientnet_b0_rwightman-7f5810bc.pth"),
    "efficientnet_v2_s": Listed("CNN", 1280, 384, 20_177_488, "efficientnet_v2_s-dd5fe13b.pth"),
    "convnext_tiny": Listed("CNN", 768, 224, 27_820_128, "convnext_tiny-983f1562.pth"),
    "regnet_y_3_2gf": Listed("CNN", 1512, 224, 17_923_338, "regnet_y_3_2gf-9180c971.pth"),
    "swin_t": Listed("ViT", 768, 224, 27_519_354, "swin_t-704ceda3.pth"),
    "vit_b_16": Listed("ViT", 768, 224, 85_798_656, "vit_b_16-c867db91.pth"),
}


class Torchvision:
    """The family of torchvision's classification models. Any word that is not a folder counts as such a name."""

    name: FamilyName = "torchvision"
    outputs: tuple[str, ...] = ("pooled", "logits")
    """``pooled`` is the input of the classifier, ``logits`` its output."""

    def reference(self, base: str) -> Reference | None:
        """The reference for ``base``: ``architecture``, or ``architecture@checkpoint``; None if it is no such name."""
        path = Path(base).expanduser()
        if path.is_dir():
            return None
        if path.is_file():
            raise UnknownModelError(
                f"{base} is a file of weights: name its architecture too (resnet18@{base}), "
                "or name the folder that save_pretrained wrote",
                model=base,
            )
        architecture, at, file = base.partition("@")
        if not at:
            is_word = "/" not in base and not base.startswith((".", "~")) and not os.path.isabs(base)
            return Reference(base, self.name, base) if is_word else None
        checkpoint = Path(file).expanduser().resolve()
        if not checkpoint.is_file():
            raise UnknownModelError(f"no such checkpoint: {file}", model=base)
        return Reference(f"{architecture}@{checkpoint}", self.name, architecture, checkpoint)

    def listed(self) -> "list[ModelInfo]":
        """Models that are often used. One is listed with its logits too, to show how outputs are named."""
        return [
            listed.info(name, self.name, available=(cache() / listed.weights).is_file())
            for name, listed in LISTED.items()
        ]


def cache() -> Path:
    """The folder in which torch.hub keeps the weights that torchvision downloads."""
    user_cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or os.path.join(user_cache, "torch")
    return Path(home).expanduser() / "hub" / "checkpoints"
