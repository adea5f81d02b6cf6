"""Frames: typed values sent through pipes. A stream only carries values of the types that it was opened with.

A frame is its length (4 bytes, big-endian), followed in msgpack by the name of the type, whether strings are escaped,
and the fields. Pixels (uint8 arrays) are sent as their shape and their bytes, or the bytes' place in shared memory.
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
"""The code of our msgpack extension for strings that are not valid UTF-8, such as some names of files."""


class FrameError(Exception):
    """A frame is invalid, or its type is not one of its stream's."""


class FrameWriter:
    """Writes values of ``types`` to a stream, and their pixels to shared ``memory`` as far as they fit.

    Any number of threads may use it, but only one of them may write pixels.
    """

    def __init__(self, stream: IO[bytes], types: Iterable[type], memory: SharedMemory | None = None) -> None:
        self._stream = stream
        self._types = frozenset(types)
        self._memory = memory
        self._encoder = msgspec.msgpack.Encoder(enc_hook=self._pixels)
        self._lock = threading.Lock()

    def write(self, value: object) -> None:
        """Write a value as a frame. Raises `TypeError` for a value of another type, and `OSError`."""
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
    """Reads values of ``types`` from a stream, and their pixels from shared ``memory``."""

    def __init__(self, stream: IO[bytes], types: Iterable[type], memory: SharedMemory | None = None) -> None:
        self._stream = stream
        self._memory = memory
        self._types = {each.__name__: each for each in types}
        self._decoders: dict[str, msgspec.msgpack.Decoder[Any]] = {
            name: msgspec.msgpack.Decoder(each, dec_hook=self._pixels) for name, each in self._types.items()
        }
        self._envelopes = msgspec.msgpack.Decoder(tuple[str, bool, msgspec.Raw])

    def read(self) -> Any:
        """The next value. Raises `EOFError` where the stream ends (also within a frame), `FrameError` or `OSError`."""
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
    """A value of lists, dictionaries and scalars, with those strings as extensions that may not be valid UTF-8."""
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
