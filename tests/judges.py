"""A simple judge of copies, for what is not about judging."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from imsearch.duplicates.judge import PicturePair
from imsearch.verify.contents import Content


class Thumbnails:
    """Takes two pictures for copies if their grey thumbnails correlate; it keeps count of the pairs."""

    def __init__(self) -> None:
        self.asked = 0

    def copies(self, pairs: Iterable[PicturePair]) -> Iterator[bool]:
        for pair in pairs:
            self.asked += 1
            one, other = thumbnail(pair.first), thumbnail(pair.second)
            yield one is not None and other is not None and float(np.corrcoef(one, other)[0, 1]) > 0.95


def thumbnail(content: Content) -> np.ndarray | None:
    try:
        with Image.open(io.BytesIO(Path(content.path.decode(errors="surrogateescape")).read_bytes())) as picture:
            return np.asarray(picture.convert("L").resize((32, 32)), np.float64).ravel()
    except (OSError, UnidentifiedImageError):
        return None
