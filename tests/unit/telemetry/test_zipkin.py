"""Spans for Zipkin name the other side, and leave sampling to the collector."""

import json
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from shared.messaging.spans import attributes
from shared.telemetry.zipkin import Exporter

TOPIC = attributes("send", "intake", "ReferralReceived")
STATEMENT = {"db.system.name": "postgresql", "db.operation.name": "SELECT"}
MAIL = {"messaging.system": "smtp", "messaging.operation.type": "send"}
REQUEST = {"http.request.method": "GET", "server.address": "127.0.0.1"}


def encoded(kind: SpanKind, known: dict[str, str]) -> dict[str, Any]:
    """A span as it goes to the collector."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "intake"}))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    provider.get_tracer("test").start_span("span", kind=kind, attributes=known).end()
    zipkin = Exporter("http://127.0.0.1:1/api/v2/spans")
    zipkin.local_node.service_name = "intake"
    (span,) = json.loads(zipkin.encoder.serialize(kept.get_finished_spans(), zipkin.local_node))
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


def test_no_span_is_kept_from_the_collectors_sampling():
    assert "debug" not in encoded(SpanKind.PRODUCER, TOPIC)
