"""Comparing pictures that are in memory, for tests of what is found out about two of them."""

from PIL import Image

from imsearch.images.facts import NO_FACTS, PictureFacts
from imsearch.search.probes import Probe
from imsearch.types.hits import Proof, Quadrilateral
from imsearch.verify.contents import ReadContent
from imsearch.verify.features import Appearance, Features, appearance_of_picture, features_of_picture, features_of_probe
from imsearch.verify.proof import Comparison, compare, prove

Box = tuple[int, int, int, int]


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


def bounds(part: Quadrilateral) -> Box:
    xs, ys = zip(*part, strict=True)
    return int(min(xs)), int(min(ys)), int(max(xs)), int(max(ys))


def common(one: Box, other: Box) -> float:
    """The area that two boxes have in common."""
    width, height = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return float(max(0, width) * max(0, height))
