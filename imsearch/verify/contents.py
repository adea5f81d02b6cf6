"""Reading a content of the library for comparison, from one of the files that hold it."""

import os
from dataclasses import dataclass
from pathlib import Path

from imsearch.errors import PictureError
from imsearch.images import decode
from imsearch.sources.digests import digest_of


@dataclass(frozen=True, slots=True)
class Content:
    """A content: ``digest`` is SHA-256 of its bytes, ``path`` that of a file that holds it."""

    digest: bytes
    path: bytes

    def decoded(self, side: int | None = None) -> decode.Picture | None:
        """The picture; with ``side``, a smaller rendering that has at least so many pixels, where that is faster.

        None where the file cannot be read, is no picture, or has changed since it was indexed.
        """
        try:
            data = Path(os.fsdecode(self.path)).read_bytes()
            if digest_of(data) != self.digest:
                return None
            return decode.decode(data, side)
        except (OSError, PictureError):
            return None
