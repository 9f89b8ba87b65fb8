"""The dispatch job: sends what is due, in three steps that survive being killed at any point.

1. What is due is marked `sending`, with an attempt more and the instant of the next one, and
   committed: from now on it may have gone out.
2. The marked rows are locked, and each message is handed to its channel.
3. How it went is written with the event that tells it, and committed; the locks end.

Whoever dies after step 1 leaves rows marked and not locked. Like any message whose attempt failed
they are due again after a pause, with the same message id; so whatever keeps outcomes from being
written, nobody is written to again and again. Locks, not leases, tell who is at work, and the
number of the attempt tells a sender that was held up whether a message is still its own.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from services.notifications.contacts.queries import contacts_of
from services.notifications.delivery.channels.opening import open_channels
from services.notifications.delivery.due import Due
from services.notifications.delivery.queries import AT_WORK, next_due
from services.notifications.delivery.results import Result, settled, write_results
from services.notifications.delivery.sending import HandOver
from shared.database import ALL_SITES, Transaction
from shared.jobs import Job, JobContext

BATCH = 50
"""Messages handed over before one commit: the most that can go out twice after a kill."""

DUE = """
SELECT n.*, EXISTS (SELECT FROM withdrawals w WHERE w.notification_id = n.id) AS withdrawn
FROM notifications n WHERE n.state IN ('planned', 'sending') AND n.next_at <= $1
ORDER BY n.next_at, n.id LIMIT $2 FOR UPDATE OF n SKIP LOCKED
"""
MARK = """
UPDATE notifications n SET state = 'sending', attempts = m.attempts, next_at = m.next_at
FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[]) AS m(id, attempts, next_at)
WHERE n.id = m.id
"""
HOLD = """
SELECT n.id, EXISTS (SELECT FROM withdrawals w WHERE w.notification_id = n.id) AS withdrawn
FROM notifications n
JOIN unnest($1::uuid[], $2::integer[]) AS m(id, attempts)
  ON n.id = m.id AND n.attempts = m.attempts
WHERE n.state = 'sending' ORDER BY n.client_id, n.session_id FOR UPDATE OF n
"""
"""In the order in which messages are planned, so that nobody waits in a circle."""


async def dispatch(context: JobContext) -> int:
    """Send everything that is due; how many messages were dealt with.

    When it is cancelled it hands over nothing more, writes what is known by then, and ends.
    """
    dealt_with = 0
    async with open_channels(context.settings) as channels:
        while True:
            hand_over = HandOver(channels)
            batch = asyncio.create_task(dispatch_batch(context, hand_over))
            try:
                done = await asyncio.shield(batch)
            except asyncio.CancelledError:
                hand_over.stop()
                await asyncio.wait([batch])
                raise
            if done == 0:
                return dealt_with
            dealt_with += done


async def dispatch_batch(context: JobContext, hand_over: HandOver) -> int:
    """All three steps for some of what is due; how many messages that were."""
    async with context.database.transaction(ALL_SITES) as tx:
        await tx.execute(AT_WORK)
        async with context.database.transaction(ALL_SITES) as marking:
            marked, others = await mark_due(marking)
        if marked:
            await send_marked(tx, marked, hand_over)
    return len(marked) + others


async def mark_due(tx: Transaction) -> tuple[list[Due], int]:
    """Step 1: mark what may go out now; give up, postpone or call off the rest.

    The messages that were marked, as they were before, and the number of the others.
    """
    marked: list[Due] = []
    results: list[Result] = []
    for due in await _due(tx):
        if (result := settled(tx, due, tx.now)) is None:
            marked.append(due)
        else:
            results.append(result)
    await write_results(tx, results)
    tried = [due.tried() for due in marked]
    await tx.execute(
        MARK,
        [due.id for due in tried],
        [due.attempts for due in tried],
        [due.next_attempt(tx.now) for due in tried],
    )
    return marked, len(results)


async def send_marked(tx: Transaction, marked: Sequence[Due], hand_over: HandOver) -> None:
    """Steps 2 and 3 for those that are still ours."""
    rows = await tx.fetch(HOLD, [due.id for due in marked], [due.attempts + 1 for due in marked])
    withdrawn = {row["id"]: row["withdrawn"] for row in rows}
    held = [replace(due, withdrawn=withdrawn[due.id]) for due in marked if due.id in withdrawn]
    await write_results(tx, await hand_over.run(tx, held))


async def _due(tx: Transaction) -> list[Due]:
    rows = await tx.fetch(DUE, tx.now, BATCH)
    contacts = await contacts_of(tx, (row["client_id"] for row in rows))
    return [Due.of(row, contacts.get(row["client_id"])) for row in rows]


dispatch_job = Job(name="dispatch", next_due=next_due, run=dispatch)
