"""Bytes to upright RGB pixels: the only module that imports Pillow."""

import datetime
import functools
import io
import math
import os
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageGrab, UnidentifiedImageError

from imsearch.errors import PictureError, ProbeError
from imsearch.types.preprocessing import Preprocessing

MAX_BYTES = 1 << 30
"""A larger file is not read into memory."""

MAX_PIXELS = 2 * (Image.MAX_IMAGE_PIXELS or 89_478_485)
"""Pillow's own limit against decompression bombs, about 179 megapixels."""

SPARE = 1.5
"""How many times larger than its model's input a JPEG is decoded at the least. At 1.5 the vectors of whole pictures
and of those decoded small have a median cosine of 0.9993, and rank the same; at 1 it is 0.997."""

HEAD_BYTES = 64
"""How much of a file `sniff` needs."""

ENDINGS = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".apng",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".bmp",
        ".dib",
        ".pbm",
        ".pgm",
        ".ppm",
        ".pnm",
        ".jp2",
        ".j2k",
        ".jpf",
        ".jpx",
        ".avif",
        ".avifs",
        ".heic",
        ".heif",
        ".hif",
        ".heics",
        ".heifs",
    ]
)
"""Names that claim to be pictures. They only decide whether an unreadable file is worth a word."""

_PLUGINS = {
    "jpeg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "gif": ("GIF",),
    "webp": ("WEBP",),
    "tiff": ("TIFF",),
    "bmp": ("BMP",),
    "pnm": ("PPM",),
    "jpeg2000": ("JPEG2000",),
    "avif": ("AVIF",),
    "heif": ("HEIF",),
}
FORMATS = tuple(_PLUGINS)
"""The formats that are decoded, under the names that the catalogue keeps."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation to what brings the picture upright."""

_SIDEWAYS = frozenset(_TURNS[orientation] for orientation in (5, 6, 7, 8))


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


def sniff(head: bytes) -> str | None:
    """The format that the first `HEAD_BYTES` bytes of a file announce, or None where they are no picture's."""
    if head[4:8] == b"ftyp":
        return _iso_media_format(head)
    for magic, name in (
        (b"\xff\xd8\xff", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"GIF8", "gif"),
        (b"II*\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"II+\0", "tiff"),
        (b"MM\0+", "tiff"),
        (b"BM", "bmp"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "jpeg2000"),
        (b"\xff\x4f\xff\x51", "jpeg2000"),
    ):
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if len(head) > 2 and head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "pnm"
    return None


def _iso_media_format(head: bytes) -> str | None:
    """AVIF and HEIF share a container whose brands tell them apart (ISO/IEC 23008-12)."""
    size = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)) - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "avif"
    if brands & {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}:
        return "heif"
    return None


def claims_to_be_a_picture(path: bytes) -> bool:
    """Whether a file's name says that it is a picture."""
    return os.path.splitext(os.fsdecode(path))[1].lower() in ENDINGS


def decode(data: bytes, resize: int | tuple[int, int] | None = None, most_pixels: int = MAX_PIXELS) -> Picture:
    """Decode the first frame of a picture, upright and in RGB; transparent parts become white.

    Where it is to be resized to ``resize`` (a short side, or height and width), a JPEG comes at a half, a quarter or
    an eighth of its size if that is enough; `prepare` must be told the original size then.

    Raises `PictureError`, whose message is the reason, for anything that is no whole, readable picture, and for one of
    more than ``most_pixels`` (at most `MAX_PIXELS`) before it is decoded.
    """
    if not data:
        raise PictureError("empty: zero bytes")
    kind = sniff(data[:HEAD_BYTES])
    if kind is None:
        raise PictureError("not a picture: its bytes are of no known picture format")
    if kind == "heif" and not _register_heif():
        raise PictureError("HEIC needs the extra 'heif': pip install 'imsearch-engine[heif]'")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_PLUGINS[kind]) as opened:
                whole = opened.size
                if opened.width * opened.height > most_pixels:
                    raise Image.DecompressionBombError
                if resize is not None and kind == "jpeg":
                    _decode_small(opened, resize)
                opened.load()
                exif, turn = _exif(opened), _turn(opened)
                width, height = whole if kind == "jpeg" else opened.size  # others know better once they are loaded
                image = _rgb(opened)
    except Image.DecompressionBombError as exc:
        raise PictureError(f"too large: over the limit of {most_pixels // 1_000_000} megapixels") from exc
    except UnidentifiedImageError as exc:
        raise PictureError(f"broken: it begins like {kind}, but its header makes no sense") from exc
    except MemoryError as exc:
        raise PictureError("too large: not enough memory to decode it") from exc
    except Exception as exc:  # a decoder may raise anything at all on broken bytes
        raise PictureError(_decoder_reason(kind, exc)) from exc
    if turn is not None:
        image = image.transpose(turn)
    if turn in _SIDEWAYS:
        width, height = height, width
    return Picture(image, width, height, kind, _taken(exif))


def _decode_small(opened: Image.Image, resize: int | tuple[int, int]) -> None:
    """Have a JPEG decoded at a half, a quarter or an eighth of its size, where that leaves enough for ``resize``."""
    height, width = resize if isinstance(resize, tuple) else (resize, resize)
    turn = _turn(opened)
    if turn in _SIDEWAYS:
        width, height = height, width
    if turn is None or not (opened.width % 8 or opened.height % 8):
        # `prepare` looks for a last column or row that is filled up where it is in a picture that was not turned.
        opened.draft(None, (math.ceil(SPARE * width), math.ceil(SPARE * height)))


