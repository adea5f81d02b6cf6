"""Metrics of requests and of the model, for Prometheus.

prometheus-fastapi-instrumentator was tried and cannot give these labels. It matches paths itself, so requests that the
guard refuses get a route, and the path of a request with a superfluous slash becomes a label, so that strangers can
create any number of labels. It counts an answer that broke off with the status that it began with, and an answer that
never came with 500.
"""

from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.types import Scope

from imsearch.library import Library

NO_ROUTE = "none"
"""The label for requests that the guard refused, and for requests that no route answers."""

OTHER_METHOD = "other"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Embedded(Collector):
    """Metrics of the model, as the library counts them."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The current numbers."""
        pictures, batches = self._library.embedded
        yield CounterMetricFamily("imsearch_embedded_pictures", "Pictures embedded for queries.", value=pictures)
        yield CounterMetricFamily("imsearch_embedded_batches", "Batches that they were embedded in.", value=batches)


class Metrics:
    """Metrics of the requests of one app, and of its model. Labels have few values, whatever clients send."""

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
        """Count a request with the status of its answer; None where there was no answer."""
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else OTHER_METHOD
        self.requests.labels(route, method, status or "none").inc()
        self.seconds.labels(route).observe(seconds)


def _route(scope: Scope) -> str:
    """The template of the route of a request, or the path of a mounted app, or `NO_ROUTE`."""
    return getattr(scope.get("route"), "path", None) or scope.get("root_path") or NO_ROUTE


def metrics_router(metrics: Metrics) -> APIRouter:
    """The route ``/metrics``, which Prometheus reads."""
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
