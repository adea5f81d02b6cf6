"""Hints about what to do about a problem, in the words of the server and its page."""

from imsearch.errors import (
    CatalogCorruptError,
    DeviceUnavailableError,
    DiskFullError,
    ImsearchError,
    LibraryTooNewError,
    ModelMismatchError,
    UnsupportedModelError,
    VectorSpaceNotFoundError,
    WeightsUnavailableError,
)

_ON_THE_SERVER = "It was started with a model that does not fit: start it again without --model, or with another one."

BY_NAME = {
    "empty-library": "Index a folder first: see Library on the page, or POST /v1/runs/index.",
    "locked": "Another imsearch is writing to this library. Wait until it is done.",
    "busy": "The server has more to do than it can. Try again in a moment.",
    "too-large": "Send a smaller picture.",
    "nothing-kept": "Mark at least one file that is still there to stay.",
    "no-such-picture": "It may have been removed from the library since.",
    "no-such-run": "The server may have been restarted since. Start the run again.",
    "gone": "Connect the disk or share that holds it, or index its folder again if it was moved or changed.",
}
"""Hints by the name of a problem."""

BY_ERROR: dict[type[ImsearchError], str] = {
    LibraryTooNewError: "Update imsearch where the server runs.",
    CatalogCorruptError: "Restore the library from a backup, or start the server with a new one and index again.",
    DiskFullError: "Make room on the server's disk. What was done before is kept.",
    ModelMismatchError: _ON_THE_SERVER,
    VectorSpaceNotFoundError: _ON_THE_SERVER,
    UnsupportedModelError: _ON_THE_SERVER,
    WeightsUnavailableError: "Download the model's weights where the server runs.",
    DeviceUnavailableError: "Start the server again without --device, or with one that the machine has.",
}
"""Hints by the class of an error, for those whose problem has a general name."""
