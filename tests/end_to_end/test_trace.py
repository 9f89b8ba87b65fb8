"""One trace from the request to the delivered message, and nothing personal in it."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import httpx
import pytest

from shared.contracts.services import SERVICES
from tests.support.installed import Installed, name_of, trace_id

Found = dict[str, Any]


@pytest.fixture(scope="module")
def missed(told: Installed) -> Found:
    """The SessionMissed event of the client who was sent a message for it."""
    client = told.clients()["Client 1-01"]["id"]
    (event,) = (e for e in told.events("scheduling", client) if name_of(e) == "SessionMissed")
    return event


@pytest.fixture(scope="module")
def trace(told: Installed, missed: Found) -> list[Found]:
    """The spans of this client's way."""
    wanted = f"0x{trace_id(missed['traceparent'])}"
    return [span for span in told.spans() if span["context"]["trace_id"] == wanted]


def service_of(span: Found) -> str:
    return str(span["resource"]["attributes"]["service.name"])


def chain(spans: list[Found], last: Found) -> Iterator[tuple[str, str]]:
    """Service and name of a span and of all above it, from the outermost on."""
    by_id = {span["context"]["span_id"]: span for span in spans}
    found = []
    span: Found | None = last
    while span is not None:
        found.append((service_of(span), span["name"]))
        span = by_id.get(span["parent_id"])
    return reversed(found)


def named(spans: list[Found], service: str, name: str) -> list[Found]:
    return [span for span in spans if service_of(span) == service and span["name"] == name]


LATER = (
    "session_reminder",
    "session_reminder_soon",
    "missed_session_next_day",
    "missed_session_day_3",
    "staff_alert",
)
"""Messages that are due days after what they are about became known."""


def test_the_delivered_message_is_below_the_request_that_recorded_the_miss(
    trace: list[Found],
) -> None:
    kinds = {
        span["attributes"]["stepwell.notification.kind"]: span
        for span in named(trace, "notifications", "send notification")
    }
    assert kinds.keys() <= {"missed_session_outreach", "next_steps"}, "the decision is in it too"
    sent = kinds["missed_session_outreach"]
    assert list(chain(trace, sent)) == [
        ("scheduling", "POST /sessions/{session_id}/attendance"),
        ("scheduling", "send stepwell.scheduling"),
        ("notifications", "process stepwell.scheduling"),
        ("notifications", "send notification"),
    ]
    told_again = named(trace, "notifications", "send stepwell.notifications")
    assert list(chain(trace, sent))[:3] in [list(chain(trace, span))[:3] for span in told_again]


def test_the_same_trace_runs_through_the_stream_to_the_step_down(trace: list[Found]) -> None:
    ways = {tuple(chain(trace, span)) for span in trace}
    attendance = (
        ("scheduling", "POST /sessions/{session_id}/attendance"),
        ("scheduling", "send stepwell.scheduling"),
    )
    engaged = (*attendance, ("outcomes", "process stepwell.scheduling"))
    assert engaged in ways
    assert (*engaged, ("outcomes", "process stepwell.engagement")) in ways
    recommended = ("outcomes", "send stepwell.outcomes")
    assert (*engaged, ("outcomes", "process stepwell.engagement"), recommended) in ways
    decided = (
        ("outcomes", "POST /recommendations/{recommendation_id}/decision"),
        recommended,
        ("intake", "process stepwell.outcomes"),
        ("intake", "send stepwell.intake"),
        ("scheduling", "process stepwell.intake"),
        ("scheduling", "send stepwell.scheduling"),
        ("notifications", "process stepwell.scheduling"),
    )
    assert decided in ways


def test_the_groups_of_all_consumers_are_in_the_trace(trace: list[Found]) -> None:
    groups = {
        (service_of(span), span["attributes"]["messaging.consumer.group.name"])
        for span in trace
        if "messaging.consumer.group.name" in span["attributes"]
    }
    assert groups == {
        ("intake", "intake"),
        ("scheduling", "scheduling"),
        ("notifications", "notifications"),
        ("outcomes", "outcomes"),
        ("outcomes", "outcomes-engagement"),
    }


def test_a_request_makes_one_server_span(trace: list[Found]) -> None:
    recorded = named(trace, "scheduling", "POST /sessions/{session_id}/attendance")
    assert len(recorded) == 9


def test_a_message_sent_days_later_links_to_its_cause(told: Installed, trace: list[Found]) -> None:
    spans = told.spans()
    causes = {span["context"]["trace_id"] for span in trace}
    linked = [
        span
        for span in spans
        if any(link["context"]["trace_id"] in causes for link in span["links"])
    ]
    assert linked
    for span in linked:
        assert span["name"] == "send notification"
        kind = span["attributes"]["stepwell.notification.kind"]
        assert kind in LATER
        assert span["context"]["trace_id"] not in causes
        assert span["parent_id"] is None


def test_no_personal_data_is_in_any_span_log_or_event(told: Installed) -> None:
    secrets: set[str] = set()
    for label, client in told.clients().items():
        contact = told.get("intake", f"/clients/{client['id']}/contact")
        secrets |= {label, client["birth_date"], contact["email"], contact["phone"]}
    pattern = re.compile("|".join(re.escape(word) for word in sorted(filter(None, secrets))))
    places = [told.spans_file, *told.state.logs.glob("*.log")]
    assert len(places) > len(("spans", "four services", "stream", "database", "broker"))
    for place in places:
        assert pattern.search(place.read_text(errors="replace")) is None, place
    for client in told.clients().values():
        for stream in ("intake", "scheduling", "notifications", "outcomes"):
            for event in told.events(stream, client["id"]):
                assert pattern.search(event["data"]) is None, event["type"]
    for service in SERVICES:
        url = told.environment[f"STEPWELL_URL_{service.upper()}"]
        assert pattern.search(httpx.get(f"{url}/metrics").text) is None, service
    for path in told.state.mail.rglob("*.eml"):
        mail = message_from_bytes(path.read_bytes())
        del mail["To"]
        said = "".join(str(part.get_payload(decode=True)) for part in mail.walk())
        assert pattern.search(f"{mail.items()} {said}") is None, path
