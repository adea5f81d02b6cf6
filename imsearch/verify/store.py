"""The store of features and appearances of a library's pictures: computed from files once, then cached."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from imsearch.catalog.cache import FEATURES, Cache
from imsearch.verify.contents import Content
from imsearch.verify.cores import Cores
from imsearch.verify.features import Appearance, Features, appearance_of_picture, features_of_picture, unpack
from imsearch.verify.planes import SIDE


class FeatureStore:
    """Features and appearances of contents. Safe to use from several threads."""

    def __init__(self, folder: Path, cores: Cores) -> None:
        """Cache them in a file in ``folder``; read pictures on all ``cores``."""
        self._cache = Cache(folder, FEATURES)
        self._cores = cores

    def close(self) -> None:
        """Close the file."""
        self._cache.close()

    def features(self, contents: Sequence[Content]) -> list[Features | None]:
        """The features of each content; None where its file is unreadable or has changed since it was indexed."""
        cached = {digest: each for digest, each in self._cached(contents).items() if isinstance(each, Features)}
        found = self._completed(contents, cached, _read_features)
        return [each if isinstance(each, Features) else None for each in found]

    def appearances(self, contents: Sequence[Content]) -> list[Appearance | None]:
        """The appearance of each content; None where its file is unreadable or has changed since it was indexed.

        Where `Features` are cached, those are given, as they include the appearance.
        """
        return self._completed(contents, self._cached(contents), _read_appearance)

    def _cached(self, contents: Sequence[Content]) -> dict[bytes, Appearance]:
        found = self._cache.get(content.digest for content in contents)
        return {digest: unpack(data) for digest, data in found.items()}

    def _completed(
        self,
        contents: Sequence[Content],
        cached: Mapping[bytes, Appearance],
        read: Callable[[Content], Appearance | None],
    ) -> list[Appearance | None]:
        """Each content as cached, or else as read from its file and added to the cache."""
        missing = [content for content in contents if content.digest not in cached]
        packed = {
            content.digest: each.packed()
            for content, each in zip(missing, self._cores.read(read, missing), strict=True)
            if each is not None
        }
        self._cache.put(packed)
        # Unpacked again, so that results do not depend on whether a picture was cached: packing rounds its points.
        known = {**cached, **{digest: unpack(data) for digest, data in packed.items()}}
        return [known.get(content.digest) for content in contents]


def _read_features(content: Content) -> Features | None:
    picture = content.read(SIDE)
    return None if picture is None else features_of_picture(picture)


def _read_appearance(content: Content) -> Appearance | None:
    picture = content.read(SIDE)
    return None if picture is None else appearance_of_picture(picture)
