"""The answer to an exception that nothing else has handled."""

import logging

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imsearch.server.problems import ProblemError, response

_log = logging.getLogger(__name__)


class LastResort:
    """ASGI middleware that answers every exception raised inside it with a problem document.

    Starlette would answer unhandled exceptions outside all middleware, where the answer gets no security headers and is
    not counted. This middleware is inside those. If an answer has begun, it cannot be replaced: the exception is raised
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
