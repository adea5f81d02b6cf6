"""Kinds of files that hold pictures and are not read, so that it can be told which they are."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from imsearch.images.raw import begins_as_raw


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what ``one`` and ``many`` of it are called, whether the first bytes of a file are of it, and how
    the names of its files end, in lower case."""

    one: str
    many: str
    begins: Callable[[bytes], bool]
    endings: tuple[str, ...]


def _with(*magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics)


def _as_film(head: bytes) -> bool:
    riff = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    return riff or head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide") or head.startswith(b"\x1a\x45\xdf\xa3")


def _as_svg(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<svg")


# fmt: off
_RAW_ENDINGS = (
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".fff", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef",
    ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
)
# fmt: on

KINDS = {
    "raw": Kind(
        "raw file of a camera",
        "raw files of cameras",
        begins_as_raw,
        _RAW_ENDINGS,
    ),
    "jpeg-xl": Kind("JPEG XL picture", "JPEG XL pictures", _with(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"), (".jxl",)),
    "photoshop": Kind("Photoshop document", "Photoshop documents", _with(b"8BPS"), (".psd", ".psb")),
    "svg": Kind("SVG drawing", "SVG drawings", _as_svg, (".svg", ".svgz")),
    "pdf": Kind("PDF document", "PDF documents", _with(b"%PDF-"), (".pdf",)),
    "icon": Kind("icon", "icons", _with(b"\0\0\1\0", b"\0\0\2\0", b"icns"), (".ico", ".cur", ".icns")),
    "exr": Kind("OpenEXR picture", "OpenEXR pictures", _with(b"\x76\x2f\x31\x01"), (".exr",)),
    "hdr": Kind("Radiance picture", "Radiance pictures", _with(b"#?RADIANCE", b"#?RGBE"), (".hdr",)),
    "dds": Kind("DirectDraw surface", "DirectDraw surfaces", _with(b"DDS "), (".dds",)),
    "qoi": Kind("QOI picture", "QOI pictures", _with(b"qoif"), (".qoi",)),
    "tga": Kind("Targa picture", "Targa pictures", _with(), (".tga",)),
    "film": Kind(
        "film",
        "films",
        _as_film,
        (".3gp", ".avi", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".webm", ".wmv"),
    ),
}
"""All kinds by their names, in the order in which they are tried: a film last, as much begins like one."""

_BY_ENDING = {ending: name for name, kind in KINDS.items() for ending in kind.endings}


def kind_named(path: bytes) -> str | None:
    """The name of the kind of which a file is by its ending; None if it is of none."""
    return _BY_ENDING.get(os.path.splitext(os.fsdecode(path))[1].lower())


def kind_in(head: bytes) -> str | None:
    """The name of the kind of which a file is by its first 64 bytes; None if it is of none."""
    return next((name for name, kind in KINDS.items() if kind.begins(head)), None)


def in_words(counts: Mapping[str, int]) -> str:
    """How many files there are of each kind, the most first: ``12 films, 1 SVG drawing``."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {KINDS[name].one if count == 1 else KINDS[name].many}" for name, count in ordered)
