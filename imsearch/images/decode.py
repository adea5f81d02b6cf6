"""Bytes to upright RGB pixels, within limits."""

import contextlib
import datetime
import functools
import io
import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from imsearch.errors import PictureError
from imsearch.images.capture import SIDEWAYS, time_taken, turn_of
from imsearch.images.containers import claimed_size, without_long_text
from imsearch.images.convert import flattened, mode_for
from imsearch.images.formats import FORMATS, HEAD_BYTES, sniff
from imsearch.images.tiff import tiff_of
from imsearch.images.unread import KINDS, kind_in

MAX_BYTES = 1 << 30
"""The most bytes of a file; larger files are refused before they are read into memory."""

MAX_PIXELS = 2 * (Image.MAX_IMAGE_PIXELS or 89_478_485)
"""The most pixels of a picture: Pillow's own limit against decompression bombs, about 179 megapixels."""

SPARE = 1.5
"""A JPEG is decoded at least this many times larger than the model's input. With 1.5 the vectors of pictures decoded
at full and at reduced size have a median cosine of 0.9993, and rank the same; with 1 the median is 0.997."""


_BITS_PER_SAMPLE = 0x0102
"""The tag of a TIFF for the bits of each level."""

_WIDTH = 0x0100
"""The tag of a TIFF for the width of a picture."""

_PROSE = re.compile(r"[A-Za-z][A-Za-z0-9 ,.:;()%-]* [A-Za-z0-9 ,.:;()%-]*")
"""An explanation in words, as Pillow gives where it understands what is wrong. Other texts are of its insides."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture: an upright RGB ``image``, and facts from its file.

    ``width`` and ``height`` are pixels of the upright original; ``image`` may be a smaller rendering of it.
    """

    image: Image.Image
    width: int
    height: int
    format: str
    taken: datetime.datetime | None


def decode(data: bytes, resize: int | tuple[int, int] | None = None, most_pixels: int = MAX_PIXELS) -> Picture:
    """Decode the first frame of a picture, upright and in RGB; transparent parts become white.

    If the picture will be resized to ``resize`` (a short side, or height and width), a JPEG is decoded at a half, a
    quarter or an eighth of its size where that is enough; `prepare` then needs the original size.

    Raises `PictureError`, whose message is the reason, for bytes that are not a complete, readable picture, and for a
    picture of more than ``most_pixels`` (at most `MAX_PIXELS`), which is not decoded. Where there is not enough memory,
    the error is ``passing``.
    """
    with opening(data, most_pixels) as (opened, kind):
        return _loaded(opened, data, kind, resize, most_pixels)


