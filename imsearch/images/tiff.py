"""The directories of a TIFF structure, read within limits: those of a TIFF file, of EXIF, and of a maker note.

Every count and offset in them is a stranger's claim. A value that reaches beyond the bytes is left out, and of one
structure at most `MOST_ENTRIES` entries are read in all. That is why no library reads them here: ExifRead loops as
often as a maker note claims to have values, half an hour for a file of 56 bytes, and Pillow reads as many directories
as a file chains, whatever their size.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MOST_ENTRIES = 1 << 17
"""How many entries of directories are read of one structure; those beyond are left out."""

MOST_BYTES = 1 << 18
"""How many bytes of one value are read; the rest is cut off."""

_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""The types of whole numbers, and what `struct` calls them (TIFF 6.0, BigTIFF)."""

_SIZES = {kind: struct.calcsize(f"={code}") for kind, code in _INTEGERS.items()} | {2: 1, 7: 1}
"""Bytes of one value of each type that is read: whole numbers, text and bytes of no type."""


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    place: int
    size: int


class Directory:
    """One directory: values by their tags. A value that is missing, broken or of another type is None or empty.

    ``following`` is the offset of the next directory of the chain, 0 after the last.
    """

    def __init__(self, data: bytes, order: str, entries: Mapping[int, _Entry], following: int) -> None:
        self.following = following
        self._data = data
        self._order = order
        self._entries = entries

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def place(self, tag: int) -> int | None:
        """Where the value begins, in bytes from the beginning of the structure."""
        entry = self._entries.get(tag)
        return None if entry is None else entry.place

    def raw(self, tag: int) -> bytes:
        """The bytes of the value, at most `MOST_BYTES`."""
        entry = self._entries.get(tag)
        return b"" if entry is None else self._data[entry.place : entry.place + min(entry.size, MOST_BYTES)]

    def text(self, tag: int) -> str:
        """The text up to the first zero byte, without spaces around it; bytes that are not UTF-8 are replaced."""
        return self.raw(tag).partition(b"\0")[0].decode(errors="replace").strip()

    def numbers(self, tag: int) -> tuple[int, ...]:
        """All whole numbers of the value."""
        entry = self._entries.get(tag)
        if entry is None or entry.kind not in _INTEGERS:
            return ()
        each = struct.Struct(self._order + _INTEGERS[entry.kind])
        raw = self.raw(tag)
        return tuple(value for (value,) in each.iter_unpack(raw[: len(raw) // each.size * each.size]))

    def number(self, tag: int) -> int | None:
        """The whole number, where the value is exactly one. Up to 4 bytes are stored in the directory itself."""
        entry = self._entries.get(tag)
        alone = entry is not None and entry.size == _SIZES[entry.kind]
        return next(iter(self.numbers(tag)), None) if alone else None


class Tiff:
    """A TIFF structure in bytes. Offsets are from its beginning."""

    def __init__(self, data: bytes, order: str, first: int = 0, *, big: bool = False) -> None:
        """``order`` is ``<`` for little-endian bytes and ``>`` for big-endian ones, ``first`` the offset of the first
        directory; a ``big`` structure has offsets of 8 bytes (BigTIFF)."""
        self._data = data
        self._order = order
        self._first = first
        self._count = struct.Struct(order + ("Q" if big else "H"))
        self._offset = struct.Struct(order + ("Q" if big else "I"))
        self._entry = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
        self._left = MOST_ENTRIES

    def directory(self, offset: int) -> Directory:
        """The directory at an offset; an empty one where there is none, or no more are read."""
        begin = offset + self._count.size
        (claimed,) = self._unpacked(self._count, offset) or (0,)
        count = max(0, min(claimed, (len(self._data) - begin) // self._entry.size, self._left))
        self._left -= count + 1  # a chain of empty directories ends too
        end = begin + count * self._entry.size
        (following,) = self._unpacked(self._offset, end) or (0,)
        entries: dict[int, _Entry] = {}
        for at, (tag, kind, values, field) in zip(
            range(begin, end, self._entry.size), self._entry.iter_unpack(self._data[begin:end]), strict=True
        ):
            size = values * _SIZES.get(kind, 0)
            if 0 < size <= len(field):
                entries[tag] = _Entry(kind, at + self._entry.size - len(field), size)
            elif 0 < size <= len(self._data):
                (place,) = self._offset.unpack(field)
                if place + size <= len(self._data):
                    entries[tag] = _Entry(kind, place, size)
        return Directory(self._data, self._order, entries, following)

    def chain(self) -> Iterator[Directory]:
        """The first directory and all that follow it, each once."""
        offset, seen = self._first, {0}
        while offset not in seen and self._left > 0:
            seen.add(offset)
            directory = self.directory(offset)
            yield directory
            offset = directory.following

    def _unpacked(self, form: struct.Struct, offset: int) -> tuple[int, ...] | None:
        """One number at an offset, which may be any that a file claims; None outside of the data."""
        return form.unpack_from(self._data, offset) if 0 <= offset <= len(self._data) - form.size else None


def tiff_of(data: bytes) -> Tiff | None:
    """The TIFF structure that bytes begin with; None where they do not begin with one."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 16:
        return None
    (version,) = struct.unpack_from(f"{order}H", data, 2)
    if version not in (42, 43):
        return None
    big = version == 43
    (first,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    return Tiff(data, order, first, big=big)
