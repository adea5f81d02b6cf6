"""Typed values through pipes: only values of the types that a stream names can come out of it.

A frame is its length (4 bytes, big-endian) and, in msgpack, the name of a type, whether strings are escaped, and the
fields. Pixels (uint8 arrays) travel as their shape and their bytes, or the place of those in shared memory.
"""

import struct
import threading
from collections.abc import Iterable
from typing import IO, Any, get_origin

import msgspec
import numpy as np
from numpy.typing import NDArray

from imsearch.workers.memory import SharedMemory

_LENGTH = struct.Struct(">I")

_TEXT = 1
"""Code of the msgpack extension for a string that is not UTF-8, as names of files need not be."""


class FrameError(Exception):
    """A frame that makes no sense, or of a type that its stream does not allow."""


class FrameWriter:
    """Writes values of ``types`` to a stream, and their pixels to ``memory`` as far as they fit. Any number of threads
    may use it, but for pixels only one."""

    def __init__(self, stream: IO[bytes], types: Iterable[type], memory: SharedMemory | None = None) -> None:
        self._stream = stream
        self._types = frozenset(types)
        self._memory = memory
        self._encoder = msgspec.msgpack.Encoder(enc_hook=self._pixels)
        self._lock = threading.Lock()

    def write(self, value: object) -> None:
        """Write a frame. Raises `TypeError` for values that the stream does not allow, and `OSError`."""
        if type(value) not in self._types:
            raise TypeError(f"{type(value).__name__} is not among the types of this stream")
        frame = self._encoded(value)
        with self._lock:
            self._stream.write(_LENGTH.pack(len(frame)))
            self._stream.write(frame)
            self._stream.flush()

    def _encoded(self, value: object) -> bytes:
        name = type(value).__name__
        try:
            return self._encoder.encode((name, False, value))
        except UnicodeEncodeError:
            tree = msgspec.to_builtins(value, enc_hook=self._pixels, builtin_types=(bytes, memoryview))
            return self._encoder.encode((name, True, _escaped(tree)))

    def _pixels(self, array: object) -> tuple[tuple[int, ...], memoryview | int]:
        if not (isinstance(array, np.ndarray) and array.dtype == np.uint8):
            raise TypeError(f"{type(array).__name__} does not go into a frame")
        data = np.ascontiguousarray(array).data
        place = None if self._memory is None else self._memory.put(data)
        return array.shape, data if place is None else place


class FrameReader:
    """Reads values of ``types`` from a stream, and their pixels from ``memory``."""

    def __init__(self, stream: IO[bytes], types: Iterable[type], memory: SharedMemory | None = None) -> None:
        self._stream = stream
        self._memory = memory
        self._types = {each.__name__: each for each in types}
        self._decoders: dict[str, msgspec.msgpack.Decoder[Any]] = {
            name: msgspec.msgpack.Decoder(each, dec_hook=self._pixels) for name, each in self._types.items()
        }
        self._envelopes = msgspec.msgpack.Decoder(tuple[str, bool, msgspec.Raw])

    def read(self) -> Any:
        """The next value. Raises `EOFError` where the stream ends, in a frame or before, `FrameError`, `OSError`."""
        (length,) = _LENGTH.unpack(self._bytes(_LENGTH.size))
        frame = self._bytes(length)
        try:
            name, escaped, fields = self._envelopes.decode(frame)
            if name not in self._types:
                raise FrameError(f"a frame of the type '{name}', which this stream does not allow")
            if not escaped:
                return self._decoders[name].decode(fields)
            tree = msgspec.msgpack.decode(fields, ext_hook=_unescaped)
            return msgspec.convert(tree, self._types[name], dec_hook=self._pixels)
        except (msgspec.DecodeError, ValueError) as exc:
            raise FrameError(f"a frame that cannot be read: {exc}") from exc

    def _bytes(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def _pixels(self, kind: Any, wire: Any) -> NDArray[np.uint8]:
        if get_origin(kind) is not np.ndarray:
            raise TypeError(f"{kind} does not come out of a frame")
        shape, place = wire
        if isinstance(place, int):
            if self._memory is None:
                raise ValueError("pixels in shared memory, and there is none")
            place = self._memory.get(place, int(np.prod(shape)))
        return np.frombuffer(place, np.uint8).reshape(shape)


def _escaped(tree: Any) -> Any:
    """The same value, of lists, dictionaries and scalars, with strings that msgpack cannot hold as extensions."""
    if isinstance(tree, dict):
        return {key: _escaped(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_escaped(value) for value in tree]
    if isinstance(tree, str) and not tree.isascii():
        return msgspec.msgpack.Ext(_TEXT, tree.encode("utf-8", "surrogatepass"))
    return tree


def _unescaped(code: int, data: memoryview) -> str:
    if code != _TEXT:
        raise ValueError(f"an extension of msgpack of the unknown code {code}")
    return bytes(data).decode("utf-8", "surrogatepass")
