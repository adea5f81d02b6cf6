"""Contents of the library to be compared, and reading them from one of their files."""

import os
from dataclasses import dataclass
from pathlib import Path

from imsearch.errors import PictureError
from imsearch.images import decode
from imsearch.sources.digests import digest_of


@dataclass(frozen=True, slots=True)
class Content:
    """A content: ``digest`` is the SHA-256 of its bytes, and ``path`` is that of a file that holds it."""

    digest: bytes
    path: bytes

    def decoded(self, side: int | None = None) -> decode.Picture | None:
        """The decoded picture; with ``side``, it may be a smaller rendering whose short side has at least that many
        pixels, if that is faster.

        It is None where the file cannot be read, is no picture, or has changed since it was indexed.
        """
        try:
            data = Path(os.fsdecode(self.path)).read_bytes()
            if digest_of(data) != self.digest:
                return None
            return decode.decode(data, side)
        except (OSError, PictureError):
            return None
