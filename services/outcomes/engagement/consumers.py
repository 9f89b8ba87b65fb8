"""Attendance, to know how far it has come. The figures come from the stream's own events.

What the stream passes over because no figures can be computed from it is refused here, and so laid
aside where operators see it.
"""

from collections.abc import Sequence

from services.outcomes.directory.commands import learn_zones
from services.outcomes.engagement.commands import note_attendance
from services.outcomes.engagement.rules.window import SessionEvent, check_usable
from shared.contracts.scheduling import SessionAttended, SessionMissed, SessionNotHeld
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(SessionAttended, "risk")
async def sessions_attended(tx: Transaction, received: list[Received[SessionAttended]]) -> None:
    await _note(tx, received)


@consumers.on_many(SessionMissed, "risk")
async def sessions_missed(tx: Transaction, received: list[Received[SessionMissed]]) -> None:
    await _note(tx, received)


@consumers.on_many(SessionNotHeld, "risk")
async def sessions_not_held(tx: Transaction, received: list[Received[SessionNotHeld]]) -> None:
    await _note(tx, received)


async def _note(tx: Transaction, received: Sequence[Received[SessionEvent]]) -> None:
    for one in received:
        check_usable(one.event)
    await note_attendance(tx, [(one.event, one.sequence) for one in received])
    await learn_zones(tx, {one.event.site_id: one.event.time_zone for one in received})
