"""The store of the descriptions of a library's pictures: made from their features once, then cached."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from imsearch.catalog.cache import WORDS, Cache
from imsearch.verify.contents import Content
from imsearch.verify.cores import Cores
from imsearch.verify.store import FeatureStore
from imsearch.verify.words import Description, unpack


class WordStore:
    """Descriptions of contents by visual words. Safe to use from several threads."""

    def __init__(self, folder: Path, features: FeatureStore, cores: Cores) -> None:
        """Cache them in a file in ``folder``; make them of ``features`` on all ``cores``."""
        self._cache = Cache(folder, WORDS)
        self._features = features
        self._cores = cores

    def close(self) -> None:
        """Close the file."""
        self._cache.close()

    def known(self, digests: Iterable[bytes]) -> dict[bytes, Description]:
        """The descriptions of those of these contents of which they are known, by digest."""
        return {digest: unpack(data) for digest, data in self._cache.get(digests).items()}

    def made(self, contents: Sequence[Content]) -> dict[bytes, Description]:
        """The descriptions of contents, made of their features, by digest; without those whose files cannot be read."""
        features = self._features.features(contents)
        there = {content.digest: each for content, each in zip(contents, features, strict=True) if each is not None}
        made = dict(zip(there, self._cores.compare(Description.of, there.values()), strict=True))
        self._cache.put({digest: each.packed() for digest, each in made.items()})
        return made
