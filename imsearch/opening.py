"""The way in: opening a library."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.library import Library
    from imsearch.search.policy import ProbePolicy


def open(
    address: str | os.PathLike[str] | None = None,
    *,
    model: str | None = None,
    device: str | None = None,
    policy: "ProbePolicy | None" = None,
) -> "Library":
    """Open the library at ``address``, a directory, or the user's default one. It is made by its first `index`.

    ``model`` names the model of a new library, or another one to use on an old one; None keeps the library's own.
    ``device`` is ``cpu``, ``cuda``, ``cuda:N`` or ``mps``; None lets the machine decide.
    ``policy`` says what probes may cost and reach: None is that for one's own probes, `STRANGERS` that of a server.
    """
    from imsearch.library import Library
    from imsearch.search.policy import OWN

    return Library(address, model=model, device=device, policy=policy or OWN)
