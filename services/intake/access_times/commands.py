"""Noting on which days clients came to a service."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.intake.access_times.queries import DUPLICATE
from shared.database import Columns, Transaction

MISSED = """
DELETE FROM attended_services a USING unnest($1::uuid[], $2::uuid[]) AS m(client_id, session_id)
WHERE a.client_id = m.client_id AND a.session_id = m.session_id
"""
FIRST_SERVICES = f"""
WITH persons AS (
  SELECT DISTINCT platform.survivor_of(w.id) AS id FROM unnest($1::uuid[]) AS w (id)
), known AS (
  SELECT p.id AS person, r.id, r.received_on, r.received_at, NOT ({DUPLICATE}) AS counts
  FROM persons p JOIN referrals r ON r.client_id = ANY (platform.records_of(p.id))
  JOIN clients c ON c.id = r.client_id
), spans AS (
  SELECT k.*, lead(k.received_on) OVER later AS next_on, lead(k.received_at) OVER later AS next_at
  FROM known k WINDOW later AS (PARTITION BY k.person, k.counts ORDER BY k.received_at, k.id)
), firsts AS (
  SELECT s.id, CASE WHEN s.counts THEN (
    SELECT min(a.attended_on) FROM attended_services a
    WHERE a.client_id = ANY (platform.records_of(s.person))
      AND coalesce(a.starts_at >= s.received_at, a.attended_on >= s.received_on)
      AND (s.next_on IS NULL OR coalesce(a.starts_at < s.next_at, a.attended_on < s.next_on))
  ) END AS first_on
  FROM spans s
)
UPDATE referrals AS r SET first_service_on = firsts.first_on
FROM firsts WHERE r.id = firsts.id AND r.first_service_on IS DISTINCT FROM firsts.first_on
"""  # noqa: S608 - constants only
"""A session of a person belongs to the latest referral that was received before it began, of two at
one time to that of the record that goes on; so one of a former stay is no service of the referral
that came later that day."""


@dataclass(frozen=True, slots=True)
class Attended:
    """A client came to a session; `attended_on` is the date at the site on which it began."""

    client_id: UUID
    session_id: UUID
    site_id: UUID
    attended_on: date
    starts_at: datetime | None = None
    """None where only the day is known."""


ATTENDANCE = Columns.like(Attended)
ATTENDED = f"""
INSERT INTO attended_services ({ATTENDANCE.names}) SELECT * FROM {ATTENDANCE.rows}
ON CONFLICT (client_id, session_id) DO UPDATE
SET attended_on = excluded.attended_on, starts_at = excluded.starts_at
  WHERE (attended_services.attended_on, attended_services.starts_at)
    IS DISTINCT FROM (excluded.attended_on, excluded.starts_at)
"""  # noqa: S608 - constants only


async def note_attended(tx: Transaction, attended: Iterable[Attended]) -> None:
    """Keep on which days clients came, and the first of them for each referral.

    Told again, or later than another, it comes to the same; of one session told twice the last
    counts.
    """
    latest = {(one.client_id, one.session_id): one for one in attended}.values()
    await tx.execute(ATTENDED, *ATTENDANCE.arrays(latest))
    await find_first_services(tx, {one.client_id for one in latest})


async def note_missed(tx: Transaction, missed: Iterable[tuple[UUID, UUID]]) -> None:
    """Take back attendance that was recorded by mistake, or of a session that was not held, by
    client and session."""
    pairs = list(missed)
    clients = [client for client, _ in pairs]
    if await tx.execute(MISSED, clients, [session for _, session in pairs]) != "DELETE 0":
        await find_first_services(tx, set(clients))


async def find_first_services(tx: Transaction, clients: Iterable[UUID]) -> None:
    """Find the first day of service of each referral anew, by all that the persons attended."""
    await tx.execute(FIRST_SERVICES, list(clients))
