"""Views of a probe as it may have been before it was edited, for finding the picture that it was made from."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.images import convert, preprocess
from imsearch.types.preprocessing import Preprocessing
from imsearch.verify import vision
from imsearch.verify.features import DecodedPicture

if TYPE_CHECKING:
    from PIL import Image

MIDDLES = (0.7, 0.5)
"""Shares of the sides of the probe's middle: a picture that was framed or photographed fills only a part of the
probe."""

SOFT = 3
"""How many times a probe is shrunk before it is sharpened, to bring out the details that blur has left."""


def views(probe: DecodedPicture, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Inputs of a model, uint8 (7, height, width, 3): the probe, its quarter turns, two middles, and it sharpened.

    Mirror images need no view of their own, as models embed them alike.
    """
    image = probe.image
    others = [image.rotate(degrees, expand=True) for degrees in (90, 180, 270)]
    others += [_middle(image, share) for share in MIDDLES]
    others.append(_sharpened(image))
    prepared = [preprocess.prepare(image, preprocessing, (probe.width, probe.height))]
    return np.stack(prepared + [preprocess.prepare(other, preprocessing) for other in others])


def _middle(image: "Image.Image", share: float) -> "Image.Image":
    width, height = image.size
    left, top = int(width * (1 - share) / 2), int(height * (1 - share) / 2)
    return image.crop((left, top, max(left + 1, width - left), max(top + 1, height - top)))


def _sharpened(image: "Image.Image") -> "Image.Image":
    small = np.asarray(image.resize((max(1, image.width // SOFT), max(1, image.height // SOFT))), np.float32)
    sharp = small + 2 * (small - vision.blur(small, 2.0))
    return convert.from_array(np.clip(np.round(sharp), 0, 255).astype(np.uint8))
