"""Opening a library."""

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
    """Open the library at ``address``, a directory; None opens the user's default library.

    The directory need not exist: the first call of `Library.index` creates it. ``model`` names the model of a new
    library, or another model to use with an existing one; None keeps the library's own. ``device`` is ``cpu``,
    ``cuda``, ``cuda:N`` or ``mps``; None chooses one automatically. ``policy`` limits what probes may cost and which
    addresses they may name: None is the policy for one's own probes, `STRANGERS` the one of a server.

    Raises `LibraryError` where there is a library that cannot be used, and `UsageError` for an address of an unknown
    kind.
    """
    from imsearch.library import Library
    from imsearch.search.policy import OWN

    return Library(address, model=model, device=device, policy=policy or OWN)
