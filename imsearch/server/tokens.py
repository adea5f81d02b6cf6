"""Checking who may use the server: clients that show its token, or the cookie of a session opened with it."""

import hmac

from starlette.requests import HTTPConnection

COOKIE = "imsearch_session"


def is_open(request: HTTPConnection, token: str | None) -> bool:
    """Whether a request may pass: it shows the token or the cookie of a session, or no token is demanded."""
    if token is None:
        return True
    return any(is_same(shown, token) for shown in _bearers(request)) or is_same(
        request.cookies.get(COOKIE, ""), session_cookie(token)
    )


def _bearers(request: HTTPConnection) -> list[str]:
    """The token in the Authorization header of a request, if there is exactly one such header: proxies disagree on
    which of two counts."""
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        return []
    scheme, _, credentials = values[0].partition(" ")
    return [credentials.strip()] if scheme.lower() == "bearer" else []


def session_cookie(token: str) -> str:
    """The value of a session's cookie. It does not reveal the token, but changes with it, which ends all sessions."""
    return hmac.digest(token.encode(), b"imsearch session", "sha256").hex()


def is_same(shown: str, wanted: str) -> bool:
    """Whether two texts are equal, compared in a time that does not depend on where they differ."""
    return hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), wanted.encode())
