"""Names of models, and the list of known models. No library of a family is imported for them.

A model's name is one of

- ``efficientnet-lite2``, the default, whose weights come with the install;
- a torchvision classification model (``resnet18``, ``convnext_tiny``), with its own default weights, or with a
  checkpoint of one's own: ``resnet18@finetuned.pth``;
- a Hugging Face image model: an id (``google/vit-base-patch16-224-in21k``) or a local folder;

followed, where another output than the usual one is wanted, by ``:`` and its name (``resnet18:logits``).
"""

from typing import TYPE_CHECKING

from imsearch.errors import UnknownModelError
from imsearch.models.families import packaged
from imsearch.models.families.packaged import Packaged
from imsearch.models.families.torchvision import Torchvision
from imsearch.models.families.transformers import Transformers
from imsearch.models.reference import ACTIVITY, Family, Reference

if TYPE_CHECKING:
    from imsearch.types.libraries import ModelInfo

DEFAULT_MODEL = packaged.NAME

FAMILIES: tuple[Family, ...] = (Packaged(), Torchvision(), Transformers())
"""All families, in the order in which they are asked whether a name is theirs; the last one accepts any name."""


def parse(name: str) -> Reference:
    """Parse a model's name, without checking whether there is such a model. Raises `UnknownModelError`."""
    base, colon, output = name.rpartition(":")
    if not colon or not any(output in family.outputs for family in FAMILIES):
        return _parse_base(name)
    reference = _parse_base(base)
    choices = family_of(reference).outputs
    if output not in choices:
        listed = " or ".join(f"'{choice}'" for choice in choices) or "none"
        raise UnknownModelError(
            f"model '{base}' has no output '{output}' (to choose from: {listed})", model=name, choices=choices
        )
    return reference.with_output(output)


def _parse_base(base: str) -> Reference:
    for family in FAMILIES:
        reference = family.reference(base)
        if reference is not None:
            return reference
    raise UnknownModelError(f"there is no model '{base}'", model=base)


def family_of(reference: Reference) -> Family:
    """The family that loads the model of a reference."""
    return next(family for family in FAMILIES if family.name == reference.family)


def activity_of(reference: Reference) -> Reference:
    """The reference with the output ``activity``: how active the network is in each cell of its last map."""
    return reference.with_output(ACTIVITY)


def known_models() -> "list[ModelInfo]":
    """The list of known models; many more load by name. Dimensions are those of the output that the name names."""
    return [info for family in FAMILIES for info in family.listed()]
