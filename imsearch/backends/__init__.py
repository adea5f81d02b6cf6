"""Where a library lives. `open_backend` is the only place that looks at a library's address."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from imsearch.errors import UsageError

if TYPE_CHECKING:
    from imsearch.backends.backend import Backend


def open_backend(address: str | os.PathLike[str] | None = None) -> "Backend":
    """The backend of the library at ``address``, which is a directory; None means the user's default library.

    Raises `LibraryError` where the directory is a file or unreadable, `UsageError` for an address of another kind.
    """
    from imsearch.backends.local import LocalBackend

    place = default_address() if address is None else os.fspath(address)
    scheme, separator, _ = place.partition("://")
    if separator and scheme.isalpha():
        raise UsageError(
            f"a library is a directory, and {place} is not: libraries at addresses of the kind {scheme}:// are unknown",
            argument="library",
            value=place,
        )
    return LocalBackend(Path(os.path.abspath(place)))


def default_address() -> str:
    """The address of the default library: ``IMSEARCH_LIBRARY`` if that is set, else a folder among the user's data."""
    chosen = os.environ.get("IMSEARCH_LIBRARY")
    return chosen or str(platformdirs.user_data_path("imsearch", appauthor=False) / "library")
