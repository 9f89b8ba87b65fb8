"""Attendance, as scheduling tells it."""

from services.intake.access_times.commands import Attended, note_attended, note_missed
from shared.calendar import day_at
from shared.contracts.scheduling import SessionAttended, SessionMissed, SessionNotHeld
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(SessionAttended, "authorizations")
async def sessions_attended(tx: Transaction, received: list[Received[SessionAttended]]) -> None:
    await note_attended(
        tx,
        [
            Attended(
                one.event.client_id,
                one.event.session_id,
                one.event.site_id,
                day_at(one.event.starts_at, one.event.time_zone),
                one.event.starts_at,
            )
            for one in received
        ],
    )


@consumers.on_many(SessionMissed, "authorizations")
async def sessions_missed(tx: Transaction, received: list[Received[SessionMissed]]) -> None:
    await note_missed(tx, ((one.event.client_id, one.event.session_id) for one in received))


@consumers.on_many(SessionNotHeld, "authorizations")
async def sessions_not_held(tx: Transaction, received: list[Received[SessionNotHeld]]) -> None:
    await note_missed(tx, ((one.event.client_id, one.event.session_id) for one in received))
