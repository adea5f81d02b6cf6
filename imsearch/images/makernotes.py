"""What makers of cameras and phones note in EXIF in their own way, by which one shot is told from the next.

Places and meanings are as ExifTool documents them. Software that rewrites EXIF copies a maker note as it is, though
perhaps to another place, and in most makers' notes offsets count from the beginning of the EXIF: values of more than
4 bytes are then lost. So of these notes only smaller values are read, which are in the directory itself.
"""

import plistlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from imsearch.images.tiff import Directory, Tiff, tiff_of

ShotId = Literal[
    "shutter count",
    "sequence number",
    "file number",
    "image number",
    "cataloged number",
    "image id",
    "group id",
    "photo id",
    "uptime",
    "burst",
]
"""What tells one shot from the next. An edited copy has the same one as the original, or has lost it.

``shutter count``, ``file number`` and ``image number`` (EXIF) are counters of a camera, and ``sequence number`` counts
the shots of one burst: editors copy them or drop them, as they do not understand them. ``cataloged number`` is the
counter that Adobe's software took from the maker note, which it drops, and kept in XMP. ``image id`` is that of EXIF,
given once for a picture; ``group id`` and ``photo id`` are Apple's. ``uptime`` is the time for which a phone had been
running at the shot, to the nanosecond. ``burst`` names the burst that a shot belongs to: the same one says nothing, but
a shot is in one burst only.

Left out are ids that change with edits: those of documents in XMP, and Apple's content identifier, of which a Live
Photo gets a new one; and Panasonic's time since power on, which is that of writing the file."""

ShotIds = dict[ShotId, str]

_NOTE = 0x927C
_EMPTY = frozenset("0 -")


def filled(ids: dict[ShotId, str]) -> ShotIds:
    """The ids without empty ones: cameras note zeros for what they do not count."""
    return {kind: text for kind, text in ids.items() if not set(text) <= _EMPTY}


def noted_by_maker(tiff: Tiff, exif: Directory, make: str) -> ShotIds:
    """The ids in the maker note of an EXIF structure, whose directory of EXIF tags and maker's name are given."""
    note, place = exif.raw(_NOTE), exif.place(_NOTE)
    if place is None:
        return {}
    for maker in _MAKERS:
        if note.startswith(maker.begins) and make.lower().startswith(maker.make):
            directory = maker.directory(tiff, place, note)
            return {} if directory is None else filled(maker.ids(directory))
    return {}


@dataclass(frozen=True, slots=True)
class _Maker:
    """A kind of maker note: the bytes that it ``begins`` with, the ``make`` of the camera in lower case, how its
    ``directory`` is found (in the EXIF, the place of the note in it, and the note), and the ``ids`` in that."""

    begins: bytes
    make: str
    directory: Callable[[Tiff, int, bytes], Directory | None]
    ids: Callable[[Directory], ShotIds]


def _after(skipped: int) -> Callable[[Tiff, int, bytes], Directory | None]:
    """The directory is in the note, after some bytes; offsets are those of the EXIF."""
    return lambda tiff, place, note: tiff.directory(place + skipped)


def _alone(skipped: int, order_at: int) -> Callable[[Tiff, int, bytes], Directory | None]:
    """The directory is in the note, after some bytes; offsets are from the beginning of the note, in the order of bytes
    that two letters of it name."""

    def found(tiff: Tiff, place: int, note: bytes) -> Directory | None:
        order = "<" if note[order_at : order_at + 2] == b"II" else ">"
        return Tiff(note, order).directory(skipped)

    return found


def _of_nikon(tiff: Tiff, place: int, note: bytes) -> Directory | None:
    """The note holds a TIFF structure of its own."""
    inner = tiff_of(note[10:])
    return None if inner is None else next(inner.chain(), None)


def _of_fujifilm(tiff: Tiff, place: int, note: bytes) -> Directory | None:
    """The note is little-endian, whatever the EXIF is, and says where its directory is."""
    return Tiff(note, "<").directory(int.from_bytes(note[8:12], "little"))


def _counter(directory: Directory, tag: int) -> str:
    return str(directory.number(tag) or 0)


def _apple(note: Directory) -> ShotIds:
    return {
        "burst": note.text(0x0B),
        "group id": note.text(0x15),
        "photo id": note.text(0x2B),
        "uptime": _uptime(note.raw(0x03)),
    }


def _uptime(noted: bytes) -> str:
    """The time for which a phone had been running when it took the picture, of the property list that notes it."""
    try:
        time = plistlib.loads(noted[:1024], fmt=plistlib.FMT_BINARY)
        return f"{time['value']:d}/{time['timescale']:d}" if time["value"] else ""
    except Exception:  # `plistlib` may raise anything on broken bytes
        return ""


def _canon(note: Directory) -> ShotIds:
    """The number of the file, of shots that were not single ones: when a camera crops or resizes a picture of its own,
    the new file has a new number."""
    drive = note.numbers(0x01)[5:6]
    return {} if drive and drive[0] in _CANON_SINGLE else {"file number": _counter(note, 0x08)}


_CANON_SINGLE = frozenset({0, 6, 9})
"""Canon's drive modes that take one picture: single, silent single, and single with less noise."""


def _nikon(note: Directory) -> ShotIds:
    return {"shutter count": _counter(note, 0xA7)}


def _olympus(note: Directory) -> ShotIds:
    shot = note.numbers(0x0200)[1:2]
    return {"sequence number": str(shot[0] if shot else 0)}


def _panasonic(note: Directory) -> ShotIds:
    return {"sequence number": _counter(note, 0x2B)}


def _fujifilm(note: Directory) -> ShotIds:
    count = (note.number(0x1438) or 0) & 0x7FFF  # the highest bit is always set
    return {"sequence number": _counter(note, 0x1101), "shutter count": str(count)}


def _sony(note: Directory) -> ShotIds:
    return {"sequence number": _counter(note, 0xB04A)}


def _pentax(note: Directory) -> ShotIds:
    """The count of the shutter is stored encrypted, by the date and the time beside it."""
    count, date, time = (note.raw(tag) for tag in (0x5D, 0x06, 0x07))
    if (len(count), len(date)) != (4, 4) or len(time) not in (3, 4):
        return {}
    key = int.from_bytes(date, "big") ^ 0xFFFFFFFF ^ int.from_bytes(time[:3] + b"\0", "big")
    return {"shutter count": str(int.from_bytes(count, "big") ^ key)}


_MAKERS = (
    _Maker(b"Apple iOS\0", "apple", _alone(14, 12), _apple),
    _Maker(b"Nikon\0\2", "nikon", _of_nikon, _nikon),
    _Maker(b"OLYMPUS\0", "olympus", _alone(12, 8), _olympus),
    _Maker(b"OM SYSTEM\0", "om digital", _alone(16, 12), _olympus),
    _Maker(b"Panasonic\0", "panasonic", _after(12), _panasonic),
    _Maker(b"FUJIFILM", "fujifilm", _of_fujifilm, _fujifilm),
    _Maker(b"SONY ", "sony", _after(12), _sony),
    _Maker(b"", "sony", _after(0), _sony),
    _Maker(b"AOC\0", "", _alone(6, 4), _pentax),
    _Maker(b"", "canon", _after(0), _canon),
)
