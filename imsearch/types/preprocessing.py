"""What a model asks of a picture before it sees it."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What a model asks of a picture before it sees it.

    ``resize`` is the new length of the short side, or the new (height, width); ``crop`` the (height, width)
    of the centre crop that follows, or None. Where a crop leaves an odd number of pixels, ``corner`` says whether
    half a pixel is rounded to even (torchvision) or dropped (transformers). ``mean`` and ``std`` are per channel, on
    the 0..255 scale.
    """

    resize: int | tuple[int, int]
    crop: tuple[int, int] | None
    interpolation: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    corner: Literal["round", "truncate"] = "round"

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of what the model sees."""
        if self.crop is not None:
            return self.crop
        if isinstance(self.resize, tuple):
            return self.resize
        raise ValueError("a short-side resize needs a crop to give one size")

    @property
    def squeezed(self) -> "Preprocessing":
        """The same for all of a picture instead of its centre, whatever that does to its proportions."""
        return replace(self, resize=self.output_size, crop=None)
