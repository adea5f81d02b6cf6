"""The guard: which requests may pass to the routes, and how large they may be."""

import asyncio
import re
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imsearch.server.problems import ProblemError
from imsearch.server.settings import Settings
from imsearch.server.tokens import is_open

OPEN_PATHS = frozenset({"/", "/healthz", "/v1/session"})
"""The paths that need no token, besides the files of the page."""

PAGE_FILES = "/page/"

STRANGERS_BYTES = 16 << 10
"""The most bytes of a body from a client that has not shown the token: enough to show it."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OF_THIS_SITE = frozenset({"same-origin", "none"})  # none: the user typed the address
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


class Guard:
    """ASGI middleware that lets a request pass if it names this server, does not come from the page of another site,
    shows the token, and is not too large.

    For any other request it raises `ProblemError` or `HTTPException`.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.hosts = frozenset(name.lower() for name in settings.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            request = HTTPConnection(scope)
            self._check_host(request)
            if scope["method"] not in _READING:
                _check_site(request)
            known = is_open(request, self.settings.token)
            if not known:
                _check_openness(scope["path"])
            max_bytes = self.settings.max_bytes if known else STRANGERS_BYTES
            _check_length(request, max_bytes)
            receive = _LimitedBody(receive, max_bytes, self.settings.body_seconds).receive
        await self.app(scope, receive, send)

    def _check_host(self, request: HTTPConnection) -> None:
        """Refuse a Host that is no name of this server: a site could point its own name here, and read our answers."""
        values = request.headers.getlist("host")
        found = _HOST.fullmatch(values[0]) if len(values) == 1 else None
        if found is None:
            raise ProblemError("wrong-host", HTTPStatus.MISDIRECTED_REQUEST, "a request needs one Host header")
        name = found["name"].lower()
        if name not in self.hosts:
            raise ProblemError(
                "wrong-host",
                HTTPStatus.MISDIRECTED_REQUEST,
                f"this server is not known as {name}",
                hint=f"If that is one of its names, start it with: imsearch serve --allow-host {name}",
            )


class _LimitedBody:
    """The body of one request as it arrives, with limits on its bytes and on the seconds from the first read to the
    end.

    It raises `HTTPException`, as FastAPI passes on no other error from reading a body.
    """

    def __init__(self, receive: Receive, max_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._deadline: float | None = None
        self._bytes = 0
        self._complete = False

    async def receive(self) -> Message:
        if self._complete:  # only a disconnection of the client can follow
            return await self._receive()
        message = await self._receive_in_time()
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._max_bytes:
            raise _too_large(self._max_bytes)
        self._complete = not message.get("more_body", False)
        return message

    async def _receive_in_time(self) -> Message:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(
                HTTPStatus.REQUEST_TIMEOUT,
                f"the body of the request did not arrive within {self._seconds:g} seconds",
                {"Connection": "close"},
            ) from None


def _check_site(request: HTTPConnection) -> None:
    """Refuse a request that a page of another site made the browser send. Only browsers send these headers."""
    origins = request.headers.getlist("origin")
    sites = request.headers.getlist("sec-fetch-site")
    ours = f"{request.scope['scheme']}://{request.headers['host']}".lower()
    if any(origin.lower() != ours for origin in origins) or any(site not in _OF_THIS_SITE for site in sites):
        raise ProblemError(
            "forbidden", HTTPStatus.FORBIDDEN, "a page of another site sent this", hint="Use the server's own page."
        )


def _check_openness(path: str) -> None:
    """Refuse a client that has not shown the token, except for the paths that it needs to show it."""
    if path in OPEN_PATHS or path.startswith(PAGE_FILES):
        return
    raise ProblemError(
        "unauthorized",
        HTTPStatus.UNAUTHORIZED,
        "this server wants its token",
        hint="Send the header Authorization: Bearer TOKEN, or give the token on the server's page.",
        headers={"WWW-Authenticate": 'Bearer realm="imsearch"'},
    )


def _check_length(request: HTTPConnection, max_bytes: int) -> None:
    """Refuse a body whose announced length is too long, before it arrives."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large(max_bytes)


def _too_large(max_bytes: int) -> HTTPException:
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request may have at most {max_bytes:,} bytes")
