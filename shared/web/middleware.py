"""The one middleware: body limit, time limit, server span and request metrics in a single layer.

It is plain ASGI and does little for a request that is not sampled, because every request pays for
it.
"""

import asyncio
import time

import structlog
from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.settings import Settings
from shared.telemetry import metrics
from shared.telemetry.tracing import parse, tracer
from shared.web.problems import MEDIA_TYPE, body_of

log = structlog.get_logger()


class BodyTooLarge(Exception):
    """The request's body is longer than the limit."""


class Requests:
    """Wraps an application; see the module."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.limit = settings.max_body_bytes
        self.timeout = settings.request_timeout
        self.address = settings.host
        self.port = settings.port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(("/health", "/metrics")):
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500
        begun = False
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self.limit:
                    raise BodyTooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status = message["status"]
                begun = True
            await send(message)

        length = traceparent = None
        for name, value in scope["headers"]:
            if name == b"content-length":
                length = value
            elif name == b"traceparent":
                traceparent = value.decode("latin-1")
        span, token = self._begin(scope, traceparent)
        try:
            if length is not None and length.isdigit() and int(length) > self.limit:
                raise BodyTooLarge
            async with asyncio.timeout(self.timeout):
                await self.app(scope, limited, noted)
        except BodyTooLarge:
            status = 413
            await self._refuse(
                send, begun, 413, "body-too-large", f"At most {self.limit} bytes are taken."
            )
        except TimeoutError:
            status = 504
            await self._refuse(
                send, begun, 504, "request-timeout", "It took too long and was given up."
            )
        finally:
            self._end(scope, span, token, status, started)

    async def _refuse(self, send: Send, begun: bool, status: int, slug: str, detail: str) -> None:
        if begun:
            return
        title = slug.replace("-", " ").capitalize()
        body = body_of(status, slug, title, detail)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _begin(self, scope: Scope, traceparent: str | None) -> "tuple[trace.Span, object]":
        parent = parse(traceparent)
        around = context.Context()
        if parent.is_valid:
            remote = NonRecordingSpan(parent)
            around = trace.set_span_in_context(remote, around)
            if not parent.trace_flags.sampled:
                return remote, context.attach(around)
        span = tracer.start_span(scope["method"], around, SpanKind.SERVER)
        return span, context.attach(trace.set_span_in_context(span, around))

    def _end(
        self, scope: Scope, span: trace.Span, token: object, status: int, started: float
    ) -> None:
        route = scope.get("route")
        template = getattr(route, "path_format", None) or getattr(route, "path", "unmatched")
        if span.is_recording():
            span.update_name(f"{scope['method']} {template}")
            span.set_attributes(
                {
                    "http.request.method": scope["method"],
                    "http.route": template,
                    "http.response.status_code": status,
                    "url.scheme": scope["scheme"],
                    "server.address": self.address,
                    "server.port": self.port,
                }
            )
            if status >= 500:
                span.set_status(trace.StatusCode.ERROR)
            span.end()
        context.detach(token)  # type: ignore[arg-type]  # the token of attach
        took = time.perf_counter() - started
        metrics.requests.labels(scope["method"], template, str(status)).observe(took)
        if status >= 500:
            log.error("request_failed", method=scope["method"], route=template, status=status)
