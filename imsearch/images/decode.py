"""Bytes to upright RGB pixels, within limits."""

import contextlib
import datetime
import functools
import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from imsearch.errors import PictureError
from imsearch.images.capture import SIDEWAYS, time_taken, turn_of
from imsearch.images.convert import flattened, mode_for
from imsearch.images.formats import FORMATS, HEAD_BYTES, sniff

MAX_BYTES = 1 << 30
"""A larger file is not read into memory."""

MAX_PIXELS = 2 * (Image.MAX_IMAGE_PIXELS or 89_478_485)
"""Pillow's own limit against decompression bombs, about 179 megapixels."""

SPARE = 1.5
"""How many times larger than its model's input a JPEG is decoded at the least. At 1.5 the vectors of whole pictures
and of those decoded small have a median cosine of 0.9993, and rank the same; at 1 it is 0.997."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright RGB image and the facts of the file that it came from.

    ``width`` and ``height`` are those of the upright original, of which ``image`` may be a smaller rendering.
    """

    image: Image.Image
    width: int
    height: int
    format: str
    taken: datetime.datetime | None


def decode(data: bytes, resize: int | tuple[int, int] | None = None, most_pixels: int = MAX_PIXELS) -> Picture:
    """Decode the first frame of a picture, upright and in RGB; transparent parts become white.

    Where it is to be resized to ``resize`` (a short side, or height and width), a JPEG comes at a half, a quarter or
    an eighth of its size if that is enough; `prepare` must be told the original size then.

    Raises `PictureError`, whose message is the reason, for anything that is not a whole, readable picture, for one of
    more than ``most_pixels`` (at most `MAX_PIXELS`) before it is decoded, and, ``passing``, where there is not enough
    memory for it.
    """
    kind = _kind_of(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _faults_of_the_file(kind, most_pixels):
                opened = Image.open(io.BytesIO(data), formats=FORMATS[kind].plugins)
            with opened:
                return _loaded(opened, kind, resize, most_pixels)
    except MemoryError as exc:
        raise PictureError("not enough memory to decode it", passing=True) from exc


def _kind_of(data: bytes) -> str:
    """The format of encoded bytes. Raises `PictureError` where it is none that can be decoded here."""
    if not data:
        raise PictureError("empty: zero bytes")
    kind = sniff(data[:HEAD_BYTES])
    if kind is None:
        raise PictureError("not a picture: its bytes are of no known picture format")
    if kind == "heif" and not _register_heif():
        raise PictureError("HEIC needs the extra 'heif': pip install 'imsearch-engine[heif]'")
    return kind


@functools.cache
def _register_heif() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _loaded(opened: Image.Image, kind: str, resize: int | tuple[int, int] | None, most_pixels: int) -> Picture:
    """The picture of an image that is open, but not decoded yet."""
    width, height = opened.size
    if width * height > most_pixels:
        raise _too_large(most_pixels)
    enough = _enough(opened, resize) if kind == "jpeg" and resize is not None else None
    with _faults_of_the_file(kind, most_pixels):
        if enough is not None:
            opened.draft(None, enough)
        opened.load()
    mode = mode_for(opened)
    with _faults_of_the_file(kind, most_pixels):
        converted = opened if opened.mode == mode else opened.convert(mode)
    if kind != "jpeg":  # which may have come smaller; others know their size better once they are loaded
        width, height = opened.size
    image, turn = flattened(converted), turn_of(opened)
    if turn is not None:
        image = image.transpose(turn)
    if turn in SIDEWAYS:
        width, height = height, width
    return Picture(image, width, height, kind, time_taken(opened))


def _enough(opened: Image.Image, resize: int | tuple[int, int]) -> tuple[int, int] | None:
    """The least width and height at which a JPEG, as it is stored, is large enough for ``resize``; None where it must
    be decoded whole."""
    height, width = resize if isinstance(resize, tuple) else (resize, resize)
    turn = turn_of(opened)
    if turn in SIDEWAYS:
        width, height = height, width
    if turn is not None and (opened.width % 8 or opened.height % 8):
        return None  # `prepare` looks for a last column or row that is filled up where it is in a picture not turned
    return math.ceil(SPARE * width), math.ceil(SPARE * height)


@contextlib.contextmanager
def _faults_of_the_file(kind: str, most_pixels: int) -> Iterator[None]:
    """Raises what Pillow raises as `PictureError`. It may raise anything at all on broken bytes, so nothing but calls
    of Pillow may be inside: a fault of our own is not the file's."""
    try:
        yield
    except Image.DecompressionBombError as exc:
        raise _too_large(most_pixels) from exc
    except UnidentifiedImageError as exc:
        raise PictureError(f"broken: it begins like {kind}, but its header makes no sense") from exc
    except MemoryError:
        raise
    except Exception as exc:
        raise PictureError(_reason(kind, exc)) from exc


def _reason(kind: str, exc: Exception) -> str:
    detail = str(exc).strip() or type(exc).__name__
    if "truncated" in detail.lower():
        return f"truncated {kind}: {detail}"
    return f"cannot be decoded as {kind}: {detail}"


def _too_large(most_pixels: int) -> PictureError:
    return PictureError(f"too large: over the limit of {most_pixels // 1_000_000} megapixels")
