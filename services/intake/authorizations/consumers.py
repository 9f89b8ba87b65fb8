"""Sessions as scheduling tells of them: what kind each is, and who came for how long."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from services.intake.authorizations.attendance import (
    Fact,
    expect_sessions,
    note_sessions,
    release_sessions,
)
from shared.calendar import day_at
from shared.contracts.scheduling import (
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
    await _note(tx, received, lambda event: (event.attended_minutes, event.recorded_at))


@consumers.on_many(SessionMissed)
async def sessions_missed(tx: Transaction, received: list[Received[SessionMissed]]) -> None:
    await _note(tx, received, lambda event: (0, event.recorded_at))


@consumers.on_many(SessionNotHeld)
async def sessions_not_held(tx: Transaction, received: list[Received[SessionNotHeld]]) -> None:
    await release_sessions(tx, [(one.event.client_id, one.event.session_id) for one in received])
    await _note(tx, received, lambda event: (0, event.not_held_at))


async def _note(
    tx: Transaction,
    received: Sequence[Received[Any]],
    credited: Callable[[Any], tuple[int, datetime]],
) -> None:
    """Note what became of sessions; `credited` tells the minutes of an event, and when it was
    recorded."""
    facts = [
        Fact(
            one.event.client_id,
            one.event.session_id,
            one.sequence or 0,
            one.event.site_id,
            day_at(one.event.starts_at, one.event.time_zone),
            *credited(one.event),
        )
        for one in received
    ]
    await note_sessions(tx, facts, {one.event.client_id: one for one in received})
