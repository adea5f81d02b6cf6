"""Every error that imsearch raises on purpose.

::

    ImsearchError
    ├── LibraryError                 the library on disk
    │   ├── LibraryNotFoundError     there is none at that place
    │   ├── LibraryLockedError       another process is writing to it
    │   ├── LibraryTooNewError       written by a newer imsearch
    │   ├── CatalogueCorruptError    SQLite cannot read the catalogue
    │   └── DiskFullError            no space left for it
    ├── ModelError
    │   ├── UnknownModelError        no library has a model of that name
    │   ├── WeightsUnavailableError  the weights are not here and cannot be had
    │   ├── UnsupportedModelError    it loads, but is no image model that fits
    │   ├── ModelMismatchError       not the model that made the library's vectors
    │   └── DeviceUnavailableError   no such accelerator on this machine
    ├── IndexedPictureError          a picture of the library
    │   ├── UnknownPictureError      the library has none of that digest
    │   └── OutOfReachError          none of its files is there as it was
    ├── PictureError                 bytes that are no readable picture
    ├── ProbeError                   a probe that cannot be had (path, URL, clipboard, crop)
    └── UsageError                   an argument that makes no sense

A message says what is wrong and, where there is one, what to do about it. Errors of the libraries
underneath are translated where they are called and kept as ``__cause__``.
"""


class ImsearchError(Exception):
    """The root of the tree: ``except ImsearchError`` catches all that imsearch raises on purpose."""


class LibraryError(ImsearchError):
    """The library on disk cannot be used as asked."""


class LibraryNotFoundError(LibraryError):
    """There is no library at that place yet."""


class LibraryLockedError(LibraryError):
    """Another process is writing to this library."""


class LibraryTooNewError(LibraryError):
    """The library was written by a newer imsearch than this one."""


class CatalogueCorruptError(LibraryError):
    """SQLite cannot read the catalogue; it is left as it is."""


class DiskFullError(LibraryError):
    """The disk that holds the library is full; what was committed is kept."""


class ModelError(ImsearchError):
    """A model cannot be used as asked."""


class UnknownModelError(ModelError):
    """No library of models has one of that name."""


class WeightsUnavailableError(ModelError):
    """The model's weights are not on this machine and cannot be fetched."""


class UnsupportedModelError(ModelError):
    """The model loads but does not turn one picture into one vector."""


class ModelMismatchError(ModelError):
    """The model at hand is not the one that made the vectors of the library."""


class DeviceUnavailableError(ModelError):
    """The device asked for is not on this machine."""


class IndexedPictureError(ImsearchError):
    """A picture of the library cannot be had."""


class UnknownPictureError(IndexedPictureError):
    """The library has no picture of that digest."""


class OutOfReachError(IndexedPictureError):
    """None of the files that held a picture is there as it was when it was indexed."""


class PictureError(ImsearchError):
    """Bytes that are not a readable picture; the message is the reason alone."""


class ProbeError(ImsearchError):
    """A probe that cannot be had: no such path, a URL that fails, an empty clipboard, a crop outside."""


class UsageError(ImsearchError):
    """An argument that makes no sense; the message names one that does."""
