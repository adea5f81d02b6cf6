"""Every error that imsearch raises on purpose.

::

    ImsearchError
    ├── LibraryError                 the library cannot be used as asked
    │   ├── LibraryNotFoundError     there is no library at that address, or it is empty
    │   ├── LibraryLockedError       another process is writing to it
    │   ├── LibraryTooNewError       it was written by a newer imsearch
    │   ├── CatalogCorruptError      SQLite cannot read the catalog
    │   └── DiskFullError            no space is left for it
    ├── ModelError
    │   ├── UnknownModelError        there is no model of that name
    │   ├── WeightsUnavailableError  the weights are not on this machine
    │   ├── UnsupportedModelError    it loads, but does not turn one picture into one vector
    │   ├── ModelMismatchError       it is not the model that made the library's vectors
    │   ├── VectorSpaceNotFoundError the library has no vectors of that model
    │   └── DeviceUnavailableError   this machine has no such device
    ├── IndexedPictureError          a picture of the library
    │   ├── UnknownPictureError      the library has no picture with that digest
    │   └── OutOfReachError          none of its files is there as it was indexed
    ├── PictureError                 bytes that are not a readable picture
    ├── ProbeError                   a probe that is unavailable (path, URL, clipboard, crop)
    │   └── ProbeRefusedError        a probe that the library's policy does not allow
    ├── ReviewError                  a group of duplicates cannot be decided like that
    │   ├── UnknownGroupError        there is no group with that number
    │   ├── NotInGroupError          the group has no such file
    │   └── OnePictureError          its files hold the same bytes, so they cannot be different pictures
    └── UsageError                   an argument that makes no sense

The message says what is wrong, without the options of any command; what it is about stands in fields, so that each
face (command line, HTTP API) can add a hint in its own words. Errors of the libraries underneath are translated where
they are called and kept as ``__cause__``.
"""

import os
from collections.abc import Sequence


class ImsearchError(Exception):
    """The root of the tree: ``except ImsearchError`` catches all that imsearch raises on purpose."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class LibraryError(ImsearchError):
    """The library at the address ``library`` cannot be used as asked."""

    def __init__(self, message: str, *, library: str = "") -> None:
        super().__init__(message)
        self.library = library


class LibraryNotFoundError(LibraryError):
    """There is no library at that address yet, or it holds nothing (``empty``)."""

    def __init__(self, message: str, *, library: str = "", empty: bool = False) -> None:
        super().__init__(message, library=library)
        self.empty = empty


class LibraryLockedError(LibraryError):
    """Another process is writing to this library."""


class LibraryTooNewError(LibraryError):
    """The library has a format (``found``) that is newer than the newest that this imsearch knows (``known``)."""

    def __init__(self, message: str, *, library: str = "", found: int = 0, known: int = 0) -> None:
        super().__init__(message, library=library)
        self.found = found
        self.known = known


class CatalogCorruptError(LibraryError):
    """SQLite cannot read the catalog; it is left as it is."""


class DiskFullError(LibraryError):
    """The disk that holds the library is full; what was committed is kept."""


class ModelError(ImsearchError):
    """The model named ``model`` cannot be used as asked."""

    def __init__(self, message: str, *, model: str = "") -> None:
        super().__init__(message)
        self.model = model


class UnknownModelError(ModelError):
    """There is no model of that name; ``choices`` are names that stand for one, or outputs that it has."""

    def __init__(self, message: str, *, model: str = "", choices: Sequence[str] = ()) -> None:
        super().__init__(message, model=model)
        self.choices = tuple(choices)


class WeightsUnavailableError(ModelError):
    """The model's weights are not on this machine, or are damaged."""


class UnsupportedModelError(ModelError):
    """The model loads but cannot do what was asked: one vector for one picture, or a map of where it is active."""


class ModelMismatchError(ModelError):
    """The model at hand has another fingerprint (``found``) than the one that made the vectors (``expected``)."""

    def __init__(self, message: str, *, model: str = "", expected: str = "", found: str = "") -> None:
        super().__init__(message, model=model)
        self.expected = expected
        self.found = found


class VectorSpaceNotFoundError(ModelError):
    """The library has vectors of other models (``available``) but none of this one."""

    def __init__(self, message: str, *, model: str = "", available: Sequence[str] = ()) -> None:
        super().__init__(message, model=model)
        self.available = tuple(available)


class DeviceUnavailableError(ModelError):
    """This machine does not have the device ``device``; it has ``choices``."""

    def __init__(self, message: str, *, model: str = "", device: str = "", choices: Sequence[str] = ()) -> None:
        super().__init__(message, model=model)
        self.device = device
        self.choices = tuple(choices)


class IndexedPictureError(ImsearchError):
    """A picture of the library, named by its ``digest``, is unavailable; ``path`` is that of the file tried, if any."""

    def __init__(self, message: str, *, digest: str = "", path: str = "") -> None:
        super().__init__(message)
        self.digest = digest
        self.path = path


class UnknownPictureError(IndexedPictureError):
    """The library has no picture with that digest."""


class OutOfReachError(IndexedPictureError):
    """None of the files that held a picture is there as it was when it was indexed."""


class PictureError(ImsearchError):
    """Bytes that are not a readable picture; the message is the reason alone. ``passing`` is not their fault: the same
    bytes may be readable another time."""

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
        """Why the file called ``name`` is unavailable, where opening or reading it failed with ``exc``."""
        if isinstance(exc, FileNotFoundError):
            return cls(f"no such file: {name}", probe=name)
        if isinstance(exc, IsADirectoryError) or (isinstance(exc, PermissionError) and os.path.isdir(name)):
            # Windows says of a folder that it may not be opened.
            return cls(f"a folder is no probe: {name} (name one picture in it)", probe=name)
        if isinstance(exc, PermissionError):
            return cls(f"no permission to read {name}", probe=name)
        return cls(f"{name} cannot be read: {getattr(exc, 'strerror', None) or exc}", probe=name)


class ProbeRefusedError(ProbeError):
    """The policy of this library does not allow such a probe, or such an address."""


class ReviewError(ImsearchError):
    """The group of duplicates with the number ``group`` cannot be decided as asked."""

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


class OnePictureError(ReviewError):
    """All files of the group hold the same bytes, so they cannot be different pictures."""


class UsageError(ImsearchError):
    """An argument that makes no sense: ``value`` of ``argument``, where it is one; ``choices`` are values that do."""

    def __init__(self, message: str, *, argument: str = "", value: object = None, choices: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.argument = argument
        self.value = value
        self.choices = tuple(choices)
