"""Sending what is due of one queue, in three steps that survive being killed at any point.

1. What is due is marked `sending`, with an attempt more and the instant of the next one, and
   committed.
2. The marked rows are locked. What is known of their recipients is read for many at once, right
   before it is decided about each, and what is to go out is handed to its channel.
3. How it went is written with the event that tells it, and committed; the locks end.

The mark is a lease: `next_at` is when it runs out. Whoever dies after step 1 leaves rows marked and
not locked, which are due again then. What is really handed over is noted and committed right before
(`handovers`), so of the others it is certain that nobody got them; one that is noted is looked up
at its channel, and where that is impossible the policy of its kind says which way to err. Locks
tell who is at work, and the number of the attempt tells a sender that was delayed whether a message
is still its own.

All messages lie in one table. Those to clients and alerts to staff are a queue each, with senders
of their own, so that neither waits for the other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from services.notifications.delivery.channels.opening import open_channels
from services.notifications.delivery.due import Due
from services.notifications.delivery.reports import conclude
from services.notifications.delivery.results import write_results
from services.notifications.delivery.rules import next_attempt
from services.notifications.delivery.sending import HandOver
from shared.database import ALL_SITES, Transaction
from shared.jobs import JobContext

BATCH = 200
"""Messages whose outcomes are written by one commit: the most that are looked up after a kill."""

REPORTS = 200
"""Messages of which reports are read in one transaction."""

AT_WORK = "SELECT pg_advisory_xact_lock_shared(1, $1)"
"""Taken by a sender for as long as it may have rows marked; those of one that died are not under
way any more."""
DUE = """
SELECT n.*, h.began_at AS handed_at, h.channel AS handed_channel,
  h.address AS handed_address, h.subject AS handed_subject, h.body AS handed_body
FROM notifications n LEFT JOIN handovers h ON h.notification_id = n.id AND h.uncertain
WHERE {kinds} AND state IN ('planned', 'sending') AND next_at <= $1
ORDER BY n.next_at, n.id LIMIT $2 FOR UPDATE OF n SKIP LOCKED
"""
MARK = """
UPDATE notifications n SET state = 'sending', attempts = m.attempts, next_at = m.next_at
FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[]) AS m(id, attempts, next_at)
WHERE n.id = m.id
"""
LOCK = """
SELECT n.id FROM notifications n
JOIN unnest($1::uuid[], $2::integer[]) AS m(id, attempts)
  ON n.id = m.id AND n.attempts = m.attempts
