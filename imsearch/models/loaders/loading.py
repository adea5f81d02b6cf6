"""Loading the network that a reference names, whatever its family."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict

import torch

from imsearch.errors import UnsupportedModelError
from imsearch.models.loaders import packaged, torchvision, transformers
from imsearch.models.loaders.activity import ActivityNetwork
from imsearch.models.loaders.network import Loaded, Parts, example, kind_of, sha256_of
from imsearch.models.model import FamilyName, Model
from imsearch.models.names import family_of
from imsearch.models.reference import ACTIVITY, Reference

RECIPE = 1
"""A part of every fingerprint. Raise it when a change of the loading code changes the vectors of a model."""

LOADERS: dict[FamilyName, Callable[[Reference], Parts]] = {
    "package": packaged.load,
    "torchvision": torchvision.load,
    "transformers": transformers.load,
}
"""What builds a network of each family and fills in its weights. Each imports its library when it is called, and raises
`UnknownModelError`, `WeightsUnavailableError` or `UnsupportedModelError`."""


def load(reference: Reference) -> Loaded:
    """Build the network that ``reference`` names and fill in its weights.

    Raises `UnknownModelError`, `WeightsUnavailableError` or `UnsupportedModelError`.
    """
    parts = LOADERS[reference.family](reference)
    network = parts.network
    kind = kind_of(network)
    if reference.output == ACTIVITY:
        network = ActivityNetwork(network, reference.base)
    network.eval().requires_grad_(False)
    with torch.inference_mode():
        features = network(example(parts.preprocessing))
    if features.ndim != 2 or features.shape[0] != 2:
        raise UnsupportedModelError(
            f"model '{reference.name}' gives {tuple(features.shape)} for two pictures instead of two vectors; "
            f"try another output ({', '.join(family_of(reference).outputs)})",
            model=reference.name,
        )
    model = Model(
        name=reference.name,
        fingerprint=_fingerprint(reference, parts),
        kind=kind,
        family=reference.family,
        dimensions=features.shape[1],
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        preprocessing=parts.preprocessing,
    )
    return Loaded(model, network, parts.files)


def _fingerprint(reference: Reference, parts: Parts) -> str:
    facts = {
        "recipe": RECIPE,
        "library": reference.family,
        "architecture": parts.architecture,
        "output": reference.output,
        "preprocessing": asdict(parts.preprocessing),
        "files": [sha256_of(path) for path in parts.files],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
