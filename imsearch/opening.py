"""The way in: opening a library."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.library import Library


def open(
    path: str | os.PathLike[str] | None = None,
    *,
    model: str | None = None,
    device: str | None = None,
    isolated: bool = False,
) -> "Library":
    """Open the library in the directory ``path``, or the user's default one. It is made by its first `index`.

    ``model`` names the model of a new library, or another one to use on an old one; None keeps the library's own.
    ``device`` is ``cpu``, ``cuda``, ``cuda:N`` or ``mps``; None lets the machine decide.
    With ``isolated`` probes are decoded in processes of their own, so that those of strangers may crash their decoder,
    or take it too long or too much memory, at no more cost than a `ProbeError`.
    """
    from imsearch.library import Library

    return Library(path, model=model, device=device, isolated=isolated)
