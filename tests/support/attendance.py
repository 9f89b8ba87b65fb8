"""Attendance as scheduling publishes it, made for streams: many clients, corrections, repeats."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.outcomes.engagement.rules.window import SessionEvent, Window, with_event
from services.outcomes.engagement.wire import engagement
from shared.contracts.outcomes import EngagementChanged
from shared.contracts.scheduling import SessionAttended, SessionMissed, SessionNotHeld
from shared.messaging.envelope import headers_of

SITE = UUID(int=1)
FIRST = datetime(2026, 2, 23, 15, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Published:
    """An event of a session and its number in the client's stream."""

    event: SessionEvent
    sequence: int

    @property
    def key(self) -> bytes:
        return self.event.key.encode()

    @property
    def value(self) -> bytes:
        return self.event.model_dump_json().encode()

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        return headers_of(
            stream="scheduling",
            key=self.event.key,
            sequence=self.sequence,
            event_id=f"{self.event.key}-{self.sequence}",
            type=self.event.type_name(),
            dataschema=self.event.schema_name(),
            occurred_at=self.event.starts_at,
            traceparent=None,
        )


def outcome(
    client: UUID,
    session: int,
    kind: str,
    *,
    minutes: int = 165,
    sequence: int = 1,
    stay: UUID | None = None,
) -> Published:
    """What became of one session: `attended`, `missed`, `excused`, `on_hold` (missed in a hold) or
    `not_held`. Sessions are every six hours, so that none leaves the window before the 113th and
    nothing that gets lost on the way can be forgotten rightly."""
    starts_at = FIRST + timedelta(hours=6 * session)
    common: dict[str, object] = {
        "client_id": client,
        "site_id": SITE,
        "enrolment_id": stay,
        "session_id": UUID(int=session + 1_000),
        "cohort_id": UUID(int=2),
        "starts_at": starts_at,
        "time_zone": "America/Denver",
    }
    if kind == "not_held":
        not_held = {"kind": "group", "reason": "weather", "not_held_at": starts_at}
        not_held["enrolment_id"] = stay or UUID(int=9)
        return Published(SessionNotHeld.model_validate(common | not_held), sequence)
    common |= {"scheduled_minutes": 165, "recorded_at": starts_at + timedelta(hours=3)}
    if kind == "attended":
        status = "present" if minutes == 165 else "partial"
        attended = {**common, "status": status, "attended_minutes": minutes}
        attended["minutes_late"] = (165 - minutes) // 2
        return Published(SessionAttended.model_validate(attended), sequence)
    status = "excused_absence" if kind == "excused" else "no_show"
    missed = {"status": status, "excused": kind == "excused", "on_hold": kind == "on_hold"}
    return Published(SessionMissed.model_validate(common | missed), sequence)


def course(client: UUID, events: int, chance: random.Random) -> list[Published]:
    """A client's attendance over many weeks and two stays; one in ten corrects an earlier session,
    and some sessions are not held."""
    made = []
    session = 0
    stays = [UUID(int=chance.getrandbits(120)) for _ in range(2)]
    for sequence in range(1, events + 1):
        corrects = session > 3 and chance.random() < 0.1
        which = session - chance.randint(1, 3) if corrects else session
        kind = chance.choices(["attended", "missed", "excused", "not_held"], [8, 1.5, 0.5, 0.3])[0]
        minutes = chance.choice([165, 165, 165, 90])
        stay = stays[which > events // 2]
        made.append(outcome(client, which, kind, minutes=minutes, sequence=sequence, stay=stay))
        session += not corrects
    return made


def spread(client: UUID, events: int, chance: random.Random) -> list[Published]:
    """A client's attendance over seven weeks and two stays, a third of it corrections; all of it
    is remembered, so that it may come in any order."""
    stays = [UUID(int=chance.getrandbits(120)) for _ in range(2)]
    turn = chance.randint(0, 60)
    kinds = ["attended", "attended", "attended", "missed", "excused", "not_held", "on_hold"]
    made = []
    for sequence in range(1, events + 1):
        session = chance.randint(0, 65)
        minutes = chance.choice([165, 165, 90, 0])
        stay = stays[session > turn]
        named: dict[str, Any] = {"minutes": minutes, "sequence": sequence, "stay": stay}
        made.append(outcome(client, 3 * session, chance.choice(kinds), **named))
    return made


def from_scratch(events: Iterable[Published]) -> EngagementChanged:
    """The figures of one client, computed from all events at once."""
    window: Window | None = None
    client = ""
    for one in events:
        window = with_event(window, one.event, one.sequence)
        client = one.event.key
    assert window is not None
    return engagement(client, window)


def in_turn(courses: Sequence[list[Published]], chance: random.Random) -> list[Published]:
    """The clients' events mixed, each client's in order."""
    queues = [list(reversed(one)) for one in courses]
    mixed = []
    while queues:
        queue = chance.choice(queues)
        mixed.append(queue.pop())
        if not queue:
            queues.remove(queue)
    return mixed
