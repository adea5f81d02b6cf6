"""Reading probes as the policy of a library allows."""

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
    """Reads probes of any kind, pictures of the library among them, in this process or in isolated ones. Safe to use
    from several threads."""

    def __init__(self, policy: ProbePolicy, pictures: StoredPictures) -> None:
        self.policy = policy
        self._pictures = pictures
        self._isolated = None
        if policy.isolated:
            from imsearch.search.isolated import IsolatedReader  # which other libraries do without

            self._isolated = IsolatedReader()

    def close(self) -> None:
        """End the processes, if any."""
        if self._isolated is not None:
            self._isolated.close()

    def read(self, source: "ProbeLike", crop: Crop | None) -> Probe:
        """A probe with all of its pixels. Raises `ProbeError` with the reason where it is unavailable."""
        allowed = self._allowed(source)
        return read_probe(allowed, crop) if self._isolated is None else self._isolated.read(allowed, crop)

    def prepare(self, source: "ProbeLike", crop: Crop | None, wanted: Sequence[Preprocessing]) -> Probe | PreparedProbe:
        """A probe of which a model can be shown what is ``wanted``, or anything where nothing is named."""
        allowed = self._allowed(source)
        if self._isolated is None:
            return read_probe(allowed, crop, wanted[0] if wanted else None)
        return self._isolated.prepare(allowed, crop, wanted) if wanted else self._isolated.read(allowed, crop)

    def known(self, source: Indexed) -> PreparedProbe:
        """A picture of the library without its pixels. Raises `UnknownPictureError`."""
        facts = self._pictures.facts(source.digest)
        path = os.fsencode(facts.files[0].path)
        return PreparedProbe(name_of(source), facts.width, facts.height, bytes.fromhex(facts.digest), path, {})

    def fetch(self, source: Url) -> bytes:
        """What is behind a web address. Raises `ProbeError`, and `ProbeRefusedError` where the policy forbids it."""
        from imsearch.search.fetch import fetch  # 0.1 s that only web addresses pay

        self.policy.check_address(source.address)
        public_only = self.policy.addresses == "public"
        return fetch(source.address, public_only=public_only, most=self.policy.most_bytes)

    def preview(self, data: bytes, side: int) -> bytes:
        """A JPEG of an encoded picture, upright, that fits a square of ``side`` pixels. Raises `PictureError`."""
        return thumbnails.thumbnail_of(data, side) if self._isolated is None else self._isolated.thumbnail(data, side)

    def _allowed(self, source: "ProbeLike") -> "ProbeLike | Fetched":
        """What is to be read: the bytes behind a web address, the path of a picture of the library, or the probe
        itself. Raises `ProbeRefusedError` where the policy does not allow it."""
        if isinstance(source, Indexed):
            return self._pictures.path(source.digest)
        if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
            source = Url(source)
        if isinstance(source, Url):
            return Fetched(source.address, self.fetch(source))
        if isinstance(source, (str, os.PathLike, Clipboard)):
            self.policy.check_local(name_of(source))
        return source
