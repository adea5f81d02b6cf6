"""Loading Hugging Face image models: the only module that imports transformers."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from imsearch.errors import UnsupportedModelError, WeightsUnavailableError
from imsearch.images.convert import from_array
from imsearch.images.preprocess import prepare
from imsearch.models.families.transformers import cached_snapshot, weight_files
from imsearch.models.loaders.network import Parts, normalize, three
from imsearch.models.reference import Reference
from imsearch.types.preprocessing import Preprocessing

_INTERPOLATIONS: dict[int, str] = {
    0: "nearest",
    1: "lanczos",
    2: "bilinear",
    3: "bicubic",
    4: "box",
    5: "hamming",
}
"""The names of Pillow's filters by their numbers, which image processors store."""


def load(reference: Reference) -> Parts:
    """Load the image model in a folder, or in the downloaded snapshot of an id.

    Raises `WeightsUnavailableError` or `UnsupportedModelError`.
    """
    import transformers

    folder = Path(reference.source) if Path(reference.source).is_dir() else cached_snapshot(reference.source)
    if folder is None:
        raise WeightsUnavailableError(
            f"the weights of '{reference.source}' are not on this machine: name a local folder that holds the model, "
            f"or fetch them with `hf download {reference.source}`",
            model=reference.name,
        )
    if not weight_files(folder) or not (folder / "config.json").is_file():
        raise WeightsUnavailableError(
            f"{folder} holds no model: it needs config.json, preprocessor_config.json and model.safetensors, "
            "as save_pretrained writes them",
            model=reference.name,
        )
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        processor = transformers.AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            folder, local_files_only=True
        )
        network = transformers.AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    except Exception as exc:  # transformers and safetensors may raise any exception for broken or foreign files
        raise UnsupportedModelError(
            f"'{reference.name}' does not load as an image model: {exc}", model=reference.name
        ) from exc
    try:
        preprocessing = _processor_preprocessing(processor)
        _check_preprocessing(processor, preprocessing)
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise UnsupportedModelError(
            f"'{reference.name}' prepares pictures in a way that imsearch does not know "
            f"({type(processor).__name__}: {exc})",
            model=reference.name,
        ) from exc
    files = (folder / "config.json", folder / "preprocessor_config.json", *weight_files(folder))
    features = _FeatureNetwork(network, reference.output or _usual_output(network.config), reference.name)
    return Parts(features, preprocessing, tuple(path for path in files if path.is_file()), architecture=None)


class _FeatureNetwork(nn.Module):
    """A network that gives one vector per picture, from an output of a transformers image model.

    ``name`` is the model's name in errors.
    """

    def __init__(self, network: nn.Module, output: str, name: str) -> None:
        super().__init__()
        self.network = network if output == "projection" else getattr(network, "vision_model", network)
        self.output = output
        self.name = name
        if output == "projection" and not hasattr(network, "get_image_features"):
            raise UnsupportedModelError(f"a {type(network).__name__} has no output 'projection'", model=name)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        if self.output == "projection":
            features: Any = self.network.get_image_features(pixel_values=pixels)  # type: ignore[operator]
            pooled: torch.Tensor = features if isinstance(features, torch.Tensor) else features.pooler_output
            return pooled.flatten(1)
        outputs = self.network(pixel_values=pixels)
        if self.output == "pooler":
            if getattr(outputs, "pooler_output", None) is None:
                raise UnsupportedModelError("this model has no output 'pooler'", model=self.name)
            pooler: torch.Tensor = outputs.pooler_output
            return pooler.flatten(1)
        states: torch.Tensor = outputs.last_hidden_state
        if states.ndim == 4:  # a feature map (n, channels, height, width) has no tokens
            states = states.flatten(2).transpose(1, 2)
        elif self.output == "mean":
            states = states[:, _prefix_tokens(self.network.config) :]
        return states[:, 0] if self.output == "cls" else states.mean(dim=1)


_CLS_MODELS = frozenset({"vit", "deit", "dinov2", "dinov2_with_registers", "dinov3_vit", "vit_mae", "vit_msn"})


def _usual_output(config: Any) -> str:
    """The usual output of an architecture: the CLS token of plain ViTs, the projection of CLIP and SigLIP, and the
    pooled output of all others."""
    if hasattr(config, "vision_config"):
        return "projection"
    return "cls" if config.model_type in _CLS_MODELS else "pooler"


def _prefix_tokens(config: Any) -> int:
    """How many tokens come before those of the patches: CLS, DeiT's distillation token, registers."""
    registers = int(getattr(config, "num_register_tokens", 0) or 0)
    if config.model_type in ("swin", "swinv2", "siglip_vision_model"):
        return 0
    return 1 + registers + int(config.model_type == "deit")


def _processor_preprocessing(processor: Any) -> Preprocessing:
    """The preprocessing that an image processor of transformers does. Raises `ValueError` and the like where it does
    something that `Preprocessing` cannot describe."""
    resize, crop = _size(processor.size), None
    if getattr(processor, "crop_pct", None) and isinstance(resize, int):  # ConvNeXt's rule
        side = resize
        resize, crop = (int(side / processor.crop_pct), (side, side)) if side < 384 else ((side, side), None)
    elif getattr(processor, "do_center_crop", None):
        size = _size(processor.crop_size)
        crop = (size, size) if isinstance(size, int) else size
    if not getattr(processor, "do_resize", True):
        raise ValueError("it does not resize")
    scale = float(processor.rescale_factor) if processor.do_rescale else 1.0
    normalized = bool(processor.do_normalize)
    return Preprocessing(
        resize=resize,
        crop=crop,
        interpolation=_INTERPOLATIONS[int(processor.resample)],  # type: ignore[arg-type]
        mean=three(value / scale for value in (processor.image_mean if normalized else (0.0,) * 3)),
        std=three(value / scale for value in (processor.image_std if normalized else (1.0,) * 3)),
        corner="truncate",
    )


def _size(size: Any) -> int | tuple[int, int]:
    size = {"shortest_edge": size} if isinstance(size, int) else size
    if size.get("height") and size.get("width"):
        return int(size["height"]), int(size["width"])
    if size.get("shortest_edge") and not size.get("longest_edge"):
        return int(size["shortest_edge"])
    raise ValueError(f"its size is {size}")


def _check_preprocessing(processor: Any, preprocessing: Preprocessing) -> None:
    """Raise `ValueError` unless our preprocessing gives the processor's pixels, for pictures of both orientations.

    Small differences are allowed, as the two resize with different libraries, which may round levels differently.
    """
    for height, width in ((437, 611), (450, 800), (800, 533)):  # crops that leave even and odd numbers of pixels
        rows, columns = np.mgrid[:height, :width]
        waves = [127.5 + 127.5 * np.sin(rows / a + columns / b) for a, b in ((9, 14), (23, 7), (31, 40))]
        picture = np.stack(waves, axis=-1).astype(np.uint8)
        wanted = np.asarray(processor(images=picture, return_tensors="np")["pixel_values"][0])
        prepared = torch.from_numpy(prepare(from_array(picture), preprocessing)[None].copy())
        ours = normalize(prepared, preprocessing)[0].numpy()
        if wanted.shape != ours.shape:
            raise ValueError(f"it gives {wanted.shape}, not {ours.shape}")
        levels = np.abs(wanted - ours) * np.reshape(preprocessing.std, (3, 1, 1))
        if levels.max() > 3 or levels.mean() > 0.6:
            raise ValueError(f"it differs by {levels.mean():.1f} levels of 255")
