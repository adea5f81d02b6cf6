"""The decisions of the user that pictures are different, although they look like duplicates."""

import itertools
import os
from collections.abc import Sequence

from imsearch.backends.backend import Backend
from imsearch.errors import ProbeError, UsageError
from imsearch.sources.digests import digest_of_file
from imsearch.types.probes import Indexed

PictureLike = str | os.PathLike[str] | Indexed


class Decisions:
    """The pairs of pictures of one library that were said to be different. A decision holds for the contents of the
    files, wherever they are."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def add(self, pictures: Sequence[PictureLike]) -> int:
        """Remember that these pictures are all different. Returns how many pairs are new."""
        pairs = self._pairs(pictures)
        with self._backend.writing() as session:
            return session.writer().add_different(pairs)

    def remove(self, pictures: Sequence[PictureLike]) -> int:
        """Forget what `add` was told of any two of these pictures. Returns how many pairs there were."""
        pairs = self._pairs(pictures)
        with self._backend.writing() as session:
            return session.writer().forget_different(pairs)

    def all(self) -> list[tuple[str, str]]:
        """The pairs: for each picture a path, or its digest where the library has none."""
        pairs = self._backend.catalog().different_pairs()
        return [(self._name(first), self._name(second)) for first, second in pairs]

    def _name(self, digest: bytes) -> str:
        path = self._backend.catalog().path_of(digest)
        return f"sha256:{digest.hex()}" if path is None else os.fsdecode(path)

    def _pairs(self, pictures: Sequence[PictureLike]) -> list[tuple[bytes, bytes]]:
        """All pairs of these pictures, as digests, the lower of each pair first."""
        if len(pictures) < 2:
            raise UsageError("name two or more pictures", argument="pictures")
        names: dict[bytes, str] = {}
        for picture in pictures:
            name = picture.digest if isinstance(picture, Indexed) else os.fsdecode(picture)
            digest = self._digest(picture)
            if digest in names:
                raise UsageError(f"{names[digest]} and {name} hold the same bytes", argument="pictures")
            names[digest] = name
        return list(itertools.combinations(sorted(names), 2))

    def _digest(self, picture: PictureLike) -> bytes:
        if isinstance(picture, Indexed):
            return bytes.fromhex(picture.digest)
        known = self._backend.catalog().digest_at(os.path.abspath(os.fsencode(picture)))
        if known is not None:
            return known
        try:
            return digest_of_file(picture)
        except (OSError, ValueError) as exc:
            raise ProbeError.of_path(os.fsdecode(picture), exc) from exc
