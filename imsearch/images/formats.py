"""The picture formats that can be decoded: their names, how their bytes begin, and how their files are named.

Nothing here needs Pillow. To add a format, add it to `_REGISTRY`, and a picture of it to ``tests/test_decode.py``.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

HEAD_BYTES = 64
"""How many of the first bytes of a file `sniff` needs."""


@dataclass(frozen=True, slots=True)
class Format:
    """A picture format. ``name`` is its name in the catalog.

    ``begins`` recognizes it by the first `HEAD_BYTES` bytes of a file; ``plugins`` are Pillow's plugins that decode it;
    ``endings`` are those of its files' names, in lower case and with the dot.
    """

    name: str
    plugins: tuple[str, ...]
    begins: Callable[[bytes], bool]
    endings: tuple[str, ...]


def _with(*magics: bytes) -> Callable[[bytes], bool]:
    """A function that says whether the first bytes of a file begin with one of these."""
    return lambda head: head.startswith(magics)


def _with_brand(*brands: bytes) -> Callable[[bytes], bool]:
    """A function that says whether the first bytes are those of an ISO media container with one of these brands.

    The brands distinguish AVIF, HEIF and films (ISO/IEC 23008-12).
    """

    def begins(head: bytes) -> bool:
        end = min(int.from_bytes(head[:4], "big"), len(head))
        found = {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
        return head[4:8] == b"ftyp" and not found.isdisjoint(brands)

    return begins


def _as_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _as_pnm(head: bytes) -> bool:
    return len(head) > 2 and head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace()


_REGISTRY = (
    Format("jpeg", ("JPEG", "MPO"), _with(b"\xff\xd8\xff"), (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo")),
    Format("png", ("PNG",), _with(b"\x89PNG\r\n\x1a\n"), (".png", ".apng")),
    Format("gif", ("GIF",), _with(b"GIF8"), (".gif",)),
    Format("webp", ("WEBP",), _as_webp, (".webp",)),
    Format("tiff", ("TIFF",), _with(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), (".tif", ".tiff")),
    Format("bmp", ("BMP",), _with(b"BM"), (".bmp", ".dib")),
    Format("pnm", ("PPM",), _as_pnm, (".pbm", ".pgm", ".ppm", ".pnm")),
    Format(
        "jpeg2000",
        ("JPEG2000",),
        _with(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
        (".jp2", ".j2k", ".jpf", ".jpx"),
    ),
    Format("avif", ("AVIF",), _with_brand(b"avif", b"avis"), (".avif", ".avifs")),
    Format(
        "heif",
        ("HEIF",),
        _with_brand(b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"),
        (".heic", ".heif", ".hif", ".heics", ".heifs"),
    ),
)
"""All formats, in the order in which they are tried: AVIF before HEIF, as its files may have HEIF's brands too."""

FORMATS = {each.name: each for each in _REGISTRY}
"""All formats, by their names."""

_BY_ENDING = {ending: each.name for each in _REGISTRY for ending in each.endings}


def sniff(head: bytes) -> str | None:
    """The name of the format that the first `HEAD_BYTES` bytes of a file announce; None for no known picture format."""
    return next((each.name for each in _REGISTRY if each.begins(head)), None)


def claims_to_be_a_picture(path: bytes) -> bool:
    """Whether the ending of a file's name is that of a picture."""
    return os.path.splitext(os.fsdecode(path))[1].lower() in _BY_ENDING


def format_named(text: str) -> str | None:
    """The name of the format that a user means by a name or an ending (``JPG``, ``.tif``); None if there is none."""
    name = text.lower().lstrip(".")
    return name if name in FORMATS else _BY_ENDING.get(f".{name}")
