"""Sessions as scheduling tells of them: what kind each is, and who came for how long."""

from collections.abc import Sequence
from typing import Any

from services.intake.authorizations.attendance import (
    Fact,
    expect_sessions,
    note_sessions,
    release_sessions,
)
from services.intake.authorizations.rules.units import service_date
from shared.contracts.scheduling import (
    AttendanceEvent,
    SessionAttended,
    SessionMissed,
    SessionNotHeld,
    SessionScheduled,
)
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(SessionScheduled)
async def sessions_scheduled(tx: Transaction, received: list[Received[SessionScheduled]]) -> None:
    await expect_sessions(tx, [one.event for one in received])


@consumers.on_many(SessionAttended)
async def sessions_attended(tx: Transaction, received: list[Received[SessionAttended]]) -> None:
    await _note(tx, [(one, one.event.attended_minutes) for one in received])


@consumers.on_many(SessionMissed)
async def sessions_missed(tx: Transaction, received: list[Received[SessionMissed]]) -> None:
    await _note(tx, [(one, 0) for one in received])


@consumers.on_many(SessionNotHeld)
async def sessions_not_held(tx: Transaction, received: list[Received[SessionNotHeld]]) -> None:
    await release_sessions(tx, [(one.event.client_id, one.event.session_id) for one in received])
    facts = [
        Fact(
            client_id=one.event.client_id,
            session_id=one.event.session_id,
            sequence=one.sequence or 0,
            site_id=one.event.site_id,
            service_date=service_date(one.event.starts_at, one.event.time_zone),
            minutes=0,
            recorded_at=one.event.not_held_at,
        )
        for one in received
    ]
    await note_sessions(tx, facts, {one.event.client_id: one for one in received})


async def _note(tx: Transaction, told: Sequence[tuple[Received[Any], int]]) -> None:
    facts = [_fact(one.event, one.sequence or 0, minutes) for one, minutes in told]
    await note_sessions(tx, facts, {one.event.client_id: one for one, _ in told})


def _fact(event: AttendanceEvent, sequence: int, minutes: int) -> Fact:
    return Fact(
        client_id=event.client_id,
        session_id=event.session_id,
        sequence=sequence,
        site_id=event.site_id,
        service_date=service_date(event.starts_at, event.time_zone),
        minutes=minutes,
        recorded_at=event.recorded_at,
    )
