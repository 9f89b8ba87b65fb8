"""The spans of messaging, by OpenTelemetry's semantic conventions; nothing for unsampled events."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from opentelemetry.trace import SpanKind

from shared.messaging.envelope import Received
from shared.telemetry.tracing import current_traceparent, is_sampled, span_from


def attributes(operation: str, stream: str, type_name: str) -> dict[str, str]:
    """Attributes of a messaging span. Ids of clients are not among them."""
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": operation,
        "messaging.destination.name": f"stepwell.{stream}",
        "cloudevents.event_type": type_name,
    }


@contextlib.contextmanager
def applying(consumer: str, received: Sequence[Received[Any]]) -> Iterator[None]:
    """Spans around the handlers of these events, each in the trace of its event.

    Every event's `traceparent` becomes that of its span, so that what it causes is nested there.
    """
    with contextlib.ExitStack() as stack:
        for one in received:
            if one.traceparent is None or not is_sampled(one.traceparent):
                continue
            stack.enter_context(
                span_from(
                    one.traceparent,
                    f"process stepwell.{one.stream}",
                    kind=SpanKind.CONSUMER,
                    attributes=attributes("process", one.stream, one.type)
                    | {"messaging.consumer.group.name": consumer},
                )
            )
            one.traceparent = current_traceparent()
        yield


def sending(stream: str, type_name: str, traceparent: str) -> str:
    """Record that a sampled event is sent; the trace context for the record's headers."""
    with span_from(
        traceparent,
        f"send stepwell.{stream}",
        kind=SpanKind.PRODUCER,
        attributes=attributes("send", stream, type_name),
    ):
        return current_traceparent() or traceparent
