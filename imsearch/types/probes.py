"""The kinds of probes, and crops of them."""

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imsearch.errors import ProbeError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Clipboard:
    """A probe: the picture that is on the clipboard when the probe is read."""


CLIPBOARD = Clipboard()


@dataclass(frozen=True, slots=True)
class Indexed:
    """A probe: a picture that the library has; ``digest`` is the SHA-256 of its content, in hex."""

    digest: str


@dataclass(frozen=True, slots=True)
class Url:
    """A probe: a picture on the web, at an http(s) ``address``."""

    address: str


if TYPE_CHECKING:
    ProbeLike = str | os.PathLike[str] | bytes | Url | Clipboard | Indexed | Image.Image | NDArray[np.uint8]
    """A path, a `Url`, encoded bytes, `CLIPBOARD`, an `Indexed` picture (which only its library can read), a Pillow
    image, or uint8 pixels (height, width[, 3 or 4]). A string that begins with http:// or https:// is a `Url`."""


@dataclass(frozen=True, slots=True)
class Length:
    """A length: ``value`` pixels or, with ``percent``, per cent of a side."""

    value: float
    percent: bool = False

    def pixels(self, side: int) -> float:
        """The length in pixels on a side of ``side`` pixels."""
        return self.value * side / 100 if self.percent else self.value


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle of the upright picture, from its top left corner."""

    x: Length
    y: Length
    width: Length
    height: Length

    @classmethod
    def parse(cls, text: str) -> "Crop":
        """Read ``X,Y,W,H``, each a number of pixels or, with a ``%``, a share of the picture's side.

        Raises `UsageError` for any other text.
        """
        try:
            lengths = [
                Length(float(part.strip().removesuffix("%")), part.strip().endswith("%")) for part in text.split(",")
            ]
            x, y, width, height = lengths
        except ValueError as exc:
            raise UsageError(
                f"a crop is X,Y,W,H in pixels or per cent (10%,10%,50%,50%), not '{text}'", argument="crop", value=text
            ) from exc
        if not all(math.isfinite(length.value) for length in lengths) or width.value <= 0 or height.value <= 0:
            raise UsageError(
                f"the width and height of a crop must be more than zero: '{text}'", argument="crop", value=text
            )
        return cls(x, y, width, height)

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in whole pixels, clipped to a picture of ``width`` by ``height`` pixels.

        Raises `ProbeError` where the rectangle lies outside the picture.
        """
        x, y = self.x.pixels(width), self.y.pixels(height)
        left, top = max(0, math.floor(x)), max(0, math.floor(y))
        right = min(width, math.ceil(x + self.width.pixels(width)))
        bottom = min(height, math.ceil(y + self.height.pixels(height)))
        if left >= right or top >= bottom:
            raise ProbeError(f"the crop lies outside the picture, which is {width} x {height} pixels")
        return left, top, right, bottom
