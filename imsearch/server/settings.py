"""The settings of a server."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from imsearch.errors import UsageError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The host names by which a browser on this computer reaches it."""

SHORTEST_TOKEN = 16
"""The fewest characters of a token. The server does not slow down failed guesses, so guessing must be hopeless."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a library is served.

    ``token`` is demanded of every client; with None no token is needed, which is only safe on loopback. ``hosts`` are
    the names, without port, that the Host header may have. ``folders`` are absolute paths that may be indexed besides
    the roots of the library. ``max_bytes`` limits the body of a request, ``body_seconds`` the time in which a body must
    arrive, and ``max_waiting`` the number of queries that wait or run at the same time.

    Raises `UsageError` for a token that is too short, or that no header can carry.
    """

    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] = LOOPBACK_NAMES
    folders: tuple[str, ...] = ()
    max_bytes: int = 50 << 20
    body_seconds: float = 30.0
    max_waiting: int = 128

    def __post_init__(self) -> None:
        if self.token is not None and not _usable(self.token):
            raise UsageError(
                f"a token has at least {SHORTEST_TOKEN} characters, all of them letters, digits and signs of ASCII; "
                "make one with: python -c 'import secrets; print(secrets.token_urlsafe())'"
            )

    def indexable(self, roots: Iterable[str]) -> list[str]:
        """The folders that may be indexed over HTTP: ``roots``, which are those of the library, and ``folders``."""
        return list(dict.fromkeys([*roots, *self.folders]))


def _usable(token: str) -> bool:
    return len(token) >= SHORTEST_TOKEN and all("!" <= character <= "~" for character in token)
