"""Policies for probes: what they may cost and what they may name. Only here do strangers differ from the user."""

from dataclasses import dataclass
from typing import Literal

from imsearch.errors import ProbeRefusedError


@dataclass(frozen=True, slots=True)
class ProbePolicy:
    """What the probes of a library may be and may cost.

    If ``isolated``, probes are decoded in child processes with limits on time and memory, and one that crashes its
    decoder or exceeds a limit costs a `ProbeError`. ``addresses`` says which web addresses are fetched: ``any``, only
    those of the open internet (``public``), or ``none``; at most ``most_bytes`` of one are read. ``local`` allows
    probes on this computer: paths and the clipboard.
    """

    isolated: bool = False
    addresses: Literal["any", "public", "none"] = "any"
    most_bytes: int = 100 << 20
    local: bool = True

    def check_local(self, probe: str) -> None:
        """Raise `ProbeRefusedError` if probes on this computer are not allowed."""
        if not self.local:
            raise ProbeRefusedError(f"{probe} cannot be used: paths on this computer are refused here", probe=probe)

    def check_address(self, address: str) -> None:
        """Raise `ProbeRefusedError` if no web address may be fetched. Whether one is public is checked by fetching."""
        if self.addresses == "none":
            raise ProbeRefusedError(f"{address} cannot be used: web addresses are refused here", probe=address)


OWN = ProbePolicy()
"""The policy for users at their own computer: everything that they name is read."""

STRANGERS = ProbePolicy(isolated=True, addresses="public", most_bytes=50 << 20, local=False)
"""The policy for servers: no probe costs more than a normal picture, or reaches into this computer or its network."""
