"""Spans of SQL statements, for sampled traces only. Parameters are never among the attributes."""

import contextlib
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind

from shared.telemetry.tracing import tracer

NOTHING: AbstractContextManager[Any] = contextlib.nullcontext()


def statement(query: str) -> AbstractContextManager[Any]:
    """A client span for `query` when the current span is recorded; nothing otherwise."""
    if not trace.get_current_span().is_recording():
        return NOTHING
    operation = query.split(None, 1)[0].upper()
    return tracer.start_as_current_span(
        operation,
        kind=SpanKind.CLIENT,
        attributes={
            "db.system.name": "postgresql",
            "db.operation.name": operation,
            "db.query.text": query,
        },
        record_exception=False,
        set_status_on_exception=False,
    )
