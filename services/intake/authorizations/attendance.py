"""Keeping what scheduling told, and moving units by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.intake.authorizations.settlement import lock_clients, settle
from shared.contracts.scheduling import SessionScheduled
from shared.database import Columns, Transaction
from shared.messaging.envelope import Received

EXPECTED = Columns.of(client_id="uuid", session_id="uuid", site_id="uuid", kind="text")
EXPECT = f"""
INSERT INTO expected_sessions ({EXPECTED.names}) SELECT * FROM {EXPECTED.rows}
ON CONFLICT (client_id, session_id) DO UPDATE SET kind = excluded.kind
"""  # noqa: S608 - constants only
RELEASE = """
DELETE FROM expected_sessions e USING unnest($1::uuid[], $2::uuid[]) AS n(client_id, session_id)
WHERE e.client_id = n.client_id AND e.session_id = n.session_id
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


FACTS = Columns.like(Fact, sequence="bigint")
NOTE = f"""
INSERT INTO session_facts ({FACTS.names}) SELECT * FROM {FACTS.rows} ON CONFLICT DO NOTHING
"""  # noqa: S608 - constants only


async def expect_sessions(tx: Transaction, scheduled: Sequence[SessionScheduled]) -> None:
    """Keep of which kind sessions are, as attendance does not say it."""
    latest = {(one.client_id, one.session_id): one for one in scheduled}
    await tx.execute(EXPECT, *EXPECTED.arrays(latest[key] for key in sorted(latest)))


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
    await lock_clients(tx, (one.client_id for one in facts))
    columns = FACTS.arrays(facts)
    await tx.execute(NOTE, *columns)
    rows = await tx.fetch(TOUCHED, *columns[:2])
    touched = {row["client_id"]: (row["first"], row["last"]) for row in rows}
    await settle(tx, touched, caused_by)
