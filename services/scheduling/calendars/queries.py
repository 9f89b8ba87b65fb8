"""Addresses of calendars, and the sessions that calendars show."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from services.scheduling.calendars.policy import FeedPolicy
from services.scheduling.calendars.rules import Entry, Feed
from services.scheduling.calendars.schemas import CalendarLink
from shared.database import Record, Transaction
from shared.errors import found
from shared.web import Page, Paging, page

LINK = """
SELECT id, site_id, CASE kind WHEN 'staff' THEN resource_id END AS staff_id,
  CASE kind WHEN 'room' THEN resource_id END AS room_id,
  CASE kind WHEN 'client' THEN resource_id END AS client_id,
  language, NULL AS address, issued_at, revoked_at, version
FROM calendar_links
"""
ONE = f"{LINK} WHERE id = $1"
READING = """
SELECT l.id, l.site_id, l.kind, l.resource_id, l.language, l.issued_at FROM calendar_links l
WHERE l.secret_hash = $1 AND l.revoked_at IS NULL
  AND NOT EXISTS (SELECT FROM staff s WHERE s.id = l.resource_id AND s.left_at IS NOT NULL)
"""
ENTRIES = """
WITH shown AS (
  SELECT b.session_id, b.resource_id, false AS cancelled FROM bookings b
  WHERE b.resource_id = ANY ((SELECT platform.records_of($1))::uuid[])
    AND b.during && tstzrange($2, $3)
  UNION ALL
  SELECT f.session_id, f.resource_id, true FROM former_bookings f
  JOIN sessions s ON s.id = f.session_id AND s.starts_at < $3 AND s.ends_at > $2
  WHERE f.resource_id = ANY ((SELECT platform.records_of($1))::uuid[]) AND NOT EXISTS (
    SELECT FROM bookings b WHERE b.session_id = f.session_id AND b.resource_id = f.resource_id)
)
SELECT s.id AS session_id, e.resource_id, s.kind, s.starts_at, s.ends_at, e.cancelled,
  s.version + 2 * coalesce(f.times, 0) - e.cancelled::int AS sequence, r.name AS room
FROM shown e
JOIN sessions s ON s.id = e.session_id AND s.site_id = $4
LEFT JOIN former_bookings f ON f.session_id = e.session_id AND f.resource_id = e.resource_id
LEFT JOIN bookings t ON t.session_id = s.id AND t.kind = 'room'
LEFT JOIN rooms r ON r.id = t.resource_id
ORDER BY s.starts_at, s.id, e.resource_id
"""
"""A version rises with every change of the session, `times` whenever somebody is let go: both raise
SEQUENCE, and so does being taken again."""


async def show_link(tx: Transaction, link_id: UUID, *, lock: bool = False) -> CalendarLink:
    """One address, without its secret.

    Raises:
        NotFound: there is none that the caller may see.
    """
    row = await tx.fetchrow(f"{ONE} FOR NO KEY UPDATE" if lock else ONE, link_id)
    return CalendarLink.from_row(found(row, "address of a calendar"))


async def list_links(tx: Transaction, paging: Paging, site_id: UUID) -> Page[CalendarLink]:
    """The addresses that were issued at a site, the oldest first, without their secrets."""
    return await page(tx, LINK, paging, CalendarLink.from_row, ("site_id = ?", site_id))


async def link_of(tx: Transaction, secret_hash: bytes) -> Record | None:
    """The address that reads now by a secret."""
    return await tx.fetchrow(READING, secret_hash)


async def read_feed(tx: Transaction, link: Record, policy: FeedPolicy) -> Feed:
    """What the calendar shows in the weeks around today, of the site that issued its address: what
    is at another site is that one's to show."""
    since, until = window(tx.now, policy)
    rows = await tx.fetch(ENTRIES, link["resource_id"], since, until, link["site_id"])
    entries = tuple(Entry(**row) for row in rows)
    return Feed(link["kind"], link["language"], link["issued_at"], entries)


def window(now: datetime, policy: FeedPolicy) -> tuple[datetime, datetime]:
    """From which instant to which: it moves once a day, so that readers have it unchanged."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    ahead = timedelta(weeks=policy.weeks_ahead, days=1)
    return today - timedelta(weeks=policy.weeks_back), today + ahead
