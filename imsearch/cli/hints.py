"""Hints about what to do about an error. Errors themselves mention no options and commands, so the hints do."""

from imsearch.errors import (
    DeviceUnavailableError,
    LibraryNotFoundError,
    LibraryTooNewError,
    ModelMismatchError,
    OutOfReachError,
    UnknownModelError,
    UnknownPictureError,
    UsageError,
    VectorSpaceNotFoundError,
)
from imsearch.verify import INSTALL

_OF_ARGUMENTS = {
    "copies": "leave out --labels or --copies",
    "labels": "name classes with --labels FILE.csv, or ask with edited copies: --copies",
    "verify": f"{INSTALL}, or leave out --verify",
}


def hint(error: Exception) -> str:
    """A line that says what to do about an error; empty where the error's message says everything."""
    match error:
        case LibraryNotFoundError(empty=True):
            return "fill it with `imsearch index FOLDER`"
        case LibraryNotFoundError():
            return "make one with `imsearch index FOLDER`, or name another with --library ADDRESS"
        case LibraryTooNewError():
            return "upgrade with `pip install --upgrade imsearch-engine`"
        case VectorSpaceNotFoundError(model=model):
            return f"make them with `imsearch index --model {model}`, or leave out --model"
        case ModelMismatchError():
            return "bring the old weights back, or index into a new library: --library ADDRESS"
        case UnknownModelError():
            return "`imsearch models` lists models"
        case DeviceUnavailableError():
            return "--device cpu always works"
        case OutOfReachError() | UnknownPictureError():
            return "`imsearch index` brings the library up to date"
        case UsageError(argument="precision", choices=choices):
            return f"leave out --precision, or name {' or '.join(choices)}" if choices else "leave out --precision"
        case UsageError(argument="folders", value=None):
            return "`imsearch index FOLDER`"
        case UsageError(argument=argument):
            return _OF_ARGUMENTS.get(argument, "")
    return ""
