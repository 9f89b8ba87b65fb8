"""Keeping the latest engagement figures, and how far attendance has come."""

from collections.abc import Iterable
from uuid import UUID

from shared.contracts.base import ClientEvent
from shared.contracts.outcomes import EngagementChanged
from shared.database import Columns, Statement, Transaction

FIGURES = Columns.of(
    client_id="uuid",
    site_id="uuid",
    enrolment_id="uuid",
    source_sequence="bigint",
    window_from="timestamptz",
    window_until="timestamptz",
    sessions_attended="integer",
    sessions_missed="integer",
    sessions_excused="integer",
    attended_minutes="integer",
    missed_minutes="integer",
    excused_minutes="integer",
    consecutive_attended="integer",
    consecutive_missed="integer",
    weeks_observed="integer",
    cohort_id="uuid",
    sessions_late="integer",
    late_minutes="integer",
    last_attended_at="timestamptz",
    days_since_attended="integer",
    week_sessions_attended="integer",
    week_sessions_missed="integer",
    week_sessions_excused="integer",
    week_attended_minutes="integer",
    week_missed_minutes="integer",
    week_excused_minutes="integer",
)
KEEP = f"""
INSERT INTO engagement AS e ({FIGURES.names}) SELECT * FROM {FIGURES.rows}
ON CONFLICT (client_id) DO UPDATE SET {FIGURES.updates("client_id")}
WHERE e.source_sequence < excluded.source_sequence
RETURNING e.*
"""  # noqa: S608 - the columns are above

NOTE = """
INSERT INTO engagement AS e (client_id, site_id, attendance_sequence)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[])
ON CONFLICT (client_id) DO UPDATE SET attendance_sequence = excluded.attendance_sequence
WHERE e.attendance_sequence < excluded.attendance_sequence
"""
LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended(r.id::text, 0)) FROM (
  SELECT DISTINCT unnest(platform.records_of(c.id)) AS id
  FROM unnest((SELECT $1::uuid[])) AS c (id) ORDER BY id
) AS r
"""
"""Of the ids and not of rows, as a record of a person may have none here yet; planned once a
connection, as `step_down.evaluation.CASES` is."""


def keep_engagement(changes: Iterable[EngagementChanged]) -> Statement:
    """Keeps the figures of locked clients with the highest source sequence, and returns these."""
    latest: dict[UUID, EngagementChanged] = {}
    for change in changes:
        known = latest.get(change.client_id)
        if known is None or known.source_sequence < change.source_sequence:
            latest[change.client_id] = change
    kept = [latest[client] for client in sorted(latest)]
    return (KEEP, *FIGURES.arrays(kept))


async def lock_clients(tx: Transaction, events: Iterable[ClientEvent]) -> None:
    """Let nobody else change what a recommendation to these clients rests on until the commit.

    Two transactions of which one changes a client's scores and the other the figures would each
    miss what the other writes. This makes one wait for the other; keeping figures does so too.
    """
    await lock_records(tx, (event.client_id for event in events))


async def lock_records(tx: Transaction, clients: Iterable[UUID]) -> None:
    """As `lock_clients`, by all records of each person, in one order for everybody."""
    if wanted := set(clients) - tx.locked:
        await tx.execute(LOCK, list(wanted))
        tx.locked |= wanted


async def note_attendance(
    tx: Transaction, events: Iterable[tuple[ClientEvent, int | None]]
) -> None:
    """Note the latest attendance sequence of each client, to know whose figures are behind."""
    latest: dict[UUID, tuple[UUID, int]] = {}
    for event, sequence in events:
        latest[event.client_id] = (event.site_id, sequence or 0)
    clients = sorted(latest)
    await tx.write(NOTE, clients, [latest[c][0] for c in clients], [latest[c][1] for c in clients])
