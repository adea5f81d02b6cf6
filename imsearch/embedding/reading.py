"""Reading one file: its bytes, digest and pixels, or the reason of its failure."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import PictureError
from imsearch.images import decode, formats, preprocess
from imsearch.images.hashes import hash_of
from imsearch.sources.digests import digest_of
from imsearch.sources.folders import FolderSource
from imsearch.sources.paths import SEPARATOR
from imsearch.sources.source import SourceError, Stamp, VanishedError
from imsearch.types.preprocessing import Preprocessing

PIXELS = 1 << 20
"""Pixels of the rendering from which regions are cut: a region of it is as large as the input of most models."""


@dataclass(frozen=True, slots=True)
class Task:
    """A file to read. If its digest is among the ``known`` ones, it need not be decoded."""

    path: bytes
    known: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Decoded:
    """Outcome: a picture ready for the model.

    ``pixels`` is uint8 (height, width, 3); ``width`` and ``height`` are pixels of the upright original. ``hash`` is
    its perceptual hash (`imsearch.images.hashes`). Where regions are wanted, ``whole`` is the whole picture in at most
    `PIXELS` pixels, uint8 (height, width, 3).
    """

    stamp: Stamp
    digest: bytes
    width: int
    height: int
    format: str
    taken: str | None
    pixels: NDArray[np.uint8]
    hash: bytes
    whole: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Outcome: a file whose content has its vectors."""

    stamp: Stamp
    digest: bytes


@dataclass(frozen=True, slots=True)
class NotAPicture:
    """Outcome: a file that is neither a picture nor named like one."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Failed:
    """Outcome: a file that cannot be read or decoded. Without a stamp it could not be opened.

    A ``passing`` failure is not the file's own, and the next run tries again; any other is kept until the file changes.
    """

    reason: str
    stamp: Stamp | None = None
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Vanished:
    """Outcome: a file that no longer exists."""


FileOutcome = Known | NotAPicture | Failed | Vanished
"""An outcome without pixels."""

Outcome = Decoded | FileOutcome

_FILES = FolderSource(SEPARATOR)
"""The source of all files, whatever folder they were found in, as tasks hold absolute paths."""


def process(task: Task, preprocessing: Preprocessing, regions: bool = False) -> Outcome:
    """Read, recognize and decode one file, and prepare its pixels by ``preprocessing``; with ``regions``, the outcome
    also has the ``whole`` picture, from which they are cut.

    Every failure of the file, and every passing one, is an outcome. Any exception is a bug of ours.
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
    """Do what `process` does, but raise `SourceError` and `MemoryError`."""
    claims = formats.claims_to_be_a_picture(task.path)
    if not claims:  # only its first bytes are read, unless they are those of a picture
        head = _FILES.head(task.path, formats.HEAD_BYTES)
        if formats.sniff(head.data) is None:
            return NotAPicture(head.stamp)
    file = _FILES.read(task.path, decode.MAX_BYTES)
    if not claims and formats.sniff(file.data[: formats.HEAD_BYTES]) is None:
        return NotAPicture(file.stamp)  # the file has changed since its first bytes were read
    digest = digest_of(file.data)
    if digest in task.known:
        return Known(file.stamp, digest)
    least = int(math.sqrt(PIXELS) / decode.SPARE) if regions else preprocessing.resize
    try:
        picture = decode.decode(file.data, least)
    except PictureError as exc:
        return Failed(str(exc), file.stamp, exc.passing)
    size = (picture.width, picture.height)
    return Decoded(
        stamp=file.stamp,
        digest=digest,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        taken=picture.taken.isoformat() if picture.taken else None,
        pixels=preprocess.prepare(picture.image, preprocessing, size),
        hash=hash_of(picture.image, size),
        whole=preprocess.rendering(picture, PIXELS) if regions else None,
    )
