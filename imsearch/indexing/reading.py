"""Reading one file: bytes, digest, pixels, or the reason why not."""

import math
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import PictureError
from imsearch.images import decode, formats, preprocess
from imsearch.sources.digests import digest_of
from imsearch.types.preprocessing import Preprocessing

READS_OF_A_CHANGING_FILE = 3

PIXELS = 1 << 20
"""Of what regions are cut from: a region of it fills the inputs of most models."""


@dataclass(frozen=True, slots=True)
class Task:
    """A file to read. Contents of ``known`` digests need no decoding."""

    path: bytes
    known: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Stamp:
    """The size and mtime that a file had when it was read."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture ready for the model: ``pixels`` is uint8 (height, width, 3); sizes are of the upright original.

    ``whole``, where regions are wanted, is all of it in at most `PIXELS` pixels, uint8 (height, width, 3).
    """

    stamp: Stamp
    digest: bytes
    width: int
    height: int
    format: str
    taken: str | None
    pixels: NDArray[np.uint8]
    whole: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A file whose content is known already."""

    stamp: Stamp
    digest: bytes


@dataclass(frozen=True, slots=True)
class NotAPicture:
    """A file that neither is a picture nor claims to be one by its name."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that cannot be read or decoded; without a stamp it was not even opened.

    A failure is the file's own, and kept until the file changes, unless it is ``passing``: the next run tries again.
    """

    reason: str
    stamp: Stamp | None = None
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Vanished:
    """A file that is not there any more."""


Outcome = Decoded | Known | NotAPicture | Failed | Vanished

NO_STAMP = Stamp(-1, -1)
"""That of no file: a row that bears it is read again by the next run."""


def process(task: Task, preprocessing: Preprocessing, regions: bool = False) -> Outcome:
    """Read, recognise, and decode one file, and prepare it for the model that ``preprocessing`` is of; with
    ``regions`` also give all of it, to cut them from."""
    stamp = None
    try:
        for _ in range(READS_OF_A_CHANGING_FILE):
            with open(task.path, "rb") as file:
                stamp = _stamp(os.fstat(file.fileno()))
                head = file.read(formats.HEAD_BYTES)
                if head and formats.sniff(head) is None and not formats.claims_to_be_a_picture(task.path):
                    return NotAPicture(stamp)
                if stamp.size > decode.MAX_BYTES:
                    return Failed(f"too large: {stamp.size >> 20} MiB, the limit is {decode.MAX_BYTES >> 20}", stamp)
                data = head + file.read()
                if _stamp(os.stat(task.path)) == stamp and len(data) == stamp.size:
                    return _decoded(task, preprocessing, regions, stamp, data)
    except FileNotFoundError:
        return Vanished()
    except PermissionError:
        return Failed("no permission to read it", stamp)
    except OSError as exc:
        return Failed(f"it cannot be read: {exc.strerror or exc}", stamp)
    return Failed("it kept changing while it was read", NO_STAMP)


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns)


def _decoded(task: Task, preprocessing: Preprocessing, regions: bool, stamp: Stamp, data: bytes) -> Outcome:
    if not data and not formats.claims_to_be_a_picture(task.path):
        return NotAPicture(stamp)
    digest = digest_of(data)
    if digest in task.known:
        return Known(stamp, digest)
    try:
        least = int(math.sqrt(PIXELS) / decode.SPARE) if regions else preprocessing.resize
        picture = decode.decode(data, least)
        pixels = preprocess.prepare(picture.image, preprocessing, (picture.width, picture.height))
    except PictureError as exc:
        return Failed(str(exc), stamp)
    return Decoded(
        stamp=stamp,
        digest=digest,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        taken=picture.taken.isoformat() if picture.taken else None,
        pixels=pixels,
        whole=preprocess.rendering(picture, PIXELS) if regions else None,
    )
