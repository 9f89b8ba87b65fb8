"""Publishing: an event goes into the transaction that makes it true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.contracts.base import Event
from shared.contracts.topics import BY_STREAM, LARGEST_EVENT_BYTES
from shared.database.transaction import Outgoing, Transaction
from shared.errors import Refused
from shared.ids import new_id
from shared.telemetry.tracing import current_traceparent

if TYPE_CHECKING:
    from shared.messaging.envelope import Received


class EventTooLarge(Refused, title="Too large to publish"):
    """What was to be published is larger than an event may be."""

    status = 413


def publish(tx: Transaction, event: Event, *, cause: Received[Any] | None = None) -> None:
    """Publish `event` with the commit of `tx`, or not at all.

    The event takes the next number of its key's stream when the transaction commits. `cause` is the
    received event that led to it, given where a handler takes several events at once; otherwise the
    current trace is carried on.

    Raises:
        EventTooLarge: the payload has more than `LARGEST_EVENT_BYTES`.
    """
    if event.stream not in BY_STREAM or BY_STREAM[event.stream].derived:
        raise ValueError(f"{type(event).__name__} is not published through an outbox.")
    payload = event.model_dump_json().encode()
    if len(payload) > LARGEST_EVENT_BYTES:
        raise EventTooLarge(
            f"{type(event).__name__} would have {len(payload)} bytes, and an event may have "
            f"{LARGEST_EVENT_BYTES}: leave something out, or enter it in parts."
        )
    tx.outgoing.append(
        Outgoing(
            stream=event.stream,
            key=event.key,
            event_id=str(new_id()),
            type=event.type_name(),
            dataschema=event.schema_name(),
            traceparent=cause.traceparent if cause is not None else current_traceparent(),
            payload=payload,
        )
    )
