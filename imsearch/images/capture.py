"""What was noted beside the pixels: which side is up, and when the picture was taken."""

import datetime
import numbers
from typing import Any

from PIL import ExifTags, Image

from imsearch.images.noted import Times, exif_bytes, xmp_bytes
from imsearch.images.tiff import tiff_of

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The turn that brings a picture upright, by its EXIF orientation."""

SIDEWAYS = frozenset(_TURNS[orientation] for orientation in (5, 6, 7, 8))
"""The turns that exchange width and height."""


A_DAY = datetime.timedelta(days=1)
"""How far ahead of the clock here a camera's clock may be: its zone may be another."""

_XMP = ("xmp", "XML:com.adobe.xmp")
"""Where Pillow keeps the XMP of a picture."""


def exif_of(image: Image.Image) -> Image.Exif:
    """The EXIF of a picture. Where it has no orientation, Pillow would take that of the XMP, which browsers and viewers
    do not heed: an editor that turned the pixels may have left it there. Pillow may raise anything on broken EXIF.

    Loading the pixels of a TIFF reads it, too. Pillow reads it once, so it has to be asked for before.
    """
    xmp = {key: image.info.pop(key) for key in _XMP if key in image.info}
    try:
        return image.getexif()
    finally:
        image.info.update(xmp)


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """The turn that brings a picture upright; None if it is upright already, or if its EXIF does not say.

    Loading the pixels of a TIFF turns it upright and drops the tag, so the answer is different before and after.
    """
    try:
        orientation: Any = exif_of(image).get(ExifTags.Base.Orientation)
    except Exception:  # Pillow may raise anything on broken EXIF, which is no reason to lose the picture
        return None
    a_number = isinstance(orientation, numbers.Real)  # broken EXIF may have any value here
    return _TURNS.get(orientation) if a_number else None


def time_taken(image: Image.Image, data: bytes) -> datetime.datetime | None:
    """When the picture was taken, in the camera's local time, by the EXIF and the XMP of the file of which ``data`` are
    the bytes; None if they do not say, or name a time to come.

    The time of capture goes before that of digitization, then that at which the file was created, and at last that of
    its last change, which is all that scanners and old cameras note.
    """
    times = Times.of(tiff_of(data) or tiff_of(exif_bytes(image)), xmp_bytes(image))
    latest = datetime.datetime.now() + A_DAY
    noted = (times.original, times.digitized, times.created, times.changed)
    return next((each.local for each in noted if each is not None and each.local < latest), None)
