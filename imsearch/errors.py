"""Every error that imsearch raises on purpose.

::

    ImsearchError
    ├── LibraryError                 the library cannot be used as asked
    │   ├── LibraryNotFoundError     there is no library at that address, or it holds nothing
    │   ├── LibraryLockedError       another process is writing to the library
    │   ├── LibraryTooNewError       the library was written by a newer imsearch
    │   ├── CatalogCorruptError      SQLite cannot read the catalog
    │   └── DiskFullError            the disk that holds the library is full
    ├── ModelError                   the model cannot be used as asked
    │   ├── UnknownModelError        there is no model of that name
    │   ├── WeightsUnavailableError  the weights are not on this machine
    │   ├── UnsupportedModelError    the model loads, but cannot do what was asked
    │   ├── ModelMismatchError       the model's fingerprint is not that of the library's vectors
    │   ├── VectorSpaceNotFoundError the library has no vectors of that model
    │   └── DeviceUnavailableError   this machine has no such device
    ├── IndexedPictureError          a picture of the library is unavailable
    │   ├── UnknownPictureError      the library has no picture with that digest
    │   └── OutOfReachError          no file holds the picture any more as it was indexed
    ├── PictureError                 bytes that are not a readable picture
    ├── ProbeError                   a probe that is unavailable (path, URL, clipboard, crop)
    │   └── ProbeRefusedError        a probe that the library's policy does not allow
    ├── ReviewError                  the decision does not fit the group of duplicates
    │   ├── UnknownGroupError        there is no group with that number
    │   ├── NotInGroupError          the group has no such file
    │   ├── NothingKeptError         no file of the group would be left
    │   └── OnePictureError          the group's files hold the same bytes, so they cannot be different pictures
    └── UsageError                   an argument that makes no sense

A message says what is wrong and mentions no option of any command. The things that it is about are also fields of the
error, so that each face (command line, HTTP API) can add a hint in its own words. Errors of third-party libraries are
translated where those libraries are called, and kept as ``__cause__``.
"""

import os
from collections.abc import Sequence


class ImsearchError(Exception):
    """The base class of all errors: ``except ImsearchError`` catches everything that imsearch raises on purpose."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class LibraryError(ImsearchError):
    """The library at the address ``library`` cannot be used as asked."""

    def __init__(self, message: str, *, library: str = "") -> None:
        super().__init__(message)
        self.library = library


class LibraryNotFoundError(LibraryError):
    """There is no library at that address yet, or, if ``empty``, there is one but it holds nothing."""

    def __init__(self, message: str, *, library: str = "", empty: bool = False) -> None:
        super().__init__(message, library=library)
        self.empty = empty


class LibraryLockedError(LibraryError):
    """Another process is writing to this library."""


class LibraryTooNewError(LibraryError):
    """The library's format version ``found`` is newer than ``known``, the newest that this imsearch can read."""

    def __init__(self, message: str, *, library: str = "", found: int = 0, known: int = 0) -> None:
        super().__init__(message, library=library)
        self.found = found
        self.known = known


class CatalogCorruptError(LibraryError):
    """SQLite cannot read the catalog. The file is left as it is."""


class DiskFullError(LibraryError):
    """The disk that holds the library is full. Batches that were committed before are kept."""


class ModelError(ImsearchError):
    """The model named ``model`` cannot be used as asked."""

    def __init__(self, message: str, *, model: str = "") -> None:
        super().__init__(message)
        self.model = model


class UnknownModelError(ModelError):
    """There is no model of that name. ``choices`` lists valid names or, where the output is wrong, valid outputs."""

    def __init__(self, message: str, *, model: str = "", choices: Sequence[str] = ()) -> None:
        super().__init__(message, model=model)
        self.choices = tuple(choices)


class WeightsUnavailableError(ModelError):
    """The model's weights are not on this machine, or are damaged."""


class UnsupportedModelError(ModelError):
    """The model loads, but does not give what is needed: one vector for each picture, or a map of its activity."""


class ModelMismatchError(ModelError):
    """The model's fingerprint (``found``) differs from that of the model that made the vectors (``expected``)."""

    def __init__(self, message: str, *, model: str = "", expected: str = "", found: str = "") -> None:
        super().__init__(message, model=model)
        self.expected = expected
        self.found = found


class VectorSpaceNotFoundError(ModelError):
    """The library has no vectors of the model asked for, only of those in ``available``."""

    def __init__(self, message: str, *, model: str = "", available: Sequence[str] = ()) -> None:
        super().__init__(message, model=model)
        self.available = tuple(available)


class DeviceUnavailableError(ModelError):
    """This machine has no device ``device``. ``choices`` lists the devices that it has."""

    def __init__(self, message: str, *, model: str = "", device: str = "", choices: Sequence[str] = ()) -> None:
        super().__init__(message, model=model)
        self.device = device
        self.choices = tuple(choices)


class IndexedPictureError(ImsearchError):
    """The library's picture with this ``digest`` is unavailable. ``path`` is the file that was tried, if any."""

    def __init__(self, message: str, *, digest: str = "", path: str = "") -> None:
        super().__init__(message)
        self.digest = digest
        self.path = path


class UnknownPictureError(IndexedPictureError):
    """The library has no picture with that digest."""


class OutOfReachError(IndexedPictureError):
    """Every file that held the picture is gone, unreachable, or changed since it was indexed."""


class PictureError(ImsearchError):
    """Bytes that are not a readable picture. The message is only the reason, without the name of a file.

    If ``passing``, the bytes are not to blame, as where memory ran out: they may be readable another time.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class ProbeError(ImsearchError):
    """The probe called ``probe`` is unavailable: no such path, a failing URL, an empty clipboard, a crop outside it."""

    def __init__(self, message: str, *, probe: str = "") -> None:
        super().__init__(message)
        self.probe = probe

    @classmethod
    def of_path(cls, name: str, exc: OSError | ValueError) -> "ProbeError":
        """The error to raise where opening or reading the file ``name`` failed with ``exc``."""
        if isinstance(exc, FileNotFoundError):
            return cls(f"no such file: {name}", probe=name)
        if isinstance(exc, IsADirectoryError) or (isinstance(exc, PermissionError) and os.path.isdir(name)):
            # On Windows, opening a folder fails with PermissionError.
            return cls(f"a folder is no probe: {name} (name one picture in it)", probe=name)
        if isinstance(exc, PermissionError):
            return cls(f"no permission to read {name}", probe=name)
        return cls(f"{name} cannot be read: {getattr(exc, 'strerror', None) or exc}", probe=name)


class ProbeRefusedError(ProbeError):
    """The library's policy does not allow this kind of probe, or this address."""


class ReviewError(ImsearchError):
    """The decision does not fit the group of duplicates with the number ``group``."""

    def __init__(self, message: str, *, group: int = 0) -> None:
        super().__init__(message)
        self.group = group


class UnknownGroupError(ReviewError):
    """There is no group with that number."""


class NotInGroupError(ReviewError):
    """The group has no file at ``path``."""

    def __init__(self, message: str, *, group: int = 0, path: str = "") -> None:
        super().__init__(message, group=group)
        self.path = path


class NothingKeptError(ReviewError):
    """None of the files that are to stay is still there, so that no file of the group would be left."""


class OnePictureError(ReviewError):
    """All files of the group hold the same bytes, so they cannot be different pictures."""


class UsageError(ImsearchError):
    """An argument makes no sense: ``argument`` was ``value``. ``choices`` lists the valid values, where it can."""

    def __init__(self, message: str, *, argument: str = "", value: object = None, choices: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.argument = argument
        self.value = value
        self.choices = tuple(choices)
