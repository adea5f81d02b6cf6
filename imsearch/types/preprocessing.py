"""How pixels are prepared for a model."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture is resized, cropped and normalized before a model gets it.

    ``resize`` is the new length of the short side, or the new (height, width), in pixels; ``crop`` is the (height,
    width) of the centre crop that follows, or None. Where the margin around a crop is an odd number of pixels,
    ``corner`` says whether the half pixel is rounded to even (torchvision) or dropped (transformers). ``mean`` and
    ``std`` are per channel (red, green, blue), on the 0..255 scale.
    """

    resize: int | tuple[int, int]
    crop: tuple[int, int] | None
    interpolation: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    corner: Literal["round", "truncate"] = "round"

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of the model's input, in pixels."""
        if self.crop is not None:
            return self.crop
        if isinstance(self.resize, tuple):
            return self.resize
        raise ValueError("a short-side resize needs a crop to give one size")

    @property
    def squeezed(self) -> "Preprocessing":
        """Preprocessing that fits the whole picture into the model's input, even if that distorts its proportions."""
        return replace(self, resize=self.output_size, crop=None)
