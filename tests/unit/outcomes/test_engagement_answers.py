"""What the worker answers to attendance that comes together."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import TracerProvider

from services.outcomes.engagement.rules.figures import figures_as_json
from services.outcomes.engagement.stream import Answers
from services.outcomes.engagement.table import key_of
from shared.contracts.scheduling import SessionAttended
from shared.settings import Settings
from shared.telemetry import tracing
from tests.support.attendance import Published, outcome

ANA, EVE = UUID(int=5), UUID(int=6)
TRACE = "0af7651916cd43dd8448eb211c80319c"


@dataclass
class Message:
    """A record as it was read."""

    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]
    partition: int = 3


@dataclass
class Windows:
    known: dict[bytes, bytes] = field(default_factory=dict)


@dataclass
class Sent:
    """What goes out, by topic."""

    told: list[tuple[str, int, bytes, bytes, dict[str, bytes]]] = field(default_factory=list)

    def add(self, topic: str, partition: int, key: bytes, value: bytes, headers: Any = ()) -> None:
        self.told.append((topic, partition, key, value, dict(headers)))

    def answers(self) -> list[tuple[str, int, str | None]]:
        """Client, sequence and trace id of each answer, in turn."""
        found = []
        for topic, _, key, value, headers in self.told:
            if topic == "stepwell.engagement":
                trace = headers.get("traceparent")
                sequence = json.loads(value)["source_sequence"]
                found.append(
                    (key.decode(), sequence, trace.decode().split("-")[1] if trace else None)
                )
        return found


def record(one: Published, flags: str | None = None) -> Message:
    headers = list(one.headers)
    if flags is not None:
        headers.append(("traceparent", f"00-{TRACE}-b7ad6b7169203331-{flags}".encode()))
    return Message(one.key, one.value, headers)


def came(client: UUID, session: int) -> Published:
    return outcome(client, session, "attended", sequence=session + 1)


def given(*messages: Message) -> tuple[Sent, Windows]:
    settings = Settings(
        service="outcomes",
        environment="local",
        database_url="postgresql://unused",
        kafka_bootstrap_servers="127.0.0.1:9",
        oidc_issuer="http://127.0.0.1:9",
    )
    sent, windows = Sent(), Windows()
    Answers(settings, windows).give(messages, sent)  # type: ignore[arg-type]  # they do as those
    return sent, windows


def test_a_client_is_answered_once_with_the_figures_after_the_last_event() -> None:
    sent, windows = given(*(record(came(client, n)) for n in range(3) for client in (ANA, EVE)))
    assert sent.answers() == [(str(ANA), 3, None), (str(EVE), 3, None)]
    window = windows.known[key_of(str(ANA))]
    assert sent.told[0][:4] == (
        "stepwell.engagement-windows-changelog",
        3,
        key_of(str(ANA)),
        window,
    )
    assert sent.told[1][3] == figures_as_json(str(ANA), window)


def test_an_event_whose_trace_is_recorded_has_an_answer_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "tracer", TracerProvider().get_tracer("test"))
    traced, unsampled = record(came(ANA, 1), "01"), record(came(ANA, 2), "00")
    sent, _ = given(record(came(ANA, 0)), traced, unsampled)
    assert sent.answers() == [(str(ANA), 2, TRACE), (str(ANA), 3, TRACE)]
    sent, _ = given(record(came(ANA, 0)), traced)
    assert sent.answers() == [(str(ANA), 2, TRACE)]


def test_what_tells_of_no_session_or_cannot_be_read_is_answered_by_nothing() -> None:
    other = record(came(ANA, 0))
    other.headers[3] = ("ce_type", b"org.stepwell.scheduling.SiteOpened.v1")
    strange = Message(b"k", b"{}", [("ce_type", SessionAttended.type_name().encode())])
    assert given(other, strange, Message(b"k", None, []))[0].told == []
