"""Spans for Zipkin name the other side, and leave sampling to the collector."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from shared.messaging.spans import attributes
from shared.telemetry.zipkin import Exporter
from stepwell.runtime.disposable import free_ports

TOPIC = attributes("send", "intake", "ReferralReceived")
STATEMENT = {"db.system.name": "postgresql", "db.operation.name": "SELECT"}
MAIL = {"messaging.system": "smtp", "messaging.operation.type": "send"}
REQUEST = {"http.request.method": "GET", "server.address": "127.0.0.1"}


def finished(kind: SpanKind, known: dict[str, str]) -> Sequence[ReadableSpan]:
    """A span that is over."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "intake"}))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    provider.get_tracer("test").start_span("span", kind=kind, attributes=known).end()
    return kept.get_finished_spans()


def encoded(kind: SpanKind, known: dict[str, str]) -> dict[str, Any]:
    """A span as it goes to the collector."""
    zipkin = Exporter("http://127.0.0.1:1/api/v2/spans")
    zipkin.local_node.service_name = "intake"
    (span,) = json.loads(zipkin.encoder.serialize(finished(kind, known), zipkin.local_node))
    return dict(span)


@pytest.mark.parametrize(
    ("kind", "known", "remote"),
    [
        (SpanKind.PRODUCER, TOPIC, "kafka/stepwell.intake"),
        (SpanKind.CONSUMER, TOPIC, "kafka/stepwell.intake"),
        (SpanKind.CLIENT, STATEMENT, "postgresql/intake"),
        (SpanKind.PRODUCER, MAIL, "smtp"),
    ],
)
def test_a_span_names_who_is_at_the_other_side(kind, known, remote):
    assert encoded(kind, known)["remoteEndpoint"] == {"serviceName": remote}


@pytest.mark.parametrize("kind", [SpanKind.CLIENT, SpanKind.SERVER])
def test_a_request_names_nobody_as_the_span_of_the_other_side_does(kind):
    assert "remoteEndpoint" not in encoded(kind, REQUEST)


def test_spans_wait_for_a_collector_that_is_still_starting() -> None:
    taken: list[int] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(len(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is told at the terminal."""

    (port,) = free_ports(1)
    patient = Exporter(f"http://127.0.0.1:{port}/api/v2/spans")
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(patient.export, finished(SpanKind.PRODUCER, TOPIC))
        with HTTPServer(("127.0.0.1", port), Collector) as collector:
            collector.timeout = 30
            collector.handle_request()
        assert sent.result() is SpanExportResult.SUCCESS
    assert taken == [1]
    patient.ending.set()
    with pytest.raises(OSError, match="refused"):
        patient.export(finished(SpanKind.PRODUCER, TOPIC))


def test_no_span_is_kept_from_the_collectors_sampling():
    assert "debug" not in encoded(SpanKind.PRODUCER, TOPIC)
