"""Reading probes of all kinds: paths, bytes, the clipboard, Pillow images and arrays."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from imsearch.errors import PictureError, ProbeError, UsageError
from imsearch.images import convert, decode, preprocess
from imsearch.sources.digests import digest_of
from imsearch.types.preprocessing import Preprocessing
from imsearch.types.probes import Clipboard, Crop, Indexed, Url

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from imsearch.images.facts import PictureFacts


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes that were fetched from a web address."""

    address: str
    data: bytes


EncodedLike = str | os.PathLike[str] | bytes | Fetched

ENCODED = (str, os.PathLike, bytes, Fetched)
"""The types of probes that are encoded pictures, or name one by a path."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe with its pixels: an upright RGB ``image``.

    ``width`` and ``height`` are pixels of the original; ``image`` may be a smaller rendering of it. ``digest`` is the
    SHA-256 of its bytes, None where it was cropped or did not come as encoded bytes; ``path`` is that of its file.
    ``facts`` are what its file says about it, if it has one and all pixels were asked for.
    """

    name: str
    image: "Image.Image"
    width: int
    height: int
    digest: bytes | None
    path: bytes | None
    facts: "PictureFacts | None" = None

    def prepared(self, preprocessing: Preprocessing) -> "NDArray[np.uint8]":
        """The input of a model for this probe: uint8 (height, width, 3)."""
        return preprocess.prepare(self.image, preprocessing, (self.width, self.height))


@dataclass(frozen=True, slots=True)
class PreparedProbe:
    """A probe without its pixels, with only the ``inputs`` for models: uint8 (height, width, 3), by preprocessing."""

    name: str
    width: int
    height: int
    digest: bytes | None
    path: bytes | None
    inputs: "Mapping[Preprocessing, NDArray[np.uint8]]"

    def prepared(self, preprocessing: Preprocessing) -> "NDArray[np.uint8]":
        """The input of a model for this probe: uint8 (height, width, 3)."""
        return self.inputs[preprocessing]


def read_probe(source: Any, crop: Crop | None = None, preprocessing: Preprocessing | None = None) -> Probe:
    """Read a probe: a path, bytes, `Fetched`, the clipboard, a Pillow image, or an array.

    With the ``preprocessing`` of the model, a large JPEG is decoded at a smaller size, which is faster; not with a
    ``crop``, which may need every pixel. Raises `ProbeError` with the reason where the probe is unavailable, and
    `UsageError` for a value that is no probe.
    """
    name = name_of(source)
    if isinstance(source, Clipboard):
        from imsearch.search.clipboard import from_clipboard  # other probes do without

        grabbed = from_clipboard()
        if grabbed is None:
            raise ProbeError("there is no picture on the clipboard: copy one first")
        if not isinstance(grabbed, list):
            return _cropped(Probe(name, grabbed, *grabbed.size, digest=None, path=None), crop)
        source = name = grabbed[0]
    if not isinstance(source, ENCODED):
        return _cropped(_of_pixels(source), crop)
    data, path = encoded(source)
    return decoded(name, data, path, crop, preprocessing)


def name_of(source: Any) -> str:
    """The name of a probe in answers and messages."""
    if isinstance(source, (str, os.PathLike)):
        return os.fsdecode(source)
    if isinstance(source, Indexed):
        return source.digest
    if isinstance(source, Url | Fetched):
        return source.address
    return {bytes: "the picture", Clipboard: "(clipboard)"}.get(type(source), "(image)")


def encoded(source: EncodedLike) -> tuple[bytes, bytes | None]:
    """The encoded bytes of a probe and, if they come from a file, its absolute path. Raises `ProbeError`."""
    if isinstance(source, Fetched):
        return source.data, None
    if isinstance(source, bytes):
        return source, None
    name = os.fsdecode(source)
    return _bytes_at(name), os.path.abspath(os.fsencode(name))


def decoded(
    name: str,
    data: bytes,
    path: bytes | None = None,
    crop: Crop | None = None,
    preprocessing: Preprocessing | None = None,
    most_pixels: int = decode.MAX_PIXELS,
) -> Probe:
    """Decode a probe, as `read_probe` does; ``path`` is that of its file, if it comes from one.

    Raises `ProbeError`. A picture of more than ``most_pixels`` is refused before it is decoded.
    """
    resize = None if preprocessing is None or crop is not None else preprocessing.resize
    try:
        picture = decode.decode(data, resize, most_pixels)
    except PictureError as exc:
        raise ProbeError(f"{name} cannot be used: {exc}") from exc
    facts = None
    if preprocessing is None:
        from imsearch.images.facts import facts_of  # plain queries start sooner without it

        facts = facts_of(data)
    return _cropped(Probe(name, picture.image, picture.width, picture.height, digest_of(data), path, facts), crop)


def _cropped(probe: Probe, crop: Crop | None) -> Probe:
    if crop is None:
        return probe
    image = probe.image.crop(crop.box(*probe.image.size))
    return Probe(probe.name, image, *image.size, digest=None, path=None, facts=probe.facts)


def _of_pixels(source: Any) -> Probe:
    image = convert.from_pillow(source)
    if image is None and hasattr(source, "__array_interface__"):
        image = convert.from_array(source)
    if image is None:
        raise UsageError(f"a probe is a path, a URL, bytes, a Pillow image or an array, not {type(source).__name__}")
    return Probe(name_of(source), image, *image.size, digest=None, path=None)


def _bytes_at(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except (OSError, ValueError) as exc:
        raise ProbeError.of_path(name, exc) from exc


def read_stdin(stream: BinaryIO | None = None) -> bytes:
    """All bytes of standard input, or of ``stream``. Raises `ProbeError` for none, or more than `decode.MAX_BYTES`."""
    stream = stream or sys.stdin.buffer
    data = stream.read(decode.MAX_BYTES + 1)
    if not data:
        raise ProbeError("nothing came on standard input: pipe a picture into it")
    if len(data) > decode.MAX_BYTES:
        raise ProbeError(f"standard input holds more than {decode.MAX_BYTES >> 20} MiB")
    return data
