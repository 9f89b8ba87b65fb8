"""CloudEvents on Kafka: what is written can be read, and rubbish is named."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.contracts.intake import ReferralReceived
from shared.messaging.envelope import (
    Undecodable,
    UnsupportedVersion,
    event_class,
    headers_of,
    open_envelope,
    read_payload,
)

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


def test_an_unknown_major_version_of_a_known_event_is_not_passed_over():
    with pytest.raises(UnsupportedVersion):
        event_class(EVENT.type_name().replace(".v1", ".v2"))


def test_a_type_of_somebody_else_is_passed_over():
    assert event_class("com.example.SomethingElse.v1") is None
