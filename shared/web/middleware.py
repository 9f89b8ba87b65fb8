"""The one middleware: body limit, time limit, server span and request metrics in a single layer.

It is plain ASGI and does little for a request that is not sampled, because every request pays for
it.
"""

import asyncio
import time
from contextvars import Token
from typing import Any

import structlog
from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, SpanKind
from prometheus_client import Histogram
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.settings import Settings
from shared.telemetry import metrics
from shared.telemetry.tracing import parse, tracer
from shared.web.problems import MEDIA_TYPE, body_of, what_may_have_happened

log = structlog.get_logger()

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
UNMEASURED = ("/health", "/metrics")
NO_STORE = (b"cache-control", b"no-store")
NO_SNIFF = (b"x-content-type-options", b"nosniff")
TIMED_OUT = (504, "request-timeout", "Request timeout")
GIVEN_UP = "It took too long and was given up."
DEFECT = (500, "internal-error", "Internal error", "Something is wrong here; it has been logged.")


class BodyTooLarge(HTTPException):
    """The request's body is longer than the limit.

    An HTTPException, as the framework passes only those on while it reads a body.
    """

    def __init__(self) -> None:
        super().__init__(413, headers={"Connection": "close"})


class Requests:
    """Wraps an application; see the module."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        untraced: frozenset[str] = frozenset(),
        endless: frozenset[str] = frozenset(),
    ) -> None:
        self.app = app
        self.untraced = untraced
        self.endless = endless
        self.limit = settings.max_body_bytes
        self.timeout = settings.request_timeout
        self.address = settings.host
        self.port = settings.port
        self._measures: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        goes_on = scope["path"] in self.endless
        if method == "HEAD" and not goes_on:
            # As GET; the server leaves the body out, as it goes by its own scope.
            scope = {**scope, "method": "GET"}
        if scope["path"].startswith(UNMEASURED):
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self.limit or announced > self.limit:
                    raise BodyTooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                own = all(name != b"cache-control" for name, _ in headers)
                message["headers"] = [*headers, NO_SNIFF, NO_STORE] if own else [*headers, NO_SNIFF]
            await send(message)

        announced = 0
        traceparent = None
        for name, value in scope["headers"]:
            if name == b"content-length":
                announced = int(value) if value.isdigit() and len(value) < 20 else 0
            elif name == b"traceparent":
                traceparent = value.decode("latin-1")
        span, token = self._begin(method, traceparent, scope["path"] in self.untraced)
        refusal: tuple[int, str, str, str] | None = None
        error: Exception | None = None
        try:
            async with asyncio.timeout(None if goes_on else self.timeout):
                await self.app(scope, limited, noted)
        except TimeoutError as raised:
            told = f"{GIVEN_UP} {what_may_have_happened(scope)}"
            refusal, error = (*TIMED_OUT, told), raised
        except Exception as raised:
            refusal, error = DEFECT, raised
        try:
            if refusal is not None and not status:
                await _refuse(noted, *refusal)
        finally:
            if goes_on and status == 200:
                started = time.perf_counter()  # how long somebody listened is no latency
            self._end(scope, method, span, status or 500, started, error)
            context.detach(token)

    def _begin(
        self, method: str, traceparent: str | None, untraced: bool
    ) -> tuple[trace.Span, Token[context.Context]]:
        around = context.Context()
        if untraced:
            return trace.INVALID_SPAN, context.attach(around)
        parent = parse(traceparent)
        if parent.is_valid:
            remote = NonRecordingSpan(parent)
            around = trace.set_span_in_context(remote, around)
            if not parent.trace_flags.sampled:
                return remote, context.attach(around)
        span = tracer.start_span(method, around, SpanKind.SERVER)
        return span, context.attach(trace.set_span_in_context(span, around))

    def _end(
        self,
        scope: Scope,
        method: str,
        span: trace.Span,
        status: int,
        started: float,
        error: Exception | None,
    ) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        if method not in METHODS:
            method = "_OTHER"
        if span.is_recording():
            span.update_name(f"{method} {route}")
            span.set_attributes(
                {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": status,
                    "url.scheme": scope["scheme"],
                    "server.address": self.address,
                    "server.port": self.port,
                }
            )
            if status >= 500:
                kind = str(status) if error is None else type(error).__name__
                span.set_attribute("error.type", kind)
                span.set_status(trace.StatusCode.ERROR)
            span.end()
        key = (method, route, status)
        measure = self._measures.get(key)
        if measure is None:
            measure = self._measures[key] = metrics.requests.labels(method, route, str(status))
        measure.observe(time.perf_counter() - started)
        if error is not None or status >= 500:
            about: dict[str, Any] = {} if error is None else {"exc_info": error}
            log.error("request_failed", method=method, route=route, status=status, **about)


async def _refuse(send: Send, status: int, slug: str, title: str, detail: str) -> None:
    body = body_of(status, slug, title, detail)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
