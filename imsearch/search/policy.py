"""What a probe may cost and reach: the one place where the probes of strangers differ from one's own."""

from dataclasses import dataclass
from typing import Literal

from imsearch.errors import ProbeRefusedError


@dataclass(frozen=True, slots=True)
class ProbePolicy:
    """What the probes of a library may be, whoever asks through it.

    ``isolated`` has them decoded in child processes with a limit of time and memory: a probe that crashes its decoder,
    or takes it too long or too much memory, costs a `ProbeError`. ``addresses`` says which web addresses are fetched:
    ``any``, those of the open internet (``public``), or ``none``; at most ``most_bytes`` are read of one. ``local``
    allows what is on this computer to be named: paths and the clipboard.
    """

    isolated: bool = False
    addresses: Literal["any", "public", "none"] = "any"
    most_bytes: int = 100 << 20
    local: bool = True

    def check_local(self, probe: str) -> None:
        """Raise `ProbeRefusedError` where nothing on this computer may be named."""
        if not self.local:
            raise ProbeRefusedError(f"{probe} cannot be used: paths on this computer are refused here", probe=probe)

    def check_address(self, address: str) -> None:
        """Raise `ProbeRefusedError` where no web address is fetched; where only public ones are, fetching checks."""
        if self.addresses == "none":
            raise ProbeRefusedError(f"{address} cannot be used: web addresses are refused here", probe=address)


OWN = ProbePolicy()
"""For a person at their own computer: whatever they name is read."""

STRANGERS = ProbePolicy(isolated=True, addresses="public", most_bytes=50 << 20, local=False)
"""For a server: what is sent costs no more than a normal picture, and nobody reaches into this computer or network."""
