"""Whether a file holds the raw data of a camera's sensor."""

from collections.abc import Sequence

from imsearch.images.tiff import Directory, Tiff

_BEGINNINGS = (b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FOVb", b"\0MRM")
"""How raw files begin that are not TIFF: RAF, RW2 and RWL, ORF (three), X3F, MRW."""

_SENSOR = frozenset({32803, 34892})
"""Photometric interpretations: a color filter array, and linear raw data (TIFF/EP, DNG)."""

_DNG_VERSION = 0xC612
_PHOTOMETRIC = 0x0106
_NEW_SUBFILE = 0x00FE
_MAKE = 0x010F
_SUB_DIRECTORIES = 0x014A
_MOST_SUB_DIRECTORIES = 16


def begins_as_raw(data: bytes) -> bool:
    """Whether the first bytes of a file are those of a raw format with a mark of its own."""
    marked = data[:2] in (b"II", b"MM") and (data[8:10] == b"CR" or data[8:12] == b"IIII")  # CR2, IIQ
    return marked or data.startswith(_BEGINNINGS) or data[4:12] == b"ftypcrx "


def holds_raw(tiff: Tiff, pages: Sequence[Directory]) -> bool:
    """Whether a TIFF file, of which these are the pages, is a raw file of a camera.

    It is one if it is a DNG, or has pixels of a sensor in a directory, or begins with a smaller rendering by a camera:
    makers that pack their data hide it behind one.
    """
    first = pages[0]
    if _DNG_VERSION in first or (_MAKE in first and (first.number(_NEW_SUBFILE) or 0) & 1):
        return True
    parts = [tiff.directory(offset) for offset in first.numbers(_SUB_DIRECTORIES)[:_MOST_SUB_DIRECTORIES]]
    return any(part.number(_PHOTOMETRIC) in _SENSOR for part in [*pages, *parts])
