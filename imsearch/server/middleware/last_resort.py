"""The answer to an exception that nothing else has handled."""

import logging

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imsearch.server.problems import ProblemError, response

_log = logging.getLogger(__name__)


class LastResort:
    """ASGI middleware that answers with a problem document whatever is raised inside it.

    Starlette answers unhandled exceptions outside of all middleware, where the answer gets no security headers and is
    not counted. This one is inside of those. An answer that has begun cannot be taken back: its exception is raised
    again, and the server closes the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = False

        async def watching_send(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watching_send)
        except Exception as exc:
            if begun or scope["type"] != "http":
                raise
            if not isinstance(exc, (ProblemError, HTTPException)):
                _log.exception("a request failed", extra={"request": scope.get("state", {}).get("request")})
            await response(exc)(scope, receive, send)
