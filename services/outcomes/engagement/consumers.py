"""Attendance, to know how far it has come. The figures come from the stream's own events."""

from services.outcomes.engagement.commands import note_attendance
from shared.contracts.scheduling import SessionAttended, SessionMissed
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(SessionAttended)
async def sessions_attended(tx: Transaction, received: list[Received[SessionAttended]]) -> None:
    await note_attendance(tx, [(one.event, one.sequence) for one in received])


@consumers.on_many(SessionMissed)
async def sessions_missed(tx: Transaction, received: list[Received[SessionMissed]]) -> None:
    await note_attendance(tx, [(one.event, one.sequence) for one in received])
