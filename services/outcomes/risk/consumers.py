"""Intake's risk flags, and sessions that were missed after them.

They take the lock of the clients before others write what is known of these.
"""

from collections.abc import Sequence

from services.outcomes.engagement.commands import lock_clients, lock_records
from services.outcomes.risk.commands import keep_acknowledgements, keep_flags, look_at_missed
from services.outcomes.risk.missed import came_after_all, keep_missed
from services.outcomes.step_down.commands import evaluate_clients
from shared.contracts import intake
from shared.contracts.scheduling import SessionAttended, SessionMissed, SessionNotHeld
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()
Settled = SessionAttended | SessionMissed | SessionNotHeld


@consumers.on_many(intake.RiskFlagRaised)
async def flags_raised(tx: Transaction, received: list[Received[intake.RiskFlagRaised]]) -> None:
    await lock_clients(tx, [one.event for one in received])
    await keep_flags(tx, received)
    for client_id, cause in {one.event.client_id: one for one in received}.items():
        await look_at_missed(tx, [client_id], cause)


consumers.give(intake.RiskFlagAcknowledged, keep_acknowledgements)


async def records_told_of(
    tx: Transaction, received: Received[intake.ClientsMerged] | Received[intake.ClientMergeUndone]
) -> None:
    """Sessions that another record missed are the person's now, or no longer."""
    both = [received.event.client_id, received.event.merged_client_id]
    await lock_records(tx, both)
    await look_at_missed(tx, both, received)


consumers.on(intake.ClientsMerged, "merges")(records_told_of)
consumers.on(intake.ClientMergeUndone, "merges")(records_told_of)


@consumers.on_many(SessionMissed)
async def sessions_missed(tx: Transaction, received: list[Received[SessionMissed]]) -> None:
    counts = [one for one in received if not (one.event.excused or one.event.on_hold)]
    await sessions_settled(tx, [one for one in received if one.event.excused or one.event.on_hold])
    if counts:
        await lock_clients(tx, [one.event for one in counts])
        await keep_missed(tx, [one.event for one in counts])
        await _look(tx, counts)


async def sessions_settled(tx: Transaction, received: Sequence[Received[Settled]]) -> None:
    """Sessions that were not missed, whatever was told before."""
    gone = await came_after_all(tx, [one.event for one in received])
    await _look(tx, [one for one in received if one.event.client_id in gone])


consumers.on_many(SessionAttended)(sessions_settled)
consumers.on_many(SessionNotHeld)(sessions_settled)


async def _look(tx: Transaction, received: Sequence[Received[Settled]]) -> None:
    latest = {one.event.client_id: one for one in received}
    changed = {c: one for c, one in latest.items() if await look_at_missed(tx, [c], one)}
    if changed:  # the figures of these sessions may have been told before
        await evaluate_clients(tx, changed)
