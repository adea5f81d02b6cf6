"""Pictures as `imsearch query --verify` sees them, without a library."""

from pathlib import Path

from PIL import Image

from imsearch.search.probes import Probe
from imsearch.sources.digests import digest_of
from imsearch.verify.contents import Content
from imsearch.verify.features import DecodedPicture, Features, features_of_picture, features_of_probe


def read(path: Path) -> DecodedPicture:
    """The picture of a file, with what the file says about it. Raises `ValueError` where it cannot be read."""
    picture = Content(digest_of(path.read_bytes()), bytes(path)).read()
    if picture is None:
        raise ValueError(f"{path} is no picture that can be read")
    return picture


def drawn(image: Image.Image) -> DecodedPicture:
    """The picture of an RGB image, of whose file nothing is known."""
    return Probe("", image, *image.size, digest=None, path=None)


def both(probe: DecodedPicture, picture: DecodedPicture) -> tuple[Features, Features]:
    """The features of a probe, and of a picture that it is compared with."""
    return features_of_probe(probe), features_of_picture(picture)
