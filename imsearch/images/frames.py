"""How many frames or pages a file has, counted without decoding them and within limits."""

from collections.abc import Iterable

from PIL import Image

from imsearch.images.tiff import Directory

MOST_BLOCKS = 1 << 20
"""How many blocks of a GIF are walked through; frames beyond them are not counted."""

_NEW_SUBFILE = 254
_REDUCED_OR_MASK = 0b101


def frames_in(image: Image.Image) -> int:
    """The frames of an animation, or the pictures of a HEIF, that Pillow has opened: their number is in its header."""
    try:
        return max(1, int(getattr(image, "n_frames", 1)))
    except Exception:  # Pillow may raise anything on broken bytes
        return 1


def pages_in(directories: Iterable[Directory]) -> int:
    """The pages among the chained directories of a TIFF file: all but smaller renderings and masks."""
    pages = sum(not (each.number(_NEW_SUBFILE) or 0) & _REDUCED_OR_MASK for each in directories)
    return max(1, pages)


def frames_in_gif(data: bytes) -> int:
    """The frames of a GIF (GIF89a specification). Pillow would go through them one by one, whatever their number."""
    frames = 0
    try:
        place, left = 13 + _table(data[10]), MOST_BLOCKS
        while left > 0 and data[place] in b"\x2c\x21":
            if data[place] == 0x2C:
                frames += 1
                place += 11 + _table(data[place + 9])
            else:
                place += 2
            while left > 0 and data[place]:
                place += 1 + data[place]
                left -= 1
            place += 1
            left -= 1
    except IndexError:  # the file ends early
        pass
    return max(1, frames)


def _table(flags: int) -> int:
    """Bytes of the color table that flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
