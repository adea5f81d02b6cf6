"""What a server tells of its requests: a line of JSON for each in the log, and numbers for Prometheus."""

import logging
import time
import uuid
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector
from pythonjsonlogger.json import JsonFormatter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imsearch.library import Library

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
"""For ``logging.config.dictConfig``: everything that a server logs, on stderr, as one JSON object a line."""

NO_ROUTE = "none"
"""The route of requests that were refused before one was looked for, or for which there is none."""

OTHER_METHOD = "other"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_log = logging.getLogger(__name__)


class _Embedded(Collector):
    """Numbers about the model, which the library counts."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The numbers now."""
        pictures, batches = self._library.embedded
        yield CounterMetricFamily("imsearch_embedded_pictures", "Pictures embedded for queries.", value=pictures)
        yield CounterMetricFamily("imsearch_embedded_batches", "Batches that they were embedded in.", value=batches)


class Metrics:
    """Numbers about the requests of one app and its model. Labels take few values, whatever is asked for."""

    def __init__(self, library: Library) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Embedded(library))
        self.requests = Counter(
            "imsearch_http_requests",
            "Requests answered, by the template of their route.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "imsearch_http_request_seconds",
            "From a request's headers to the end of its answer.",
            ["route"],
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "imsearch_http_requests_in_flight", "Requests that are being answered.", registry=self.registry
        )

    def count(self, scope: Scope, status: int | None, seconds: float) -> None:
        """Count a request that was answered, or whose client has gone (None)."""
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else OTHER_METHOD
        self.requests.labels(route, method, status or "none").inc()
        self.seconds.labels(route).observe(seconds)


class AccessLog:
    """ASGI middleware, outside of all others, that numbers, counts and logs each request."""

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
                    "path": scope["path"],  # without the query, which may hold what is nobody's business
                    "status": status,
                    "bytes": sent,
                    "milliseconds": round(seconds * 1000, 1),
                    "client": scope["client"][0] if scope.get("client") else None,
                    "request": request,
                },
            )


def _route(scope: Scope) -> str:
    """The template of the route that a request took, or the path of the app mounted there (which has no route)."""
    return getattr(scope.get("route"), "path", None) or scope.get("root_path") or NO_ROUTE


def metrics_router(metrics: Metrics) -> APIRouter:
    """The route by which Prometheus gets at them."""
    router = APIRouter(tags=["running"])

    @router.get(
        "/metrics",
        summary="Numbers for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}},
    )
    def read_metrics() -> Response:
        """Numbers about the requests so far, in Prometheus' text format."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