def _decoder_reason(kind: str, exc: Exception) -> str:
    detail = str(exc).strip() or type(exc).__name__
    if "truncated" in detail.lower():
        return f"truncated {kind}: {detail}"
    return f"cannot be decoded as {kind}: {detail}"


@functools.cache
def _register_heif() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _exif(image: Image.Image) -> Image.Exif:
    """EXIF of a loaded image; after loading, because Pillow turns TIFF upright itself and then drops the tag."""
    try:
        return image.getexif()
    except Exception:  # broken EXIF is no reason to lose the picture
        return Image.Exif()


def _turn(image: Image.Image) -> Image.Transpose | None:
    return _TURNS.get(_exif(image).get(ExifTags.Base.Orientation, 1))


def _taken(exif: Image.Exif) -> datetime.datetime | None:
    try:
        text = str(exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal, ""))
        return datetime.datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except Exception:
        return None


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_eight_bits(np.asarray(image)), "L").convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGB", layer.size, (255, 255, 255))
        white.paste(layer, mask=layer.getchannel("A"))
        return white
    return image.convert("RGB")


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """16 bits lose their lower half; 32-bit integers and floats have no fixed range and are stretched to theirs."""
    levels = np.nan_to_num(values.astype(np.float64))
    low, high = float(levels.min()), float(levels.max())
    if values.dtype.kind in "iu" and low >= 0 and high <= 65535:
        return (levels / 257).round().astype(np.uint8)
    return ((levels - low) * (255 / (high - low or 1))).round().astype(np.uint8)


def from_array(array: NDArray[Any]) -> Image.Image:
    """An RGB image from uint8 pixels of shape (height, width), (height, width, 3) or (height, width, 4)."""
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ProbeError(
            f"an array probe must be uint8 of shape (height, width[, 3 or 4]), not {array.dtype} of {array.shape}"
        )
    if 0 in array.shape:
        raise ProbeError("an array probe must have at least one pixel")
    return _rgb(Image.fromarray(array))


def from_pillow(image: object) -> Image.Image | None:
    """An upright RGB copy of a Pillow image; None where ``image`` is none."""
    if not isinstance(image, Image.Image):
        return None
    turn = _turn(image)
    rgb = _rgb(image)
    return rgb.transpose(turn) if turn is not None else rgb.copy()


def from_clipboard() -> Image.Image | list[str] | None:
    """The picture on the clipboard, the paths of the files copied to it, or None where it holds neither."""
    try:
        grabbed = ImageGrab.grabclipboard()
    except NotImplementedError as exc:
        raise ProbeError(
            "reading the clipboard here needs a helper program: install wl-clipboard (Wayland) or xclip (X11)"
        ) from exc
    except Exception as exc:
        raise ProbeError(f"the clipboard cannot be read: {exc}") from exc
    return from_pillow(grabbed) or (grabbed if isinstance(grabbed, list) else None)


def prepare(
    image: Image.Image, preprocessing: Preprocessing, whole: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Resize and crop as the model asks; uint8 of shape (height, width, 3).

    ``whole`` is the original width and height of an image that `decode` made smaller.

    The arithmetic is that of torchvision's Resize and CenterCrop on Pillow images (torchvision 0.29, transforms/
    functional.py): the long side is truncated, a small picture padded black.
    """
    filter_ = Image.Resampling[preprocessing.interpolation.upper()]
    whole = whole or image.size
    image = image.resize(_resized(whole, preprocessing.resize), filter_, _box(image, whole))
    if preprocessing.crop is not None:
        height, width = preprocessing.crop
        rounded = preprocessing.corner == "round"
        left, top = _corner(image.width, width, rounded), _corner(image.height, height, rounded)
        image = image.crop((left, top, left + width, top + height))
    return np.asarray(image)


def _box(image: Image.Image, whole: tuple[int, int]) -> tuple[float, float, float, float]:
    """What of an image, of the original size ``whole``, is picture: a side that the decoder's scale does not divide
    ends in a column or row that is only partly so."""
    scale = round(whole[0] / image.width)
    return 0, 0, whole[0] / scale, whole[1] / scale


def _resized(size: tuple[int, int], target: int | tuple[int, int]) -> tuple[int, int]:
    if isinstance(target, tuple):
        return target[1], target[0]
    width, height = size
    if width <= height:
        return target, max(1, int(target * height / width))
    return max(1, int(target * width / height)), target


def _corner(length: int, wanted: int, rounded: bool) -> int:
    if length >= wanted:
        return round((length - wanted) / 2) if rounded else (length - wanted) // 2
    return -((wanted - length) // 2)


def rendering(picture: Picture, most: int) -> NDArray[np.uint8]:
    """All of a picture in at most ``most`` pixels, never enlarged: uint8 of shape (height, width, 3)."""
    scale = min(1.0, math.sqrt(most / (picture.width * picture.height)))
    size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
    if picture.image.size == size:
        return np.asarray(picture.image)
    box = _box(picture.image, (picture.width, picture.height))
    return np.asarray(picture.image.resize(size, Image.Resampling.BICUBIC, box))


def grey(image: Image.Image) -> NDArray[np.uint8]:
    """The luma of an RGB image: uint8 of shape (height, width)."""
    return np.asarray(image.convert("L"))


def thumbnail(image: Image.Image, side: int) -> bytes:
    """A JPEG of the picture that fits a square of ``side`` pixels."""
    small = image.copy()
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def thumbnail_of(data: bytes, side: int) -> bytes:
    """The same of an encoded picture, upright. Raises `PictureError`."""
    return thumbnail(decode(data, side).image, side)
