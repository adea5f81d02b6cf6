"""What EXIF and XMP note about when a picture was taken, of files that Pillow has opened. All of it is a stranger's
claim, read within limits."""

import re
from dataclasses import dataclass

from PIL import Image

from imsearch.images.moments import Moment, moment_of
from imsearch.images.tiff import Directory, Tiff

_EXIF = 0x8769
_CHANGED, _CHANGED_FRACTION, _CHANGED_ZONE = 0x0132, 0x9290, 0x9010
_ORIGINAL, _ORIGINAL_FRACTION, _ORIGINAL_ZONE = 0x9003, 0x9291, 0x9011
_DIGITIZED, _DIGITIZED_FRACTION, _DIGITIZED_ZONE = 0x9004, 0x9292, 0x9012

_XMP_BYTES = 1 << 20
"""How many of the first bytes of XMP are looked through."""

_NOTHING = Directory(b"", "<", {}, 0)


@dataclass(frozen=True, slots=True)
class Times:
    """The ``original`` time of capture, the time of digitization (``digitized``), which is that of a scan, and when the
    file was ``created`` or last ``changed``; None where they are not noted."""

    original: Moment | None
    digitized: Moment | None
    created: Moment | None
    changed: Moment | None

    @classmethod
    def of(cls, tiff: Tiff | None, xmp: bytes) -> "Times":
        """The times in EXIF, in a TIFF structure, and else in XMP."""
        first = None if tiff is None else next(tiff.chain(), None)
        if tiff is None or first is None:
            tiff, first = Tiff(b"", "<"), _NOTHING
        exif = exif_in(tiff, first)
        noted = _time(exif, _ORIGINAL, _ORIGINAL_FRACTION, _ORIGINAL_ZONE)
        return cls(
            noted or moment_of(in_xmp(xmp, "exif:DateTimeOriginal")),
            _time(exif, _DIGITIZED, _DIGITIZED_FRACTION, _DIGITIZED_ZONE),
            moment_of(in_xmp(xmp, "photoshop:DateCreated")) or moment_of(in_xmp(xmp, "xmp:CreateDate")),
            moment_of(first.text(_CHANGED), exif.text(_CHANGED_FRACTION), exif.text(_CHANGED_ZONE)),
        )


def exif_in(tiff: Tiff, first: Directory) -> Directory:
    """The directory of EXIF that the ``first`` directory of a TIFF structure names; itself where it names none."""
    return tiff.directory(first.number(_EXIF) or 0) if _EXIF in first else first


def exif_bytes(image: Image.Image) -> bytes:
    """The EXIF of a file that is no TIFF, as a TIFF structure."""
    exif = image.info.get("exif")
    if exif is None:  # ImageMagick's way of storing it in PNG: a line for the length, then hexadecimal digits
        lines = str(image.info.get("Raw profile type exif", "")).split("\n")
        try:
            exif = bytes.fromhex("".join(lines[3:]))
        except ValueError:
            return b""
    return exif.removeprefix(b"Exif\0\0") if isinstance(exif, bytes) else b""


def xmp_bytes(image: Image.Image) -> bytes:
    """The XMP of a file, as far as it is looked through."""
    xmp = image.info.get("xmp")
    return xmp[:_XMP_BYTES] if isinstance(xmp, bytes) else b""


def in_xmp(xmp: bytes, name: str) -> str:
    """The value of a property that is an attribute or an element of XMP; empty where it is neither."""
    noted = re.search(re.escape(name).encode() + rb"""(?:\s{0,9}=\s{0,9}["']|>)([^"'<]{1,200})""", xmp)
    return noted[1].decode(errors="replace").strip() if noted else ""


def _time(exif: Directory, tag: int, fraction: int, zone: int) -> Moment | None:
    return moment_of(exif.text(tag), exif.text(fraction), exif.text(zone))
