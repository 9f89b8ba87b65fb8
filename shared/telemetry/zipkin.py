"""Spans as Zipkin draws its map of services from them.

OpenTelemetry's exporter names no remote side, so that the map shows calls over HTTP alone, and
marks every span as `debug`, which takes away the collector's right to sample.
"""

import threading
import time
from collections.abc import Sequence
from typing import Any

from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.exporter.zipkin.json.v2 import JsonV2Encoder
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

PATIENCE_SECONDS = 60.0
"""How long a collector that is not there is waited for. Further spans are kept meanwhile, as many
as the queue has room for."""
PAUSE_SECONDS = 0.2


class Exporter(ZipkinExporter):
    """To the collector at `endpoint`, which may still have to start."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint=endpoint)
        self.encoder = Encoder()  # type: ignore[assignment]  # of the version that it speaks
        self.ending = threading.Event()
        """Once it is set nobody is waited for."""

    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return super().export(spans)
            except OSError:
                if time.monotonic() > deadline or self.ending.wait(PAUSE_SECONDS):
                    raise


class Processor(BatchSpanProcessor):
    """Gives spans to the collector at `endpoint` once a second."""

    def __init__(self, endpoint: str) -> None:
        self.exporter = Exporter(endpoint)
        super().__init__(self.exporter, schedule_delay_millis=1_000)

    def shutdown(self) -> None:
        self.exporter.ending.set()
        super().shutdown()  # type: ignore[no-untyped-call]


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
