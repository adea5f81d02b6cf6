"""Decoding the probes of strangers in child processes."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import PictureError, ProbeError
from imsearch.images import convert, decode, thumbnails
from imsearch.images.facts import PictureFacts
from imsearch.search.probes import (
    ENCODED,
    EncodedLike,
    Fetched,
    PreparedProbe,
    Probe,
    decoded,
    encoded,
    name_of,
    read_probe,
)
from imsearch.types.preprocessing import Preprocessing
from imsearch.types.probes import Crop
from imsearch.workers.pool import LostTaskError, PassingError, Pool
from imsearch.workers.work import Tell, Work

SECONDS = 15.0
"""How long reading one picture may take; the largest allowed ones take two or three seconds."""

PIXELS = 100_000_000
"""The most pixels of a picture that is sent as bytes: decoding one takes up to 1.3 GB."""

SPARE = 3 << 30
"""Bytes of memory that a worker may take for a picture: enough for the largest picture that can be indexed."""

MEMORY = 4 << 20
"""Bytes shared with a worker: inputs of models fit many times; whole pictures go through its pipe instead."""


@dataclass(frozen=True, slots=True)
class ReadProbe:
    """A request to decode a probe: prepared for each preprocessing in ``wanted`` or, if there is none, with all pixels.

    ``path`` is that of its file, if it comes from one.
    """

    name: str
    data: bytes
    path: bytes | None
    crop: Crop | None
    most_pixels: int
    wanted: tuple[Preprocessing, ...] = ()


@dataclass(frozen=True, slots=True)
class DecodedProbe:
    """The reply to `ReadProbe`: one array for each preprocessing that was wanted, or one of the whole picture.

    ``arrays`` are uint8 (height, width, 3); ``width`` and ``height`` are pixels of the original; ``facts`` are what
    its file says about a probe with all pixels.
    """

    width: int
    height: int
    digest: bytes | None
    path: bytes | None
    arrays: tuple[NDArray[np.uint8], ...]
    facts: PictureFacts | None


@dataclass(frozen=True, slots=True)
class MakeThumbnail:
    """A request for a JPEG of an encoded picture that fits a square of ``side`` pixels."""

    data: bytes
    side: int


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The reply to `MakeThumbnail`: the bytes of a JPEG."""

    data: bytes


Request = ReadProbe | MakeThumbnail
Reply = DecodedProbe | Thumbnail


def _answer(settings: None, request: Request, tell: Tell) -> Reply:
    if isinstance(request, MakeThumbnail):
        return Thumbnail(thumbnails.thumbnail_of(request.data, request.side))
    wanted = request.wanted
    probe = decoded(
        request.name, request.data, request.path, request.crop, wanted[0] if wanted else None, request.most_pixels
    )
    arrays = tuple(probe.prepared(each) for each in wanted) or (np.asarray(probe.image),)
    return DecodedProbe(probe.width, probe.height, probe.digest, probe.path, arrays, probe.facts)


READ_PROBES = Work(
    name="imsearch.search.isolated:READ_PROBES",
    do=_answer,
    settings=type(None),
    tasks=(ReadProbe, MakeThumbnail),
    results=(DecodedProbe, Thumbnail),
)


class IsolatedReader:
    """Reads probes as `read_probe` does, but in child processes, so that a hostile picture can do no harm.

    A picture may crash its process, hang it or use up its memory; that costs a `ProbeError`. This limits what a picture
    costs, but is no sandbox: a process may do all that its user may. Any number of threads may use the reader at once;
    the processes are started for the first probe.

    ``workers`` is the number of processes, None for one per core; ``seconds`` is the time for one picture;
    ``most_pixels`` limits pictures that come as bytes. Files, which are the user's own, have the limit of `decode`.
    """

    def __init__(self, *, workers: int | None = None, seconds: float = SECONDS, most_pixels: int = PIXELS) -> None:
        self._count = workers
        self._seconds = seconds
        self._most_pixels = most_pixels
        self._pool: Pool[None, Request, Reply] | None = None
        self._opening = threading.Lock()

    def close(self) -> None:
        """End the processes. No thread may be reading a probe any more."""
        with self._opening:
            if self._pool is not None:
                self._pool.close()
            self._pool = None

    def read(self, source: Any, crop: Crop | None = None) -> Probe:
        """A probe of any kind with all of its pixels, as `read_probe` gives it.

        An image, an array or the clipboard is read in this process, as there is nothing to decode. Raises `ProbeError`
        with the reason where the probe is unavailable.
        """
        if not isinstance(source, ENCODED):
            return read_probe(source, crop)
        reply = self._read(source, crop)
        image = convert.from_array(reply.arrays[0])
        return Probe(name_of(source), image, *image.size, reply.digest, reply.path, reply.facts)

    def prepare(self, source: Any, crop: Crop | None, wanted: Sequence[Preprocessing]) -> Probe | PreparedProbe:
        """A probe with only the inputs of the models whose preprocessing is in ``wanted``: a few hundred kB, however
        large the picture is. The first preprocessing must need the largest picture.

        An image, an array or the clipboard is read in this process, with all pixels. Raises `ProbeError`.
        """
        if not isinstance(source, ENCODED):
            return read_probe(source, crop, wanted[0])
        reply = self._read(source, crop, tuple(wanted))
        inputs = dict(zip(wanted, reply.arrays, strict=True))
        return PreparedProbe(name_of(source), reply.width, reply.height, reply.digest, reply.path, inputs)

    def thumbnail(self, data: bytes, side: int) -> bytes:
        """A JPEG of an encoded picture, upright, that fits a square of ``side`` pixels. Raises `PictureError`."""
        reply = self._run(MakeThumbnail(data, side))
        assert isinstance(reply, Thumbnail)
        return reply.data

    def _read(self, source: EncodedLike, crop: Crop | None, wanted: tuple[Preprocessing, ...] = ()) -> DecodedProbe:
        name = name_of(source)
        most_pixels = self._most_pixels if isinstance(source, bytes | Fetched) else decode.MAX_PIXELS
        try:
            reply = self._run(ReadProbe(name, *encoded(source), crop, most_pixels, wanted))
        except PictureError as exc:
            raise ProbeError(f"{name} cannot be used: {exc}", probe=name) from exc
        assert isinstance(reply, DecodedProbe)
        return reply

    def _run(self, request: Request) -> Reply:
        try:
            return self._started().run(request)
        except LostTaskError as exc:
            raise PictureError(str(exc), passing=isinstance(exc, PassingError)) from exc

    def _started(self) -> Pool[None, Request, Reply]:
        with self._opening:
            if self._pool is None:
                self._pool = Pool(
                    READ_PROBES, None, seconds=self._seconds, count=self._count, memory=MEMORY, spare=SPARE
                )
            return self._pool
