"""Planning digests, each once a local day, and sending those that are due."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.notifications.delivery.channels.base import (
    Channel,
    ChannelBusy,
    ChannelRefused,
    ChannelUnavailable,
    Message,
)
from services.notifications.digest.policy import COUNTS, digest_policy
from services.notifications.digest.rules import latest_morning, next_morning
from shared.database import Transaction, insert, update

NAMES = UUID("2f1a7a0e-0f6e-4b58-9f0e-6a2f7c1d9b33")
"""The namespace of the ids of digests, which stand in their Message-IDs."""
PENDING = "SELECT min(next_at) FROM digests WHERE state = 'planned'"
KNOWN = "SELECT EXISTS (SELECT FROM digests WHERE id = $1)"
DUE = """
SELECT id, address, region_id, day, expires_at FROM digests
WHERE state = 'planned' AND next_at <= $1 ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
COUNT = """
SELECT count(DISTINCT s.site_id) AS sites,
  count(*) FILTER (WHERE n.state IN ('sent', 'delivered')) AS delivered,
  count(*) FILTER (WHERE n.state IN ('failed', 'bounced')) AS failed,
  count(*) FILTER (WHERE n.state = 'suppressed') AS suppressed,
  count(*) FILTER (WHERE n.state IN ('planned', 'sending')) AS waiting,
  (SELECT count(*) FROM staff_tasks t JOIN sites u USING (site_id)
   WHERE t.state = 'open' AND t.opens_at <= $3 AND ($1::uuid IS NULL OR u.region_id = $1)) AS tasks,
  (SELECT count(*) FROM notifications a JOIN sites u USING (site_id)
   WHERE a.kind = 'staff_alert' AND a.failure IS NOT NULL
     AND a.planned_at >= $3 - interval '24 hours'
     AND ($1::uuid IS NULL OR u.region_id = $1)) AS unanswered,
  (SELECT count(*) FROM expiring_credentials e JOIN sites u USING (site_id)
   WHERE $1::uuid IS NULL OR u.region_id = $1) AS credentials
FROM sites s LEFT JOIN notifications n
  ON n.site_id = s.site_id AND n.due_on = $2 AND n.kind <> 'staff_alert'
WHERE $1::uuid IS NULL OR s.region_id = $1
"""


async def plan_digests(tx: Transaction) -> int:
    """Plan the latest digest of each recipient; one that is too old by now is marked as expired.
    How many were planned."""
    policy, planned = digest_policy(), 0
    for one in policy.recipients:
        found = latest_morning(
            tx.now, ZoneInfo(one.time_zone), policy.at, timedelta(hours=policy.useful_hours)
        )
        row = {
            "id": uuid5(NAMES, f"{one.address}/{one.region_id}/{found.day}"),
            "address": one.address,
            "region_id": one.region_id,
            "day": found.day,
            "next_at": found.due_at,
            "expires_at": found.expires_at,
            "state": "planned" if tx.now < found.expires_at else "expired",
        }
        done = await tx.execute(*insert("digests", row, suffix="ON CONFLICT (id) DO NOTHING"))
        planned += done == "INSERT 0 1"
    return planned


async def next_digest(tx: Transaction) -> datetime | None:
    """When a digest has to be planned next."""
    policy = digest_policy()
    instants = []
    for one in policy.recipients:
        zone = ZoneInfo(one.time_zone)
        useful = timedelta(hours=policy.useful_hours)
        found = latest_morning(tx.now, zone, policy.at, useful)
        known = await tx.fetchval(KNOWN, uuid5(NAMES, f"{one.address}/{one.region_id}/{found.day}"))
        instants.append(next_morning(tx.now, zone, policy.at) if known else found.due_at)
    return min(instants, default=None)


async def send_digest(tx: Transaction, channel: Channel) -> int:
    """Send one digest that is due; 0 when none is.

    The mail and our own word on it cannot be one: whoever dies between them sends the same mail
    again, with the same Message-ID. A digest twice harms nobody, one that is missing hides things.
    """
    row = await tx.fetchrow(DUE, tx.now)
    if row is None:
        return 0
    again = tx.now + timedelta(minutes=digest_policy().again_minutes)
    if tx.now >= row["expires_at"]:
        changes: Mapping[str, object] = {"state": "expired"}
    else:
        counted = await tx.fetchrow(COUNT, row["region_id"], row["day"], tx.now)
        assert counted is not None  # counts are one row
        text = digest_policy().written({name: counted[name] for name in COUNTS})
        message = Message(row["id"], "digest", row["address"], text.subject, text.body, tx.now)
        try:
            await channel.send(message)
        except ChannelRefused:
            changes = {"state": "refused"}
        except (ChannelUnavailable, ChannelBusy):
            changes = {"next_at": min(again, row["expires_at"])}
        else:
            changes = {"state": "sent"}
    await tx.execute(*update("digests", changes, where={"id": row["id"]}, versioned=False))
    return 1
