"""Reading the probes of one library, under its policy."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imsearch.images import thumbnails
from imsearch.search.pictures import StoredPictures
from imsearch.search.policy import ProbePolicy
from imsearch.search.probes import Fetched, PreparedProbe, Probe, name_of, read_probe
from imsearch.types.preprocessing import Preprocessing
from imsearch.types.probes import Clipboard, Crop, Indexed, Url

if TYPE_CHECKING:
    from imsearch.types.probes import ProbeLike


class ProbeReader:
    """Reads probes of any kind, also pictures of the library, under a policy. Safe to use from several threads.

    An isolating policy has them decoded in child processes. Methods raise `ProbeError` with the reason where a probe is
    unavailable, `ProbeRefusedError` where the policy does not allow it, and, for pictures of the library,
    `UnknownPictureError` and `OutOfReachError`.
    """

    def __init__(self, policy: ProbePolicy, pictures: StoredPictures) -> None:
        self.policy = policy
        self._pictures = pictures
        self._isolated = None
        if policy.isolated:
            from imsearch.search.isolated import IsolatedReader  # imported here, as other policies do not need it

            self._isolated = IsolatedReader()

    def close(self) -> None:
        """End the child processes, if there are any."""
        if self._isolated is not None:
            self._isolated.close()

    def read(self, source: "ProbeLike", crop: Crop | None) -> Probe:
        """A probe with all of its pixels."""
        allowed = self._allowed(source)
        return read_probe(allowed, crop) if self._isolated is None else self._isolated.read(allowed, crop)

    def prepare(self, source: "ProbeLike", crop: Crop | None, wanted: Sequence[Preprocessing]) -> Probe | PreparedProbe:
        """A probe that can be prepared by each preprocessing in ``wanted``; if that is empty, by any."""
        allowed = self._allowed(source)
        if self._isolated is None:
            return read_probe(allowed, crop, wanted[0] if wanted else None)
        return self._isolated.prepare(allowed, crop, wanted) if wanted else self._isolated.read(allowed, crop)

    def known(self, source: Indexed) -> PreparedProbe:
        """A picture of the library as a probe, without its pixels. Raises `UnknownPictureError`."""
        facts = self._pictures.facts(source.digest)
        path = os.fsencode(facts.files[0].path)
        return PreparedProbe(name_of(source), facts.width, facts.height, bytes.fromhex(facts.digest), path, {})

    def fetch(self, source: Url) -> bytes:
        """The bytes at a web address. Raises `ProbeError`, and `ProbeRefusedError` where the policy forbids it."""
        from imsearch.search.fetch import fetch  # imported here, as it takes 0.1 s

        self.policy.check_address(source.address)
        public_only = self.policy.addresses == "public"
        return fetch(source.address, public_only=public_only, most=self.policy.most_bytes)

    def preview(self, data: bytes, side: int) -> bytes:
        """A JPEG of an encoded picture, upright, that fits a square of ``side`` pixels. Raises `PictureError`."""
        return thumbnails.thumbnail_of(data, side) if self._isolated is None else self._isolated.thumbnail(data, side)

    def _allowed(self, source: "ProbeLike") -> "ProbeLike | Fetched":
        """The probe in a form that can be read: a web address as its bytes, a picture of the library as its path, any
        other as it is. Raises `ProbeRefusedError` where the policy does not allow it."""
        if isinstance(source, Indexed):
            return self._pictures.path(source.digest)
        if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
            source = Url(source)
        if isinstance(source, Url):
            return Fetched(source.address, self.fetch(source))
        if isinstance(source, (str, os.PathLike, Clipboard)):
            self.policy.check_local(name_of(source))
        return source
