"""CloudEvents 1.0 in Kafka's binary mode: attributes are `ce_*` headers, the value is the payload.

Extensions: `sequence` (the event's number in its key's stream, zero-padded so that it sorts as
text; absent on derived streams) and `traceparent` (W3C trace context, as a plain header).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Generic, TypeVar

from pydantic import ValidationError

from shared.contracts.base import SCHEMA_BASE, Event
from shared.contracts.topics import BY_STREAM
from shared.telemetry.tracing import TRACEPARENT

E_co = TypeVar("E_co", bound=Event, covariant=True)
Headers = Sequence[tuple[str, bytes]]
LONGEST_KEY = 200
LARGEST_SEQUENCE = 2**63 - 1


class Undecodable(ValueError):
    """A record that is no event of ours; the message says what is wrong, never the content."""


@dataclass(slots=True)
class Envelope:
    """The attributes of one record and its payload, not yet read."""

    id: str
    source: str
    type: str
    stream: str
    key: str
    sequence: int | None
    time: datetime
    dataschema: str | None
    traceparent: str | None
    payload: bytes
    partition: int = -1
    offset: int = -1
    headers: Headers = ()


@dataclass(slots=True)
class Received(Generic[E_co]):
    """An event as a handler gets it.

    `traceparent` is the context of the span that applies it; give the object as `cause` to what is
    published because of it.
    """

    event: E_co
    id: str
    source: str
    type: str
    stream: str
    key: str
    sequence: int | None
    time: datetime
    traceparent: str | None


def source_of(stream: str) -> str:
    """The CloudEvents source of a stream."""
    return f"/stepwell/{stream}"


@lru_cache(maxsize=4_096)
def schema_uri(dataschema: str, base: str = SCHEMA_BASE) -> str:
    """The absolute URI of a data schema, whatever base it was journaled with.

    Until version 0.1 the journal was given a reference relative to this repository,
    `/contracts/schemas/….json`. A `base` that ends in a slash is the address of a folder with the
    files of `contracts/schemas`; any other one is followed by the bare name.
    """
    name = re.split("[:/]", dataschema)[-1].removesuffix(".json")
    return f"{base}{name}.json" if base.endswith("/") else f"{base}{name}"


def headers_of(
    *,
    stream: str,
    key: str,
    sequence: int | None,
    event_id: str,
    type: str,
    dataschema: str,
    occurred_at: datetime,
    traceparent: str | None,
    schema_base: str = SCHEMA_BASE,
) -> list[tuple[str, bytes]]:
    """The Kafka headers of one event; `schema_base` is as in `schema_uri`."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", b"/stepwell/" + stream.encode()),
        ("ce_type", type.encode()),
        ("ce_time", occurred_at.isoformat().replace("+00:00", "Z").encode()),
        ("ce_subject", key.encode()),
        ("ce_dataschema", schema_uri(dataschema, schema_base).encode()),
        ("content-type", b"application/json"),
    ]
    if sequence is not None:
        headers.append(("ce_sequence", b"%012d" % sequence))
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    return headers


def open_envelope(
    stream: str,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    *,
    partition: int = -1,
    offset: int = -1,
) -> Envelope:
    """Read a record's attributes.

    A header without a value counts as absent.

    Raises:
        Undecodable: when an attribute is missing or malformed.
    """
    given = dict(headers)
    try:
        if given.get("ce_specversion") != b"1.0":
            raise Undecodable("ce_specversion is not 1.0")
        if value is None:
            raise Undecodable("the record has no payload")
        subject = _text(given, "ce_subject")
        if len(subject) > LONGEST_KEY:
            raise Undecodable(f"ce_subject is longer than {LONGEST_KEY} characters")
        if key is not None and key.decode() != subject:
            raise Undecodable("the record's key is not ce_subject")
        return Envelope(
            id=_text(given, "ce_id"),
            source=_text(given, "ce_source"),
            type=_text(given, "ce_type"),
            stream=stream,
            key=subject,
            sequence=_sequence(stream, given),
            time=_time(given),
            dataschema=_text(given, "ce_dataschema") if given.get("ce_dataschema") else None,
            traceparent=_traceparent(given.get("traceparent")),
            payload=value,
            partition=partition,
            offset=offset,
            headers=headers,
        )
    except UnicodeDecodeError:
        raise Undecodable("an attribute or the key is not UTF-8") from None
    except (ValueError, OverflowError) as error:
        if isinstance(error, Undecodable):
            raise
        raise Undecodable("ce_sequence or ce_time is malformed") from None


def _text(given: Mapping[str, bytes | None], name: str) -> str:
    """An attribute as text that a database can hold."""
    value = given.get(name)
    if value is None:
        raise Undecodable(f"{name} is missing")
    if b"\x00" in value:
        raise Undecodable(f"{name} has a null character")
    return value.decode()


def _time(given: Mapping[str, bytes | None]) -> datetime:
    """When it happened, in UTC. Without an offset it would be read by this machine's zone."""
    time = datetime.fromisoformat(_text(given, "ce_time").upper())
    if time.tzinfo is None:
        raise Undecodable("ce_time has no offset")
    return time.astimezone(UTC)


def _sequence(stream: str, given: Mapping[str, bytes | None]) -> int | None:
    """The event's number; derived streams have none, whatever the record says."""
    if BY_STREAM[stream].derived:
        return None
    sequence = int(_text(given, "ce_sequence"))
    if not 0 < sequence <= LARGEST_SEQUENCE:
        raise Undecodable("ce_sequence is out of range")
    return sequence


def _traceparent(value: bytes | None) -> str | None:
    """The trace context; one that is malformed is no reason to refuse an event."""
    given = None if value is None else value.decode("latin-1")
    return given if given is not None and TRACEPARENT.match(given) else None


def read_payload(envelope: Envelope, contract: type[Event]) -> Received[Event]:
    """Read the payload by its contract; fields of newer minor versions are ignored.

    Raises:
        Undecodable: naming the fields that are wrong, without their values; also for an event on
            a stream that is not its own, which another service may write.
    """
    received = read_again(envelope, contract)
    if received.event.key != envelope.key:
        raise Undecodable("the payload is about another key than the record")
    return received


def read_again(envelope: Envelope, contract: type[Event]) -> Received[Event]:
    """As `read_payload`, of an event that was read before: whose key it has been compared with.

    Raises:
        Undecodable: see there.
    """
    if contract.stream != envelope.stream:
        raise Undecodable(f"{contract.__name__} does not belong on this stream")
    try:
        event = contract.model_validate_json(envelope.payload)
    except ValidationError as error:
        fields = sorted(
            {"/".join(str(part) for part in e["loc"]) or "payload" for e in error.errors()}
        )
        raise Undecodable(
            f"payload does not fit {contract.__name__}: {', '.join(fields)}"
        ) from None
    return Received(
        event,
        envelope.id,
        envelope.source,
        envelope.type,
        envelope.stream,
        envelope.key,
        envelope.sequence,
        envelope.time,
        envelope.traceparent,
    )
