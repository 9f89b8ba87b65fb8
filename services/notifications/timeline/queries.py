"""What went between a client and us."""

from uuid import UUID

from services.notifications.timeline.schemas import Entry
from shared.database import Transaction
from shared.web import Earlier, Page, Paging, Timeline, page_of

ENTRIES = """
  SELECT n.id, n.client_id, n.site_id, 'out' AS direction, n.kind, n.channel, n.state,
    coalesce(n.failure, n.rule) AS why, NULL AS meaning, n.planned_at AS at,
    coalesce(n.sent_at, CASE WHEN n.state = 'delivered' THEN n.ended_at END) AS sent_at,
    n.ended_at, coalesce(n.sent_at, n.ended_at, n.due_at) AS happened_at,
    CASE WHEN $2 THEN h.body END AS body
  FROM notifications n LEFT JOIN handovers h ON h.notification_id = n.id
  WHERE n.client_id = ANY (platform.records_of($1)) AND n.kind <> 'staff_alert'
  UNION ALL
  SELECT r.id, r.client_id, r.site_id, 'in', 'reply', r.channel, 'received', NULL, r.meaning,
    r.received_at, NULL, NULL, r.received_at, CASE WHEN $2 THEN r.body END
  FROM replies r WHERE r.client_id = ANY (platform.records_of($1))
"""
IN_ORDER = f"""
SELECT * FROM ({ENTRIES}) e WHERE $3::uuid IS NULL OR id > $3 ORDER BY id LIMIT $4
"""  # noqa: S608 - ours
NEWEST_FIRST = f"""
SELECT * FROM (
  SELECT * FROM ({ENTRIES}) e WHERE $3::timestamptz IS NULL OR happened_at < $3
  ORDER BY happened_at DESC FETCH FIRST $4 ROWS WITH TIES
) AS part ORDER BY happened_at DESC, id DESC
"""  # noqa: S608 - ours
FORGET = """
WITH texts AS (
  DELETE FROM handovers WHERE notification_id IN (
    SELECT notification_id FROM handovers WHERE forget_at <= $1 ORDER BY forget_at LIMIT $2
    FOR UPDATE SKIP LOCKED
  ) RETURNING notification_id
), reports AS (
  DELETE FROM delivery_reports WHERE notification_id IN (SELECT notification_id FROM texts)
), said AS (
  UPDATE replies SET body = NULL WHERE id IN (
    SELECT id FROM replies WHERE forget_at <= $1 AND body IS NOT NULL ORDER BY forget_at LIMIT $2
    FOR UPDATE SKIP LOCKED
  ) RETURNING id
), calls AS (
  DELETE FROM replies_taken WHERE taken_at <= $1 - interval '90 days'
)
SELECT (SELECT count(*) FROM texts) + (SELECT count(*) FROM said)
"""
NEXT_FORGOTTEN = """
SELECT least(
  (SELECT min(forget_at) FROM handovers),
  (SELECT min(forget_at) FROM replies WHERE body IS NOT NULL)
)
"""
AT_ONCE = 1_000


async def show_timeline(
    tx: Transaction, client_id: UUID, paging: Paging, *, with_bodies: bool
) -> Page[Entry]:
    """All records of the person, in the order of their ids, which is that of time."""
    rows = await tx.fetch(IN_ORDER, client_id, with_bodies, paging.after, paging.limit + 1)
    return page_of([Entry(**dict(row)) for row in rows], paging.limit)


async def list_messages(
    tx: Transaction, client_id: UUID, part: Earlier, *, with_bodies: bool
) -> Timeline[Entry]:
    """The same, by when it happened, newest first."""
    rows = await tx.fetch(NEWEST_FIRST, client_id, with_bodies, part.before, part.limit + 1)
    return part.part([Entry(**dict(row)) for row in rows], lambda entry: entry.happened_at)


async def forget_texts(tx: Transaction) -> int:
    """Delete what was said that is older than policy keeps it; how many texts."""
    gone: int = await tx.fetchval(FORGET, tx.now, AT_ONCE)
    return gone