@contextlib.contextmanager
def opening(data: bytes, most_pixels: int = MAX_PIXELS) -> Iterator[tuple[Image.Image, str]]:
    """A context in which a picture is open, with its pixels still encoded: the image, and the name of its format.

    Raises `PictureError` as `decode` does; where there is not enough memory, also for what is done in the context.
    """
    kind = _kind_of(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _faults_of_the_file(kind, most_pixels):
                opened = _opened(data, kind, most_pixels)
            with opened:
                if opened.width * opened.height > most_pixels:
                    raise _too_large(most_pixels)
                turn_of(opened)  # reads the EXIF before the pixels are loaded
                yield opened, kind
    except MemoryError as exc:
        raise PictureError("not enough memory to decode it", passing=True) from exc


def _opened(data: bytes, kind: str, most_pixels: int) -> Image.Image:
    """The image in encoded bytes. Raises what Pillow raises, and `PictureError`."""
    try:
        return Image.open(io.BytesIO(without_long_text(data) if kind == "png" else data), formats=FORMATS[kind].plugins)
    except UnidentifiedImageError as exc:
        raise PictureError(_why_unidentified(data, kind, most_pixels)) from exc


def _why_unidentified(data: bytes, kind: str, most_pixels: int) -> str:
    """Why Pillow does not open bytes that begin like a format."""
    size = claimed_size(data) if kind in ("avif", "heif") else None
    if size is not None and size[0] * size[1] > most_pixels:
        return str(_too_large(most_pixels))
    tiff = tiff_of(data) if kind == "tiff" else None
    if tiff is not None and any(_WIDTH in page for page in tiff.chain()):
        return "not supported: a TIFF with pixels of a kind that is not read"
    return f"damaged: it begins like {kind}, but its header cannot be read"


def _kind_of(data: bytes) -> str:
    """The name of the format of encoded bytes. Raises `PictureError` where they cannot be decoded here."""
    if not data:
        raise PictureError("empty: zero bytes")
    kind = sniff(data[:HEAD_BYTES])
    if kind is None:
        raise PictureError(_unknown(data[:HEAD_BYTES]))
    if kind == "heif" and not _register_heif():
        raise PictureError("HEIC needs the extra 'heif': pip install 'imsearch-engine[heif]'")
    return kind


def _unknown(head: bytes) -> str:
    """Why a file cannot be decoded that does not begin like any of the formats."""
    kind = kind_in(head)
    if kind is None:
        return "not a picture: its bytes are of no known picture format"
    return f"not supported: {KINDS[kind].many} are not read"


@functools.cache
def _register_heif() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _loaded(
    opened: Image.Image, data: bytes, kind: str, resize: int | tuple[int, int] | None, most_pixels: int
) -> Picture:
    """Decode an image that was opened of ``data``."""
    width, height = opened.size
    enough = _enough(opened, resize) if kind == "jpeg" and resize is not None else None
    with _faults_of_the_file(kind, most_pixels):
        if enough is not None:
            opened.draft(None, enough)
        opened.load()
    mode = mode_for(opened)
    with _faults_of_the_file(kind, most_pixels):
        converted = opened if opened.mode == mode else opened.convert(mode)
    if kind != "jpeg":  # a JPEG may be a smaller rendering; for other formats the size is only certain once loaded
        width, height = opened.size
    image, turn = flattened(converted, _bits_of(opened)), turn_of(opened)
    if turn is not None:
        image = image.transpose(turn)
    if turn in SIDEWAYS:
        width, height = height, width
    return Picture(image, width, height, kind, time_taken(opened, data))


def _bits_of(opened: Image.Image) -> int:
    """The bits of each level of an image that has more than 8: 16, but for a TIFF that says otherwise."""
    bits = opened.tag_v2.get(_BITS_PER_SAMPLE) if isinstance(opened, TiffImageFile) else None
    return bits[0] if isinstance(bits, tuple) and bits[0] in range(9, 16) else 16


def _enough(opened: Image.Image, resize: int | tuple[int, int]) -> tuple[int, int] | None:
    """The least width and height at which a JPEG, before it is turned, is large enough for ``resize``; None where it
    must be decoded at full size."""
    height, width = resize if isinstance(resize, tuple) else (resize, resize)
    turn = turn_of(opened)
    if turn in SIDEWAYS:
        width, height = height, width
    if turn is not None and (opened.width % 8 or opened.height % 8):
        return None  # `prepare` expects a partly filled column or row at the end, and turning would move it
    return math.ceil(SPARE * width), math.ceil(SPARE * height)


@contextlib.contextmanager
def _faults_of_the_file(kind: str, most_pixels: int) -> Iterator[None]:
    """Raise errors of Pillow as `PictureError`. On broken bytes Pillow may raise any exception, so the block must hold
    only calls of Pillow: a bug of ours must not be blamed on the file."""
    try:
        yield
    except Image.DecompressionBombError as exc:
        raise _too_large(most_pixels) from exc
    except (MemoryError, PictureError):
        raise
    except Exception as exc:
        raise PictureError(_reason(kind, exc)) from exc


def _reason(kind: str, exc: Exception) -> str:
    detail = str(exc).strip()
    if "truncated" in detail.lower():
        return f"truncated {kind}: {detail}"
    if _PROSE.fullmatch(detail) and "decoder error" not in detail:
        return f"cannot be decoded as {kind}: {detail}"
    return f"damaged: its data make no sense as {kind}"


def _too_large(most_pixels: int) -> PictureError:
    return PictureError(f"too large: over the limit of {most_pixels // 1_000_000} megapixels")
