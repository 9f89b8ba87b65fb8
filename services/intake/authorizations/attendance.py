"""Keeping what scheduling told, and moving units by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.intake.authorizations.settlement import hold_clients, settle
from shared.contracts.scheduling import SessionScheduled
from shared.database import Transaction
from shared.messaging.envelope import Received

EXPECT = """
INSERT INTO expected_sessions (client_id, session_id, site_id, kind)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])
ON CONFLICT (client_id, session_id) DO UPDATE SET kind = excluded.kind
"""
RELEASE = """
DELETE FROM expected_sessions e USING unnest($1::uuid[], $2::uuid[]) AS n(client_id, session_id)
WHERE e.client_id = n.client_id AND e.session_id = n.session_id
"""
NOTE = """
INSERT INTO session_facts
  (client_id, session_id, sequence, site_id, service_date, minutes, recorded_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::date[], $6::integer[],
  $7::timestamptz[])
ON CONFLICT DO NOTHING
"""
TOUCHED = """
SELECT f.client_id, min(f.service_date) AS first, max(f.service_date) AS last
FROM unnest($1::uuid[], $2::uuid[]) AS k(client_id, session_id)
JOIN session_facts f ON f.client_id = k.client_id AND f.session_id = k.session_id
GROUP BY f.client_id HAVING max(f.minutes) > 0
"""
"""The days between which something may have changed; a session that nobody ever attended moves
nothing."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What became of a client's session, as told under a number of the client's stream."""

    client_id: UUID
    session_id: UUID
    sequence: int
    site_id: UUID
    service_date: date
    minutes: int
    """Credited minutes; 0 when the client did not come or the session was not held."""
    recorded_at: datetime


async def expect_sessions(tx: Transaction, scheduled: Sequence[SessionScheduled]) -> None:
    """Keep of which kind sessions are, as attendance does not say it."""
    latest = {(one.client_id, one.session_id): one for one in scheduled}
    keys = sorted(latest)
    await tx.execute(
        EXPECT,
        [client for client, _ in keys],
        [session for _, session in keys],
        [latest[key].site_id for key in keys],
        [latest[key].kind for key in keys],
    )


async def release_sessions(tx: Transaction, not_held: Sequence[tuple[UUID, UUID]]) -> None:
    """Expect clients no longer at sessions that are not held, by client and session."""
    await tx.execute(
        RELEASE, [client for client, _ in not_held], [session for _, session in not_held]
    )


async def note_sessions(
    tx: Transaction, facts: Sequence[Fact], caused_by: Mapping[UUID, Received[Any]]
) -> None:
    """Keep facts and move units by them; a fact told again changes nothing.

    Publishes AuthorizationRunningOut for what came to its end by it.
    """
    await hold_clients(tx, (one.client_id for one in facts))
    await tx.execute(
        NOTE,
        [one.client_id for one in facts],
        [one.session_id for one in facts],
        [one.sequence for one in facts],
        [one.site_id for one in facts],
        [one.service_date for one in facts],
        [one.minutes for one in facts],
        [one.recorded_at for one in facts],
    )
    rows = await tx.fetch(
        TOUCHED, [one.client_id for one in facts], [one.session_id for one in facts]
    )
    touched = {row["client_id"]: (row["first"], row["last"]) for row in rows}
    await settle(tx, touched, caused_by)