WHERE n.state = 'sending' ORDER BY n.client_id, n.session_id, n.id FOR UPDATE OF n
"""
"""In the order in which messages are planned, so that nobody waits in a circle."""
WITHDRAWN = "SELECT notification_id FROM withdrawals WHERE notification_id = ANY ($1::uuid[])"
NEXT_DUE = """
SELECT least(
  (SELECT min(next_at) FROM notifications WHERE {kinds} AND state IN ('planned', 'sending')),
  (SELECT min(r.reported_at) FROM delivery_reports r JOIN notifications n
    ON n.id = r.notification_id
    WHERE NOT r.applied AND {kinds} AND state NOT IN ('planned', 'sending'))
)
"""
TOLD = """
SELECT n.* FROM notifications n
WHERE {kinds} AND n.state NOT IN ('planned', 'sending') AND n.id IN (
  SELECT r.notification_id FROM delivery_reports r JOIN notifications m ON m.id = r.notification_id
  WHERE NOT r.applied AND {kinds} AND m.state NOT IN ('planned', 'sending')
  ORDER BY r.reported_at LIMIT $1
) ORDER BY n.client_id, n.session_id, n.id FOR UPDATE OF n SKIP LOCKED
"""
"""Of reports that wait for a message under way, or are about none that we know, any number may be
older."""
SENDING = """
SELECT CASE WHEN count(*) = 0 THEN 0 WHEN EXISTS (
  SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
  WHERE d.datname = current_database() AND l.locktype = 'advisory'
    AND (l.classid, l.objid, l.objsubid) = (1, {number}, 2)
) THEN count(*) END
FROM notifications WHERE {kinds} AND state = 'sending'
"""
"""Locks are seen as they are by now, rows as they were when the statement began: marked rows that
nobody is at work on are those of a sender that died, or of one that has just ended."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Messages of some kinds, and who sends them."""

    kinds: str
    """The SQL condition of its kinds, as an index has it."""
    number: int
    """Tells its senders from those of other queues."""
    due: Callable[
        [Transaction, Sequence[asyncpg.Record], Collection[UUID]], Awaitable[Sequence[Due]]
    ]
    """The messages in rows of the table, of which some were withdrawn."""
    backoff: Callable[[UUID], Sequence[timedelta]]
    """The pauses between attempts at a site."""

    async def next_due(self, tx: Transaction) -> datetime | None:
        """When the next attempt is due."""
        due: datetime | None = await tx.fetchval(self.next_due_query)
        return due

    @property
    def next_due_query(self) -> str:
        """The query of it."""
        return NEXT_DUE.format(kinds=self.kinds)

    @property
    def sending(self) -> str:
        """The query of how many messages somebody is at work on; NULL where one more look tells."""
        return SENDING.format(kinds=self.kinds, number=self.number)

    async def mark_due(self, tx: Transaction) -> list[asyncpg.Record]:
        """Step 1: mark what is due, as long as the pause after a failure lasts.

        The rows of what was marked, as they were before: nobody but its sender changes one that is
        marked.
        """
        rows = await tx.fetch(DUE.format(kinds=self.kinds), tx.now, BATCH)
        if not rows:
            return []
        leases = [
            next_attempt(
                tx.now,
                attempts=row["attempts"] + 1,
                expires_at=row["expires_at"],
                backoff=self.backoff(row["site_id"]),
            )
            for row in rows
        ]
        await tx.execute(MARK, *_attempts(rows), leases)
        return rows

    async def send_marked(
        self, tx: Transaction, marked: Sequence[asyncpg.Record], hand_over: HandOver
    ) -> None:
        """Steps 2 and 3 for those that are still ours."""
        locked = {row["id"] for row in await tx.fetch(LOCK, *_attempts(marked))}
        ours = [row for row in marked if row["id"] in locked]
        await write_results(tx, await hand_over.run(tx, ours))

    async def again(self, tx: Transaction, rows: Sequence[asyncpg.Record]) -> Sequence[Due]:
        """Marked messages in the order given, with what is known of them at this instant."""
        withdrawn = await tx.fetch(WITHDRAWN, [row["id"] for row in rows])
        return await self.due(tx, rows, {row["notification_id"] for row in withdrawn})

    async def dispatch(self, context: JobContext) -> int:
        """Send what is due; how many messages were dealt with. What became due again meanwhile may
        be left for the next time.

        When it is cancelled it hands over nothing more, writes what is known by then, and ends.
        """
        dealt_with = await self._read_reports(context)
        async with open_channels(context.settings) as channels:
            while True:
                hand_over = HandOver(context.settings, context.database, channels, self.again)
                batch = asyncio.create_task(self._dispatch_batch(context, hand_over))
                try:
                    done = await asyncio.shield(batch)
                except asyncio.CancelledError:
                    hand_over.stop()
                    await asyncio.wait([batch])
                    raise
                dealt_with += done
                if done < BATCH:
                    return dealt_with

    async def _read_reports(self, context: JobContext) -> int:
        """Draw the conclusions from what providers told; of how many messages."""
        read = 0
        while True:
            async with context.database.transaction(ALL_SITES) as tx:
                rows = await tx.fetch(TOLD.format(kinds=self.kinds), REPORTS)
                states = {row["id"]: row["state"] for row in rows}
                await conclude(tx, await self.due(tx, rows, ()), states)
            read += len(rows)
            if len(rows) < REPORTS:
                return read

    async def _dispatch_batch(self, context: JobContext, hand_over: HandOver) -> int:
        """All three steps for some of what is due; how many messages that were."""
        async with context.database.transaction(ALL_SITES, repeats=True) as tx:
            await tx.execute(AT_WORK, self.number)
            async with context.database.transaction(ALL_SITES) as marking:
                marked = await self.mark_due(marking)
            if marked:
                await self.send_marked(tx, marked, hand_over)
        return len(marked)


def _attempts(rows: Sequence[asyncpg.Record]) -> tuple[list[UUID], list[int]]:
    """The messages in rows of what is due, and the number of the attempt that begins."""
    return [row["id"] for row in rows], [row["attempts"] + 1 for row in rows]
