"""Probes that strangers send, decoded in processes of their own."""

import functools
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import ImsearchError, PictureError, ProbeError
from imsearch.images import convert, decode, thumbnails
from imsearch.search.probes import PreparedProbe, Probe, decoded, encoded, name_of, read_probe
from imsearch.types.preprocessing import Preprocessing
from imsearch.types.probes import Crop
from imsearch.workers.supervisor import LostError, Processes

SECONDS = 15.0
"""What reading one picture may take; the largest that are allowed take two or three."""

PIXELS = 100_000_000
"""Bytes of a larger picture are refused: decoding them takes up to 1.3 GB."""

ROOM = 3 << 30
"""Bytes of memory that a worker may take for a picture: enough for the largest that can be indexed."""

MEMORY = 4 << 20
"""Bytes shared with a worker: what models are shown fits many times, and whole pictures go through its pipe."""

T = TypeVar("T")


class IsolatedReader:
    """Reads probes as `read_probe` does, in worker processes, which a hostile picture may crash, hang or fill without
    harm. Any number of threads may use it at once; the processes are started with the first probe.

    This bounds what a picture costs. It is no sandbox: a worker may do all that its user may. ``most_pixels`` is for
    probes that come as bytes; files, which are the user's own, have the limit of `decode`.
    """

    def __init__(self, *, workers: int | None = None, seconds: float = SECONDS, most_pixels: int = PIXELS) -> None:
        self._count = workers
        self._seconds = seconds
        self._most_pixels = most_pixels
        self._processes: Processes[Callable[[], Any], Any] | None = None
        self._opening = threading.Lock()

    def close(self) -> None:
        """End the processes, when no thread is at a probe any more."""
        with self._opening:
            if self._processes is not None:
                self._processes.close()
            self._processes = None

    def read(self, source: Any, crop: Crop | None = None) -> Probe:
        """A probe of any kind with all of its pixels, as `read_probe` gives it. What is no encoded picture (an image,
        an array, the clipboard) is read in this process. Raises `ProbeError` with the reason where it cannot be had.
        """
        if not isinstance(source, (str, os.PathLike, bytes)):
            return read_probe(source, crop)
        pixels, digest, path = self._run_on(source, _whole, crop)
        image = convert.from_array(pixels)
        return Probe(name_of(source), image, *image.size, digest, path)

    def prepare(self, source: Any, crop: Crop | None, wanted: Sequence[Preprocessing]) -> Probe | PreparedProbe:
        """The same, but of an encoded picture there is only what a model is shown that has it ``wanted`` so: a few
        hundred kB, however large it is. The first makes the largest demand on its size."""
        if not isinstance(source, (str, os.PathLike, bytes)):
            return read_probe(source, crop, wanted[0])
        return self._run_on(source, _prepared, crop, wanted)

    def thumbnail(self, data: bytes, side: int) -> bytes:
        """A JPEG of an encoded picture, upright, that fits a square of ``side`` pixels. Raises `PictureError`."""
        return self._run(functools.partial(thumbnails.thumbnail_of, data, side))

    def _run_on(self, source: str | os.PathLike[str] | bytes, job: Callable[..., T], *arguments: Any) -> T:
        """What a job gives for an encoded probe."""
        name = name_of(source)
        most_pixels = self._most_pixels if isinstance(source, bytes) else decode.MAX_PIXELS
        try:
            return self._run(functools.partial(job, name, *encoded(source), most_pixels, *arguments))
        except PictureError as exc:
            raise ProbeError(f"{name} cannot be used: {exc}") from exc

    def _run(self, job: Callable[[], T]) -> T:
        try:
            result = self._started().run(job)
        except LostError as exc:
            raise PictureError(str(exc)) from exc
        if isinstance(result, ImsearchError):
            raise result
        return cast(T, result)

    def _started(self) -> Processes[Callable[[], Any], Any]:
        with self._opening:
            if self._processes is None:
                self._processes = Processes(_answer, memory=MEMORY, seconds=self._seconds, count=self._count, room=ROOM)
            return self._processes


def _answer(job: Callable[[], T]) -> T | ImsearchError:
    """What a job gives, or why not: exceptions go back to whoever asked."""
    try:
        return job()
    except ImsearchError as exc:
        return exc
    except MemoryError:
        return PictureError("too large: not enough memory to decode it")


def _whole(
    name: str, data: bytes, path: bytes | None, most_pixels: int, crop: Crop | None
) -> tuple[NDArray[np.uint8], bytes | None, bytes | None]:
    """Pixels, digest and path of a probe: a Pillow image would not go through the shared memory."""
    probe = decoded(name, data, path, crop, most_pixels=most_pixels)
    return np.asarray(probe.image), probe.digest, probe.path


def _prepared(
    name: str, data: bytes, path: bytes | None, most_pixels: int, crop: Crop | None, wanted: Sequence[Preprocessing]
) -> PreparedProbe:
    probe = decoded(name, data, path, crop, wanted[0], most_pixels)
    inputs = {each: probe.prepared(each) for each in wanted}
    return PreparedProbe(probe.name, probe.width, probe.height, probe.digest, probe.path, inputs)
