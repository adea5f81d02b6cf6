"""Loading torchvision's classification models: the only module that imports torchvision."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from imsearch.errors import UnknownModelError, UnsupportedModelError, WeightsUnavailableError
from imsearch.models.families.torchvision import cache
from imsearch.models.loaders.network import Parts, three
from imsearch.models.reference import Reference
from imsearch.types.preprocessing import Preprocessing


def load(reference: Reference) -> Parts:
    """Load the network that ``reference.source`` names in torchvision, with its default weights or its checkpoint.

    Raises `UnknownModelError`, `WeightsUnavailableError` or `UnsupportedModelError`.
    """
    import torchvision

    name = reference.source
    names = torchvision.models.list_models(module=torchvision.models)
    if name not in names:
        raise UnknownModelError(
            f"there is no model '{name}': it is neither a classification model of torchvision, nor a Hugging Face id "
            "(owner/name), nor a local folder",
            model=reference.name,
            choices=names,
        )
    weights = torchvision.models.get_model_weights(name).DEFAULT
    path = reference.checkpoint or cache() / Path(weights.url).name
    if not path.is_file():
        raise WeightsUnavailableError(
            f"the weights of '{name}' are not on this machine: name a file that holds them ({name}@FILE), or fetch "
            f"them with python -c \"import torchvision; torchvision.models.get_model('{name}', weights='DEFAULT')\"",
            model=reference.name,
        )
    state = _read_state(path, reference.name)
    head = classifier(torchvision.models.get_model(name, **_settings(name)))
    try:
        classes = state[f"{head}.weight"].shape[0]
        network = torchvision.models.get_model(name, **_settings(name), num_classes=classes)
        network.load_state_dict(state)
    except (KeyError, RuntimeError) as exc:
        raise UnsupportedModelError(
            f"{path} does not hold the weights of a '{name}': {exc}", model=reference.name
        ) from exc
    if reference.output != "logits":
        network.set_submodule(head, nn.Identity())
    return Parts(network, _preprocessing(weights.transforms()), (path,), name)


def _settings(name: str) -> dict[str, Any]:
    """The arguments for building a network that fits its weights: those of two networks have auxiliary heads."""
    settings: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        settings |= {"transform_input": True, "aux_logits": True, "init_weights": False}
    return settings


def _read_state(path: Path, model: str) -> dict[str, torch.Tensor]:
    """A state dict, from a file of torchvision, of its reference training, or of DistributedDataParallel.

    Raises `WeightsUnavailableError` where the file holds none.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state: Any = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as exc:  # torch and safetensors may raise any exception for a broken file
        raise WeightsUnavailableError(
            f"{path} cannot be read as weights (save a state_dict with torch.save): {exc}", model=model
        ) from exc
    for key in ("model", "state_dict"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict):
        raise WeightsUnavailableError(f"{path} holds no state_dict", model=model)
    nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    return state


def classifier(network: nn.Module) -> str:
    """The name of the classifier: the last layer with one output per class of ImageNet, which is linear or, in
    SqueezeNet, a convolution."""
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


def _preprocessing(preset: Any) -> Preprocessing:
    return Preprocessing(
        resize=preset.resize_size[0],
        crop=(preset.crop_size[0], preset.crop_size[0]),
        interpolation=preset.interpolation.value,
        mean=three(255 * value for value in preset.mean),
        std=three(255 * value for value in preset.std),
    )
