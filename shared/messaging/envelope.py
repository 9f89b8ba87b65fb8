"""CloudEvents 1.0 in Kafka's binary mode: attributes are `ce_*` headers, the value is the payload.

Extensions: `sequence` (the event's number in its key's stream, zero-padded so that it sorts as
text; absent on derived streams) and `traceparent` (W3C trace context, as a plain header).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from pydantic import ValidationError

from shared.contracts.base import Event
from shared.contracts.topics import BY_TYPE

E_co = TypeVar("E_co", bound=Event, covariant=True)
Headers = Sequence[tuple[str, bytes]]


class Undecodable(ValueError):
    """A record that is no event of ours; the message says what is wrong, never the content."""


class UnsupportedVersion(Undecodable):
    """An event of a known name in a major version that this reader does not know."""


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
) -> list[tuple[str, bytes]]:
    """The Kafka headers of one event."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", b"/stepwell/" + stream.encode()),
        ("ce_type", type.encode()),
        ("ce_time", occurred_at.isoformat().replace("+00:00", "Z").encode()),
        ("ce_subject", key.encode()),
        ("ce_dataschema", dataschema.encode()),
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

    Raises:
        Undecodable: when an attribute is missing or malformed.
    """
    given = dict(headers)
    try:
        if given.get("ce_specversion") != b"1.0":
            raise Undecodable("ce_specversion is not 1.0")
        if value is None:
            raise Undecodable("the record has no payload")
        sequence = given.get("ce_sequence")
        traceparent = given.get("traceparent")
        dataschema = given.get("ce_dataschema")
        subject = given["ce_subject"].decode()
        if key is not None and key.decode() != subject:
            raise Undecodable("the record's key is not ce_subject")
        return Envelope(
            id=given["ce_id"].decode(),
            source=given["ce_source"].decode(),
            type=given["ce_type"].decode(),
            stream=stream,
            key=subject,
            sequence=None if sequence is None else int(sequence),
            time=datetime.fromisoformat(given["ce_time"].decode()).astimezone(UTC),
            dataschema=None if dataschema is None else dataschema.decode(),
            traceparent=None if traceparent is None else traceparent.decode(),
            payload=value,
            partition=partition,
            offset=offset,
            headers=headers,
        )
    except KeyError as error:
        raise Undecodable(f"{error.args[0]} is missing") from None
    except UnicodeDecodeError:
        raise Undecodable("an attribute or the key is not UTF-8") from None
    except (ValueError, OverflowError) as error:
        if isinstance(error, Undecodable):
            raise
        raise Undecodable("ce_sequence or ce_time is malformed") from None


def event_class(type_name: str) -> type[Event] | None:
    """The contract of a type, or None for a type that is not ours.

    Raises:
        UnsupportedVersion: for a known event in an unknown major version.
    """
    found = BY_TYPE.get(type_name)
    if found is None:
        name, _, _ = type_name.rpartition(".")
        if any(known.rpartition(".")[0] == name for known in BY_TYPE):
            raise UnsupportedVersion(f"{type_name} is not supported by this reader")
    return found


def read_payload(envelope: Envelope, contract: type[Event]) -> Received[Event]:
    """Read the payload by its contract; fields of newer minor versions are ignored.

    Raises:
        Undecodable: naming the fields that are wrong, without their values.
    """
    try:
        event = contract.model_validate_json(envelope.payload)
    except ValidationError as error:
        fields = sorted(
            {"/".join(str(part) for part in e["loc"]) or "payload" for e in error.errors()}
        )
        raise Undecodable(
            f"payload does not fit {contract.__name__}: {', '.join(fields)}"
        ) from None
    if event.key != envelope.key:
        raise Undecodable("the payload is about another key than the record")
    return Received(
        event=event,
        id=envelope.id,
        source=envelope.source,
        type=envelope.type,
        stream=envelope.stream,
        key=envelope.key,
        sequence=envelope.sequence,
        time=envelope.time,
        traceparent=envelope.traceparent,
    )
