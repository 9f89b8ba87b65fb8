"""The dispatch job: sends what is due, in three steps that survive being killed at any point.

1. What is due is marked `sending` and committed: from now on it may have gone out.
2. The marked rows are locked, and each message is handed to its channel.
3. How it went is written with the event that tells it, and committed; the locks end.

Whoever dies in step 2 leaves rows marked and no longer locked; they are taken up at once by the
next run, with the same message id. Locks, not leases, tell who is at work: they need no clock.
"""

import asyncio
from collections.abc import Sequence

import asyncpg

from services.notifications.contacts.queries import contacts_of
from services.notifications.delivery.channels.opening import Channels, open_channels
from services.notifications.delivery.due import Due
from services.notifications.delivery.queries import next_due
from services.notifications.delivery.results import Result, given_up, postponed, write_results
from services.notifications.delivery.rules import GiveUp, Postpone, Send, decide
from services.notifications.delivery.sending import send
from services.notifications.timing.policy import timing_policy
from shared.database import ALL_SITES, Transaction
from shared.jobs import Job, JobContext

BATCH = 50
"""Messages handed over before one commit: the most that can go out twice after a kill."""

PLANNED = """
SELECT * FROM notifications WHERE state = 'planned' AND next_at <= $1
ORDER BY next_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
SENDING = """
SELECT * FROM notifications WHERE state = 'sending'
ORDER BY next_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
MARK = """
UPDATE notifications SET state = 'sending', attempts = attempts + 1 WHERE id = ANY ($1::uuid[])
"""


async def dispatch(context: JobContext) -> int:
    """Send everything that is due; how many messages were dealt with."""
    dealt_with = 0
    async with open_channels(context.settings) as channels:
        while True:
            async with context.database.transaction(ALL_SITES) as tx:
                marked = await mark_due(tx)
            async with context.database.transaction(ALL_SITES) as tx:
                sent = await send_marked(tx, channels)
            if marked + sent == 0:
                return dealt_with
            dealt_with += max(marked, sent)


async def mark_due(tx: Transaction) -> int:
    """Step 1: mark what may go out now; give up or postpone the rest. How many were due."""
    to_send, results = _decided(tx, await _due(tx, await tx.fetch(PLANNED, tx.now, BATCH)))
    await write_results(tx, results)
    await tx.execute(MARK, [due.id for due in to_send])
    return len(to_send) + len(results)


async def send_marked(tx: Transaction, channels: Channels) -> int:
    """Steps 2 and 3 for rows that nobody else holds; how many there were.

    What was left behind by a sender that died is decided again: meanwhile it may have expired.
    """
    to_send, results = _decided(tx, await _due(tx, await tx.fetch(SENDING, BATCH)))
    results += await asyncio.gather(*(send(tx, channels, due) for due in to_send))
    await write_results(tx, results)
    return len(results)


async def _due(tx: Transaction, rows: Sequence[asyncpg.Record]) -> list[Due]:
    contacts = await contacts_of(tx, (row["client_id"] for row in rows))
    return [Due.of(row, contacts.get(row["client_id"])) for row in rows]


def _decided(tx: Transaction, all_due: Sequence[Due]) -> tuple[list[Due], list[Result]]:
    policy = timing_policy()
    to_send: list[Due] = []
    results: list[Result] = []
    for due in all_due:
        match decide(
            tx.now,
            due_at=due.due_at,
            expires_at=due.expires_at,
            reach=due.reach,
            window=policy.hours,
            unknown_contact=policy.unknown_contact,
        ):
            case Send():
                to_send.append(due)
            case GiveUp(failure):
                with due.span("give up notification"):
                    results.append(given_up(tx, due, failure))
            case Postpone(until):
                results.append(postponed(due, until))
    return to_send, results


dispatch_job = Job(name="dispatch", next_due=next_due, run=dispatch)
