"""Reading one file: bytes, digest, pixels, or the reason why not."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import PictureError
from imsearch.images import decode, formats, preprocess
from imsearch.sources.digests import digest_of
from imsearch.sources.folders import FolderSource
from imsearch.sources.paths import SEPARATOR
from imsearch.sources.source import SourceError, Stamp, VanishedError
from imsearch.types.preprocessing import Preprocessing

PIXELS = 1 << 20
"""Of what regions are cut from: a region of it fills the inputs of most models."""


@dataclass(frozen=True, slots=True)
class Task:
    """A file to read. Contents of ``known`` digests need no decoding."""

    path: bytes
    known: frozenset[bytes]


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

_FILES = FolderSource(SEPARATOR)
"""Tasks name files by their absolute paths, whatever folder they were found in."""


def process(task: Task, preprocessing: Preprocessing, regions: bool = False) -> Outcome:
    """Read, recognize and decode one file, and prepare it for the model that ``preprocessing`` is of; with
    ``regions`` also give all of it, to cut them from.

    What is wrong with the file, or passing, is an outcome. Any exception is a fault of our own.
    """
    try:
        return _read(task, preprocessing, regions)
    except VanishedError:
        return Vanished()
    except SourceError as exc:
        return Failed(str(exc), exc.stamp, exc.passing)
    except MemoryError:
        return Failed("not enough memory to read it", passing=True)


def _read(task: Task, preprocessing: Preprocessing, regions: bool) -> Outcome:
    """As `process`; but raises `SourceError` and `MemoryError`."""
    claims = formats.claims_to_be_a_picture(task.path)
    if not claims:  # it is not worth reading unless it begins like one
        head = _FILES.head(task.path, formats.HEAD_BYTES)
        if formats.sniff(head.data) is None:
            return NotAPicture(head.stamp)
    file = _FILES.read(task.path, decode.MAX_BYTES)
    if not claims and formats.sniff(file.data[: formats.HEAD_BYTES]) is None:
        return NotAPicture(file.stamp)  # it has changed since
    digest = digest_of(file.data)
    if digest in task.known:
        return Known(file.stamp, digest)
    least = int(math.sqrt(PIXELS) / decode.SPARE) if regions else preprocessing.resize
    try:
        picture = decode.decode(file.data, least)
    except PictureError as exc:
        return Failed(str(exc), file.stamp, exc.passing)
    return Decoded(
        stamp=file.stamp,
        digest=digest,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        taken=picture.taken.isoformat() if picture.taken else None,
        pixels=preprocess.prepare(picture.image, preprocessing, (picture.width, picture.height)),
        whole=preprocess.rendering(picture, PIXELS) if regions else None,
    )
