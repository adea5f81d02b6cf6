"""What the containers of pictures hold beside pixels, without decoding them."""

_PNG_BEGINS = 8
_CHUNK = 12
"""The bytes of a chunk beside its data: its length and name before, and its checksum after."""

_TEXTS = frozenset({b"iTXt", b"zTXt"})


def without_text(data: bytes) -> bytes:
    """A PNG without the texts that may be compressed, which no pixel depends on; itself where it has none. Pillow
    refuses pictures with a compressed text of more than a megabyte."""
    kept: list[bytes] = []
    begin = at = _PNG_BEGINS
    while at + _CHUNK <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        end = at + _CHUNK + length
        if data[at + 4 : at + 8] in _TEXTS and end <= len(data):
            kept.append(data[begin:at])
            begin = end
        at = end
    return b"".join([data[:_PNG_BEGINS], *kept, data[begin:]]) if kept else data


def claimed_size(data: bytes) -> tuple[int, int] | None:
    """The largest width and height that an AVIF or HEIF file claims for a picture in it; None where it names none."""
    sizes = []
    at = data.find(b"ispe")
    while at >= 0:
        width, height = (int.from_bytes(data[begin : begin + 4], "big") for begin in (at + 8, at + 12))
        sizes.append((width * height, width, height))
        at = data.find(b"ispe", at + 4)
    return max(sizes)[1:] if sizes else None
