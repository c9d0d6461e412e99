"""Metrics of a server for Prometheus."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters of requests, rows and loads, and a histogram of latency, in a separate registry."""

    def __init__(self) -> None:
        self.registry: CollectorRegistry = CollectorRegistry()
        self._requests = Counter(
            "ellayer_requests", "Requests answered.", ["endpoint", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "ellayer_request_seconds",
            "Seconds to answer.",
            ["endpoint"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.rows: Counter = Counter("ellayer_rows", "Rows predicted.", ["model"], registry=self.registry)
        self.loads: Counter = Counter(
            "ellayer_model_loads", "Loads of a changed model file.", ["model"], registry=self.registry
        )
        self.models: Gauge = Gauge("ellayer_models", "Models served.", registry=self.registry)
        ProcessCollector(registry=self.registry)

    def text(self) -> bytes:
        """Return the metrics in the text format of Prometheus."""
        return generate_latest(self.registry)

    def observe(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)


class MeasuringMiddleware:
    """Middleware that measures every request by the name of its endpoint, so that unknown addresses add no series."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app: ASGIApp = app
        self.metrics: Metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            endpoint = getattr(scope.get("endpoint"), "__name__", "none")
            self.metrics.observe(endpoint, status, time.perf_counter() - start)
