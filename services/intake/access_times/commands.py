"""Noting on which days clients came to a service."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.intake.access_times.queries import DUPLICATE
from shared.database import Transaction

ATTENDED = """
INSERT INTO attended_services (client_id, session_id, site_id, attended_on)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[])
ON CONFLICT (client_id, session_id) DO UPDATE SET attended_on = excluded.attended_on
  WHERE attended_services.attended_on <> excluded.attended_on
"""
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
  SELECT k.*, lead(k.received_on)
    OVER (PARTITION BY k.person, k.counts ORDER BY k.received_at, k.id) AS next_on
  FROM known k
), firsts AS (
  SELECT s.id, CASE WHEN s.counts THEN (
    SELECT min(a.attended_on) FROM attended_services a
    WHERE a.client_id = ANY (platform.records_of(s.person)) AND a.attended_on >= s.received_on
      AND (s.next_on IS NULL OR a.attended_on < s.next_on)
  ) END AS first_on
  FROM spans s
)
UPDATE referrals AS r SET first_service_on = firsts.first_on
FROM firsts WHERE r.id = firsts.id AND r.first_service_on IS DISTINCT FROM firsts.first_on
"""  # noqa: S608 - constants only
"""A day of service of a person belongs to the latest referral that was received up to it, of two at
one time to that of the record that goes on."""


@dataclass(frozen=True, slots=True)
class Attended:
    """A client came to a session; `day` is a date at the site."""

    client_id: UUID
    session_id: UUID
    site_id: UUID
    day: date


async def note_attended(tx: Transaction, attended: Iterable[Attended]) -> None:
    """Keep on which days clients came, and the first of them for each referral.

    Told again, or later than another, it comes to the same; of one session told twice the last
    counts.
    """
    latest = {(one.client_id, one.session_id): one for one in attended}.values()
    await tx.execute(
        ATTENDED,
        [one.client_id for one in latest],
        [one.session_id for one in latest],
        [one.site_id for one in latest],
        [one.day for one in latest],
    )
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
