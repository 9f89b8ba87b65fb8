"""One trace from the request to the delivered message, by W3C trace context and OpenTelemetry.

What is not sampled costs next to nothing: no span is made, the context is only carried on.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.settings import Settings

tracer = trace.get_tracer("stepwell")

PROPAGATOR = TraceContextTextMapPropagator()
INVALID = trace.INVALID_SPAN_CONTEXT
TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)", re.ASCII
)

SAMPLED = tuple("13579bdf")
"""How the flags end when their lowest bit is set."""


def setup(service: str, settings: Settings, *, asks: bool = True) -> None:
    """Start exporting spans as `settings.traces` says; `off` makes none.

    Args:
        asks: whether the process asks other services by HTTP.
    """
    if settings.traces == "off" and settings.spans_file is None:
        return
    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.namespace": "stepwell"}),
        sampler=ParentBased(TraceIdRatioBased(settings.traces_sample_ratio)),
    )
    if settings.traces == "zipkin":
        from shared.telemetry.zipkin import Processor

        provider.add_span_processor(Processor(settings.zipkin_endpoint))
    elif settings.traces == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    if settings.spans_file is not None:
        provider.add_span_processor(SimpleSpanProcessor(SpansFile(Path(settings.spans_file))))
    trace.set_tracer_provider(provider)
    if asks:
        observe_http_clients(provider)


def observe_http_clients(provider: trace.TracerProvider) -> None:
    """Make spans of what services ask of one another and of the issuer, and hand the trace on.

    The instrumentation notes the whole URL; its query names keys, so it is taken out.
    """
    import httpx
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor, RequestInfo

    async def without_query(span: Span, request: RequestInfo) -> None:
        if span.is_recording():
            url = httpx.URL(str(request.url))
            span.set_attribute("url.full", str(url.copy_with(query=None, fragment=None)))

    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    HTTPXClientInstrumentor().instrument(tracer_provider=provider, async_request_hook=without_query)


def shutdown() -> None:
    """Export what is left."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()


class SpansFile(SpanExporter):
    """Appends spans to a file, one JSON object a line; several processes may share the file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._file.write("".join(f"{span.to_json(indent=None)}\n" for span in spans))
        self._file.flush()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._file.close()


def traceparent_of(span_context: SpanContext) -> str | None:
    """The W3C header of a span context; None for the invalid one."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier, trace.set_span_in_context(NonRecordingSpan(span_context)))
    return carrier.get("traceparent")


def current_traceparent() -> str | None:
    """The trace context of what is running now, or None outside any trace."""
    return traceparent_of(trace.get_current_span().get_span_context())


def is_sampled(traceparent: str) -> bool:
    """Whether spans of this trace are recorded."""
    return traceparent.endswith(SAMPLED)


def parse(traceparent: str | None) -> SpanContext:
    """The span context of a W3C header; the invalid one for a missing or malformed header."""
    if traceparent is None:
        return INVALID
    found = PROPAGATOR.extract({"traceparent": traceparent}, context.Context())
    return trace.get_current_span(found).get_span_context()


def link_to(traceparent: str | None) -> tuple[Link, ...]:
    """A link to the cause of what happens later, in a trace of its own."""
    span_context = parse(traceparent)
    return (Link(span_context),) if span_context.is_valid else ()


@contextlib.contextmanager
def span_from(
    traceparent: str | None,
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str | int] | None = None,
    links: Sequence[Link] = (),
) -> Iterator[Span]:
    """A span that goes on with `traceparent`, current while the block runs.

    Without a traceparent a new trace begins. In a trace that is not sampled no span is made; the
    context is still carried on to what the block publishes.
    """
    parent = parse(traceparent)
    if parent.is_valid:
        remote = NonRecordingSpan(parent)
        parent_context = trace.set_span_in_context(remote, context.Context())
        span: Span = remote
        if parent.trace_flags.sampled:
            span = tracer.start_span(name, parent_context, kind, attributes, links)
    else:
        span = tracer.start_span(name, context.Context(), kind, attributes, links)
    token = context.attach(trace.set_span_in_context(span, context.Context()))
    try:
        yield span
    except Exception as error:
        span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        raise
    finally:
        context.detach(token)
        span.end()
