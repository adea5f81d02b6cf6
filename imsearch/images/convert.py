"""Converting Pillow images of any mode, and arrays, to upright RGB images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imsearch.errors import ProbeError
from imsearch.images.capture import turn_of


def to_rgb(image: Image.Image) -> Image.Image:
    """The image in RGB; transparent parts become white. An image that is in RGB already is returned itself."""
    mode = mode_for(image)
    return flattened(image if image.mode == mode else image.convert(mode))


def mode_for(image: Image.Image) -> str:
    """The mode to convert an image to before it is `flattened`: RGB, or RGBA if it may have transparent parts. An
    image whose levels have more than 8 bits keeps its mode."""
    if _has_wide_levels(image):
        return image.mode
    return "RGBA" if image.has_transparency_data else "RGB"


def flattened(image: Image.Image, bits: int = 16) -> Image.Image:
    """An RGB image, on white, of an image that has the mode that `mode_for` gives; ``bits`` are those of each level, if
    they are more than 8."""
    if _has_wide_levels(image):
        return Image.fromarray(_eight_bits(np.asarray(image), 2**bits - 1), "L").convert("RGB")
    if image.mode == "RGB":
        return image
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(image, mask=image.getchannel("A"))
    return white


def _has_wide_levels(image: Image.Image) -> bool:
    return image.mode == "F" or image.mode.startswith("I")


def _eight_bits(values: NDArray[Any], most: int) -> NDArray[np.uint8]:
    """Levels as uint8. Those up to ``most`` lose their lower bits; 32-bit integers and floats, which have no fixed
    range, are stretched from their lowest and highest value to 0..255."""
    levels = np.nan_to_num(values.astype(np.float64))
    low, high = float(levels.min()), float(levels.max())
    if values.dtype.kind in "iu" and low >= 0 and high <= most:
        return (levels * (255 / most)).round().astype(np.uint8)
    return ((levels - low) * (255 / (high - low or 1))).round().astype(np.uint8)


def from_array(array: NDArray[Any]) -> Image.Image:
    """An RGB image from uint8 pixels of shape (height, width), (height, width, 3) or (height, width, 4).

    Raises `ProbeError` for any other array.
    """
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ProbeError(
            f"an array probe must be uint8 of shape (height, width[, 3 or 4]), not {array.dtype} of {array.shape}"
        )
    if 0 in array.shape:
        raise ProbeError("an array probe must have at least one pixel")
    return to_rgb(Image.fromarray(array))


def from_pillow(image: object) -> Image.Image | None:
    """An upright RGB copy of a Pillow image; None where ``image`` is something else."""
    if not isinstance(image, Image.Image):
        return None
    turn = turn_of(image)
    rgb = to_rgb(image)
    return rgb.transpose(turn) if turn is not None else rgb.copy()


def grey(image: Image.Image) -> NDArray[np.uint8]:
    """The luma of an RGB image: uint8 of shape (height, width)."""
    return np.asarray(image.convert("L"))
