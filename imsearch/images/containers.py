"""What the containers of pictures hold beside pixels, without decoding them."""

import zlib
from collections.abc import Iterator

_PNG_BEGINS = 8
_CHUNK = 12
"""The bytes of a chunk beside its data: its length and name before, and its checksum after."""

LONGEST = 1 << 20
"""The most bytes of a compressed text in a PNG that Pillow takes; it refuses a picture with a longer one."""


def without_long_text(data: bytes) -> bytes:
    """A PNG without its compressed texts of more than `LONGEST` bytes, on which no pixel depends; itself where it has
    none."""
    begin, kept = 0, list[bytes]()
    for at, end in _chunks(data):
        if _is_long(data[at + 4 : at + 8], data[at + 8 : end - 4]):
            kept.append(data[begin:at])
            begin = end
    return b"".join([*kept, data[begin:]]) if kept else data


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each chunk of a PNG begins and ends, as far as they are whole."""
    at = _PNG_BEGINS
    while at + _CHUNK <= len(data):
        end = at + _CHUNK + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return
        yield at, end
        at = end


def _is_long(name: bytes, data: bytes) -> bool:
    """Whether a chunk is a compressed text of more than `LONGEST` bytes."""
    if name == b"zTXt":
        packed = data.partition(b"\0")[2][1:]
    elif name == b"iTXt" and data.partition(b"\0")[2][:1] == b"\1":
        packed = data.split(b"\0", 1)[1][2:].split(b"\0", 2)[-1]  # after the language and the translated keyword
    else:
        return False
    try:
        return len(zlib.decompressobj().decompress(packed, LONGEST + 1)) > LONGEST
    except zlib.error:
        return False


def claimed_size(data: bytes) -> tuple[int, int] | None:
    """The largest width and height that an AVIF or HEIF file claims for a picture in it; None where it names none."""
    sizes = []
    at = data.find(b"ispe")
    while at >= 0:
        width, height = (int.from_bytes(data[begin : begin + 4], "big") for begin in (at + 8, at + 12))
        sizes.append((width * height, width, height))
        at = data.find(b"ispe", at + 4)
    return max(sizes)[1:] if sizes else None
