"""The library and the settings of a server, which its routes share."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from imsearch.library import Library
from imsearch.server.settings import Settings


@dataclass(frozen=True, slots=True)
class Served:
    """A library, and the settings with which it is served."""

    library: Library
    settings: Settings


def _served(request: Request) -> Served:
    found: Served = request.app.state.served
    return found


ServedDep = Annotated[Served, Depends(_served)]
"""The type of a parameter by which a route gets the `Served` of its app."""
