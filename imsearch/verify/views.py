"""The probe as it may have been before it was edited, for finding what it was made from."""

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
"""Shares of the sides that are cut from the middle: what is photographed or framed fills less than the probe."""

SOFT = 3
"""How many times smaller a probe is made before it is sharpened, so that what blur has left comes out."""


def views(probe: DecodedPicture, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """What the model is to see: the probe first, then its quarter turns, its middle, and it sharpened.

    uint8 of shape (7, height, width, 3). Mirror images need no view of their own: they are embedded alike.
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
