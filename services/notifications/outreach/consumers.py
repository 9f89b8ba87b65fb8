"""Attendance, and its corrections: a later event for the same session replaces the former."""

from services.notifications.outreach.commands import cancel_outreach, plan_outreach
from shared.contracts.scheduling import SessionAttended, SessionMissed
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on(SessionMissed)
async def session_missed(tx: Transaction, received: Received[SessionMissed]) -> None:
    missed = received.event
    if missed.excused or missed.on_hold:
        await cancel_outreach(tx, [(missed.client_id, missed.session_id)])
    else:
        await plan_outreach(tx, missed, received.traceparent)


@consumers.on_many(SessionAttended)
async def sessions_attended(tx: Transaction, received: list[Received[SessionAttended]]) -> None:
    await cancel_outreach(tx, ((one.event.client_id, one.event.session_id) for one in received))
