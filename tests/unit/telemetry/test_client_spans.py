"""Spans of requests between services carry the trace on, and no query."""

from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.telemetry import tracing

KEY = "01a20e20-97d3-779f-8fac-673dd9f7f455"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is exported while HTTP clients are observed."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.observe_http_clients(provider)
    yield exporter
    HTTPXClientInstrumentor().uninstrument()


async def test_the_span_of_a_request_to_another_service_names_no_key(
    spans: InMemorySpanExporter,
) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("http://127.0.0.1:1/events", params={"topic": "intake", "key": KEY})
    (span,) = spans.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["url.full"] == "http://127.0.0.1:1/events"
    assert span.attributes["http.request.method"] == "GET"
    assert KEY not in span.to_json()


@pytest.mark.parametrize(
    ("flags", "sampled"),
    [("00", False), ("01", True), ("02", False), ("03", True), ("05", True), ("ff", True)],
)
def test_only_the_lowest_flag_says_that_a_trace_is_recorded(flags: str, sampled: bool) -> None:
    traceparent = f"00-{'a' * 32}-{'b' * 16}-{flags}"
    assert tracing.is_sampled(traceparent) is sampled
    assert tracing.parse(traceparent).trace_flags.sampled is sampled
