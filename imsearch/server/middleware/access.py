"""The access log, with a line of JSON for each request, and the settings of all logging of a server."""

import logging
import time
import uuid
from typing import Any

from pythonjsonlogger.json import JsonFormatter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imsearch.server.middleware.metrics import Metrics

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": JsonFormatter,
            "fmt": ["levelname", "name", "message"],
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "time",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "loggers": {
        "imsearch": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
"""Settings for ``logging.config.dictConfig``: everything is logged on stderr, as one JSON object per line."""

_log = logging.getLogger(__name__)


class AccessLog:
    """The outermost ASGI middleware: it gives each request an id, counts it and logs it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request = uuid.uuid4().hex
        scope.setdefault("state", {})["request"] = request
        status: int | None = None
        sent = 0

        async def watching_send(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request
            sent += len(message.get("body", b""))
            await send(message)

        try:
            with self.metrics.in_flight.track_inprogress():
                await self.app(scope, receive, watching_send)
        except Exception:
            status = 500  # even where an answer had begun
            raise
        finally:
            seconds = time.perf_counter() - started
            self.metrics.count(scope, status, seconds)
            _log.info(
                "request",
                extra={
                    "method": scope["method"],
                    "path": scope["path"],  # without the query string, which may reveal what is searched for
                    "status": status,
                    "bytes": sent,
                    "milliseconds": round(seconds * 1000, 1),
                    "client": scope["client"][0] if scope.get("client") else None,
                    "request": request,
                },
            )
