"""Keeping the latest engagement figures, and how far attendance has come."""

from collections.abc import Iterable
from uuid import UUID

from shared.contracts.base import ClientEvent
from shared.contracts.outcomes import EngagementChanged
from shared.database import Transaction

KEEP = """
INSERT INTO engagement AS e
  (client_id, site_id, source_sequence, window_from, window_until, sessions_attended,
   sessions_missed, sessions_excused, attended_minutes, missed_minutes, excused_minutes,
   consecutive_attended, consecutive_missed, weeks_observed, enrolment_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::timestamptz[],
  $6::integer[], $7::integer[], $8::integer[], $9::integer[], $10::integer[], $11::integer[],
  $12::integer[], $13::integer[], $14::integer[], $15::uuid[])
ON CONFLICT (client_id) DO UPDATE SET site_id = excluded.site_id,
  enrolment_id = excluded.enrolment_id, source_sequence = excluded.source_sequence,
  window_from = excluded.window_from,
  window_until = excluded.window_until, sessions_attended = excluded.sessions_attended,
  sessions_missed = excluded.sessions_missed, sessions_excused = excluded.sessions_excused,
  attended_minutes = excluded.attended_minutes, missed_minutes = excluded.missed_minutes,
  excused_minutes = excluded.excused_minutes,
  consecutive_attended = excluded.consecutive_attended,
  consecutive_missed = excluded.consecutive_missed, weeks_observed = excluded.weeks_observed
WHERE e.source_sequence < excluded.source_sequence
RETURNING client_id
"""

NOTE = """
INSERT INTO engagement AS e (client_id, site_id, attendance_sequence)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[])
ON CONFLICT (client_id) DO UPDATE SET attendance_sequence = excluded.attendance_sequence
WHERE e.attendance_sequence < excluded.attendance_sequence
"""
LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended(r.id::text, 0)) FROM (
  SELECT DISTINCT unnest(platform.records_of(c.id)) AS id
  FROM unnest($1::uuid[]) AS c (id) ORDER BY id
) AS r
"""
"""Of the ids and not of rows, as a record of a person may have none here yet."""


async def keep_engagement(tx: Transaction, changes: Iterable[EngagementChanged]) -> list[UUID]:
    """Keep the figures with the highest source sequence; the clients whose figures changed."""
    latest: dict[UUID, EngagementChanged] = {}
    for change in changes:
        known = latest.get(change.client_id)
        if known is None or known.source_sequence < change.source_sequence:
            latest[change.client_id] = change
    kept = [latest[client] for client in sorted(latest)]
    await hold_clients(tx, kept)
    rows = await tx.fetch(
        KEEP,
        [c.client_id for c in kept],
        [c.site_id for c in kept],
        [c.source_sequence for c in kept],
        [c.window_from for c in kept],
        [c.window_until for c in kept],
        [c.sessions_attended for c in kept],
        [c.sessions_missed for c in kept],
        [c.sessions_excused for c in kept],
        [c.attended_minutes for c in kept],
        [c.missed_minutes for c in kept],
        [c.excused_minutes for c in kept],
        [c.consecutive_attended for c in kept],
        [c.consecutive_missed for c in kept],
        [c.weeks_observed for c in kept],
        [c.enrolment_id for c in kept],
    )
    return [row["client_id"] for row in rows]


async def hold_clients(tx: Transaction, events: Iterable[ClientEvent]) -> None:
    """Let nobody else change what a recommendation to these clients rests on until the commit.

    Two transactions of which one changes a client's scores and the other the figures would each
    miss what the other writes. This makes one wait for the other; keeping figures does so too.
    """
    await lock_records(tx, (event.client_id for event in events))


async def lock_records(tx: Transaction, clients: Iterable[UUID]) -> None:
    """As `hold_clients`, by all records of each person, in one order for everybody."""
    await tx.execute(LOCK, list(set(clients)))


async def note_attendance(
    tx: Transaction, events: Iterable[tuple[ClientEvent, int | None]]
) -> None:
    """Note the latest attendance sequence of each client, to know whose figures are behind."""
    latest: dict[UUID, tuple[UUID, int]] = {}
    for event, sequence in events:
        latest[event.client_id] = (event.site_id, sequence or 0)
    clients = sorted(latest)
    await tx.execute(
        NOTE, clients, [latest[c][0] for c in clients], [latest[c][1] for c in clients]
    )
