"""Spans as Zipkin draws its map of services from them.

OpenTelemetry's exporter names no remote side, so that the map shows calls over HTTP alone, and
marks every span as `debug`, which takes away the collector's right to sample.
"""

from typing import Any, cast

from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.exporter.zipkin.json.v2 import JsonV2Encoder
from opentelemetry.sdk.trace import ReadableSpan


def exporter(endpoint: str) -> ZipkinExporter:
    """An exporter to the collector at `endpoint`."""
    made: Any = ZipkinExporter(endpoint=endpoint)
    made.encoder = Encoder()
    return cast(ZipkinExporter, made)


class Encoder(JsonV2Encoder):
    """Version 2 of Zipkin's JSON, with the remote side of messages and statements."""

    def _encode_span(self, span: Any, local: Any) -> dict[str, Any]:
        encoded: dict[str, Any] = super()._encode_span(span, local)
        encoded.pop("debug", None)
        if (remote := remote_of(span, local["serviceName"])) is not None:
            encoded["remoteEndpoint"] = {"serviceName": remote}
        return encoded


def remote_of(span: ReadableSpan, service: str) -> str | None:
    """Who is at the other side: a topic such as `kafka/stepwell.intake`, the database of the
    service, such as `postgresql/intake`; None where a span of the other side says so itself."""
    known = span.attributes or {}
    if (system := known.get("db.system.name")) is not None:
        return f"{system}/{service}"
    if (system := known.get("messaging.system")) is not None:
        topic = known.get("messaging.destination.name")
        return f"{system}/{topic}" if topic else str(system)
    return None
