"""CloudEvents on Kafka: what is written can be read, and rubbish is named."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from pydantic import ValidationError

from shared.contracts.base import SCHEMA_BASE
from shared.contracts.intake import ReferralReceived
from shared.messaging.envelope import (
    Undecodable,
    headers_of,
    open_envelope,
    read_payload,
)
from tests.support.apis import settings

CLIENT = "01a20e20-97d3-779f-8fac-673dd9f7f455"
AT = datetime(2026, 3, 2, 14, 30, 0, 120_000, tzinfo=UTC)
EVENT = ReferralReceived(
    client_id=UUID(CLIENT),
    site_id=UUID(int=1),
    referral_id=UUID(int=2),
    source="self",
    received_at=AT,
)


def headers(**changed: bytes | None) -> list[tuple[str, bytes]]:
    made = dict(
        headers_of(
            stream="intake",
            key=CLIENT,
            sequence=7,
            event_id="e-1",
            type=EVENT.type_name(),
            dataschema=EVENT.schema_name(),
            occurred_at=AT,
            traceparent=None,
        )
    )
    for name, value in changed.items():
        if value is None:
            del made[name]
        else:
            made[name] = value
    return list(made.items())


def opened(**changed: bytes | None):
    payload = changed.pop("payload", EVENT.model_dump_json().encode())
    return open_envelope("intake", CLIENT.encode(), payload, headers(**changed))


def test_an_event_comes_back_as_it_was_published():
    envelope = opened()
    received = read_payload(envelope, ReferralReceived)
    assert received.event == EVENT
    assert (received.sequence, received.time, received.key) == (7, AT, CLIENT)


def test_the_sequence_sorts_as_text():
    assert dict(headers())["ce_sequence"] == b"000000000007"


def test_fields_of_a_newer_minor_version_are_accepted():
    payload = EVENT.model_dump_json().encode().replace(b"{", b'{"urgency":"high",', 1)
    assert read_payload(opened(payload=payload), ReferralReceived).event == EVENT


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"ce_id": None}, "ce_id is missing"),
        ({"ce_specversion": b"0.3"}, "ce_specversion"),
        ({"ce_sequence": b"seven"}, "malformed"),
        ({"ce_time": b"yesterday"}, "malformed"),
        ({"ce_type": b"\xff"}, "UTF-8"),
        ({"ce_subject": b"someone-else"}, "key"),
    ],
)
def test_a_malformed_attribute_is_named(changed: dict[str, bytes | None], says: str):
    with pytest.raises(Undecodable, match=says):
        opened(**changed)


def test_a_record_without_payload_is_undecodable():
    with pytest.raises(Undecodable, match="no payload"):
        open_envelope("intake", CLIENT.encode(), None, headers())


def test_a_payload_that_does_not_fit_names_the_fields_and_not_the_values():
    payload = EVENT.model_dump_json().encode().replace(b'"self"', b'"Ms. Somebody"')
    with pytest.raises(Undecodable) as refused:
        read_payload(opened(payload=payload), ReferralReceived)
    assert "source" in str(refused.value)
    assert "Somebody" not in str(refused.value)


def test_a_payload_about_another_client_is_refused():
    other = EVENT.model_copy(update={"client_id": UUID(int=9)})
    with pytest.raises(Undecodable, match="another key"):
        read_payload(opened(payload=other.model_dump_json().encode()), ReferralReceived)


def test_an_event_on_a_stream_of_another_service_is_refused():
    forged = replace(opened(), stream="notifications")
    with pytest.raises(Undecodable, match="does not belong"):
        read_payload(forged, ReferralReceived)


@pytest.mark.parametrize(
    ("spoiled", "named"),
    [
        ({"ce_id": b"a\x00b"}, "ce_id"),
        ({"ce_type": b"org.stepwell.intake.ReferralReceived.v\x00"}, "ce_type"),
        ({"ce_subject": b"k" * 201}, "ce_subject"),
        ({"ce_sequence": None}, "ce_sequence"),
        ({"ce_sequence": b"0"}, "ce_sequence"),
        ({"ce_sequence": b"-1"}, "ce_sequence"),
        ({"ce_sequence": b"9223372036854775808"}, "ce_sequence"),
        ({"ce_sequence": b"9" * 5_000}, "ce_sequence"),
    ],
)
def test_an_attribute_that_cannot_be_stored_is_named(spoiled: dict[str, Any], named: str):
    with pytest.raises(Undecodable, match=named):
        opened(**spoiled)


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type", "ce_time", "ce_subject"])
def test_an_attribute_without_a_value_is_missing(name: str):
    given: list[Any] = [(n, None if n == name else v) for n, v in headers()]
    with pytest.raises(Undecodable, match=f"{name} is missing"):
        open_envelope("intake", CLIENT.encode(), b"{}", given)


def test_a_malformed_trace_context_is_no_reason_to_refuse_an_event():
    for malformed in (b"rubbish", b"\xff", b"00-\x00", b""):
        assert opened(traceparent=malformed).traceparent is None


def test_a_derived_stream_has_no_numbers():
    assert open_envelope("engagement", CLIENT.encode(), b"{}", headers()).sequence is None


@pytest.mark.parametrize(
    "journaled",
    [
        "urn:stepwell:schema:intake.ClientEnrolled.v1.1",
        "/contracts/schemas/intake.ClientEnrolled.v1.1.json",
        "https://contracts.example.test/intake.ClientEnrolled.v1.1.json",
    ],
)
@pytest.mark.parametrize(
    ("base", "uri"),
    [
        (SCHEMA_BASE, "urn:stepwell:schema:intake.ClientEnrolled.v1.1"),
        (
            "https://example.test/schemas/",
            "https://example.test/schemas/intake.ClientEnrolled.v1.1.json",
        ),
        (
            "https://example.test/registry?name=",
            "https://example.test/registry?name=intake.ClientEnrolled.v1.1",
        ),
    ],
)
def test_a_data_schema_leaves_as_an_absolute_uri_however_it_was_journaled(journaled, base, uri):
    sent = dict(
        headers_of(
            stream="intake",
            key=CLIENT,
            sequence=1,
            event_id="e-1",
            type=EVENT.type_name(),
            dataschema=journaled,
            occurred_at=AT,
            traceparent=None,
            schema_base=base,
        )
    )
    assert sent["ce_dataschema"].decode() == uri
    assert urlsplit(uri).scheme


@pytest.mark.parametrize("given", ["/contracts/schemas/x.json", None, "anything at all"])
def test_a_reader_takes_an_event_whatever_its_data_schema_says(given):
    """Topics and journals keep events of the time when it was a relative reference."""
    envelope = opened(ce_dataschema=None if given is None else given.encode())
    assert envelope.dataschema == given
    assert read_payload(envelope, ReferralReceived).event == EVENT


@pytest.mark.parametrize(
    ("base", "fits"),
    [
        *[("urn:example:schema:", True), ("https://example.test/schemas/", True)],
        *[("/contracts/schemas/", False), ("schemas", False), ("https://example.test", False)],
        *[("", False), ("urn: x:", False), ("//example.test/", False)],
    ],
)
def test_the_base_of_schemas_is_an_absolute_uri(base, fits):
    if fits:
        assert settings(schema_base=base).schema_base == base
        return
    with pytest.raises(ValidationError):
        settings(schema_base=base)


@pytest.mark.parametrize(
    "time", ["2026-03-02T14:30:00", "2026-03-02", "20260302", "2026-03-02T14:30", "2026-W10-1"]
)
def test_a_time_without_an_offset_is_undecodable_and_not_read_in_the_zone_of_the_machine(time: str):
    with pytest.raises(Undecodable, match="ce_time has no offset"):
        opened(ce_time=time.encode())


@pytest.mark.parametrize(
    "time", ["2026-03-02T14:30:00.120Z", "2026-03-02T07:30:00.120-07:00", "2026-03-02T14:30:00.12z"]
)
def test_a_time_with_an_offset_is_read_as_its_instant(time: str):
    assert opened(ce_time=time.encode()).time == AT


@pytest.mark.parametrize("name", ["ce_dataschema", "traceparent", "ce_partitionkey"])
def test_an_optional_attribute_without_a_value_is_absent(name: str):
    given: list[Any] = [*((n, v) for n, v in headers() if n != name), (name, None)]
    payload = EVENT.model_dump_json().encode()
    envelope = open_envelope("intake", CLIENT.encode(), payload, given)
    assert read_payload(envelope, ReferralReceived).event == EVENT
    assert envelope.traceparent is None
    assert (envelope.dataschema is None) == (name == "ce_dataschema")
