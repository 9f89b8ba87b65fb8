"""Keeping which sessions were missed without excuse."""

from collections.abc import Sequence
from uuid import UUID

from services.outcomes.engagement.commands import lock_records
from shared.contracts.scheduling import SessionAttended, SessionMissed, SessionNotHeld
from shared.database import Columns, Transaction

MISSED = Columns.of(client_id="uuid", session_id="uuid", site_id="uuid", starts_at="timestamptz")
KEEP = f"""
INSERT INTO missed_sessions ({MISSED.names}) SELECT DISTINCT ON (client_id, session_id) *
FROM {MISSED.rows}
ON CONFLICT (client_id, session_id) DO UPDATE SET starts_at = excluded.starts_at
"""  # noqa: S608 - the columns are above
KNOWN = """
SELECT m.client_id FROM missed_sessions m
JOIN unnest($1::uuid[], $2::uuid[]) AS given (client_id, session_id) USING (client_id, session_id)
"""
TAKE = """
DELETE FROM missed_sessions m USING unnest($1::uuid[], $2::uuid[]) AS given (client_id, session_id)
WHERE m.client_id = given.client_id AND m.session_id = given.session_id
"""


async def keep_missed(tx: Transaction, told: Sequence[SessionMissed]) -> None:
    """Keep sessions that locked clients missed."""
    await tx.execute(KEEP, *MISSED.arrays(told))


async def came_after_all(
    tx: Transaction, told: Sequence[SessionAttended | SessionMissed | SessionNotHeld]
) -> set[UUID]:
    """Take away sessions that were told as missed and are not; whose they are, locked."""
    given = [one.client_id for one in told], [one.session_id for one in told]
    clients = {row["client_id"] for row in await tx.fetch(KNOWN, *given)} if told else set()
    if clients:
        await lock_records(tx, clients)
        await tx.execute(TAKE, *given)
    return clients
