"""Contents of the library to be compared, and reading them from one of their files."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.errors import PictureError
from imsearch.images import decode
from imsearch.images.facts import PictureFacts, facts_of
from imsearch.sources.digests import digest_of

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class ReadContent:
    """A content that was read: an upright RGB ``image``, which may be a smaller rendering of the picture of ``width`` x
    ``height`` pixels, and what its file says about it."""

    image: "Image.Image"
    width: int
    height: int
    facts: PictureFacts


@dataclass(frozen=True, slots=True)
class Content:
    """A content: ``digest`` is the SHA-256 of its bytes, and ``path`` is that of a file that holds it."""

    digest: bytes
    path: bytes

    def read(self, side: int | None = None) -> ReadContent | None:
        """The picture and its facts; with ``side``, it may be a smaller rendering whose short side has at least that
        many pixels, if that is faster.

        It is None where the file cannot be read, is no picture, or has changed since it was indexed.
        """
        try:
            data = Path(os.fsdecode(self.path)).read_bytes()
            if digest_of(data) != self.digest:
                return None
            picture = decode.decode(data, side)
            return ReadContent(picture.image, picture.width, picture.height, facts_of(data))
        except (OSError, PictureError):
            return None
