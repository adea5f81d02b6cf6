"""Comparing pictures that are in memory, for tests of what is found out about two of them."""

from PIL import Image

from imsearch.images.facts import NO_FACTS, PictureFacts
from imsearch.search.probes import Probe
from imsearch.types.hits import Proof
from imsearch.verify.contents import ReadContent
from imsearch.verify.features import Appearance, Features, appearance_of_picture, features_of_picture, features_of_probe
from imsearch.verify.proof import Comparison, compare, prove


def read(image: Image.Image, facts: PictureFacts = NO_FACTS) -> ReadContent:
    """A picture as if it had been read from a file of the library."""
    return ReadContent(image.convert("RGB"), *image.size, facts)


def probe_of(image: Image.Image) -> Probe:
    return Probe("probe", image, *image.size, digest=None, path=None)


def features_in(image: Image.Image, facts: PictureFacts = NO_FACTS) -> Features:
    return features_of_picture(read(image, facts))


def appearance_in(image: Image.Image, facts: PictureFacts = NO_FACTS) -> Appearance:
    return appearance_of_picture(read(image, facts))


def compared(probe: Image.Image, hit: Image.Image) -> Comparison | None:
    return compare(features_of_probe(probe_of(probe)), [features_in(hit)])[0]


def proof_of(probe: Image.Image, hit: Image.Image) -> Proof:
    asked, there = features_of_probe(probe_of(probe)), features_in(hit)
    return prove(asked, there, compare(asked, [there])[0])
