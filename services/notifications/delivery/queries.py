"""Messages as others see them, without text and address, and what is still to be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import asyncpg

from services.notifications.contacts.queries import Contact, zone_for
from services.notifications.delivery.schemas import (
    Notification,
    NotificationCount,
    NotificationCounts,
)
from services.notifications.delivery.vocabulary import STAFF_ALERT, Kind, State
from services.notifications.timing.policy import timing_policy
from services.notifications.timing.rules import at
from shared import clock
from shared.database import Transaction
from shared.errors import found
from shared.merges import Records
from shared.web import Page, Paging, narrowed, page_of

UNTRIED = """
SELECT id, site_id, client_id, enrolment_id, kind, session_id, session_starts_at, site_time_zone,
  expires_at
FROM notifications
WHERE client_id = ANY (platform.records_of($1)) AND kind <> 'staff_alert' AND state = 'planned'
  AND attempts = 0 ORDER BY id FOR UPDATE
"""
SENT_TODAY = """
SELECT m.id, sum(sent.count)::integer
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS m (id, record, since)
CROSS JOIN LATERAL (
  SELECT count(*) FROM notifications n WHERE n.client_id = m.record
    AND coalesce(n.ended_at, n.next_at) >= m.since AND n.kind <> 'staff_alert' AND n.id <> m.id
    AND n.state IN ('sending', 'sent', 'delivered', 'bounced')
    AND (n.state <> 'sending' OR n.id < m.id)
) AS sent
GROUP BY m.id
"""
"""Of those under way at the same time the ones planned earlier go first. Counted client by client:
as one join the planner, who finds next to nothing sent in the morning, compares all that was sent
since with every message, each time anew."""

TOLD_OF_ANOTHER = """
SELECT DISTINCT g.client_id, g.session_id
FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) AS g (client_id, session_id, starts_at)
JOIN notifications n ON (n.client_id, n.session_id) = (g.client_id, g.session_id)
WHERE n.session_starts_at > $1 AND n.session_starts_at <> g.starts_at
  AND n.state IN ('sending', 'sent', 'delivered')
"""

SHOWN = """
SELECT id, client_id, site_id, session_id, kind, channel, state, failure, rule, attempts,
  session_starts_at, planned_at, due_at, due_on, ended_at,
  CASE WHEN ended_at IS NULL THEN next_at END AS next_attempt_at
FROM notifications
"""


COUNTS = """
SELECT kind, state, count(*) FROM notifications WHERE site_id = $1 AND due_on = $2
GROUP BY kind, state ORDER BY kind, state
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages a caller asks for; None does not narrow."""

    client_id: UUID | None = None
    session_id: UUID | None = None
    site_id: UUID | None = None
    due_on: date | None = None
    kind: Kind | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Untried:
    """A planned message of which no attempt was made."""

    id: UUID
    site_id: UUID
    client_id: UUID
    enrolment_id: UUID | None
    kind: Kind
    session_id: UUID
    session_starts_at: datetime
    site_time_zone: str
    expires_at: datetime


async def untried_of(tx: Transaction, client_id: UUID) -> list[Untried]:
    """A client's planned messages that may still get another time; locked."""
    return [Untried(*row) for row in await tx.fetch(UNTRIED, client_id)]


async def told_of_another_start(
    tx: Transaction, moved: Sequence[tuple[UUID, UUID, datetime]]
) -> set[tuple[UUID, UUID]]:
    """Of clients, sessions and when these begin now: who was told of another start that is still
    ahead, and of which session."""
    if not moved:
        return set()
    rows = await tx.fetch(TOLD_OF_ANOTHER, tx.now, *map(list, zip(*moved, strict=True)))
    return {(row["client_id"], row["session_id"]) for row in rows}


async def resume_times(
    tx: Transaction,
    rows: Sequence[asyncpg.Record],
    records: Records,
    contacts: Mapping[UUID, Contact | None],
) -> dict[UUID, datetime]:
    """Of the messages in `rows` whose clients got as many as go out on one day of their calendar:
    from when on the next ones may."""
    now = clock.now()
    known = {row["id"]: row for row in rows}
    zones = {
        one: zone_for(contacts.get(row["client_id"]), row["site_time_zone"])
        for one, row in known.items()
    }
    asked = [
        (one, record, at(now.astimezone(zones[one]).date(), time(), zones[one]))
        for one, row in known.items()
        for record in records[row["client_id"]]
    ]
    resumes = {}
    for one, count in await tx.fetch(SENT_TODAY, *map(list, zip(*asked, strict=True))):
        policy, zone = timing_policy(known[one]["site_id"]), zones[one]
        if count >= policy.most_a_day:
            tomorrow = now.astimezone(zone).date() + timedelta(days=1)
            resumes[one] = at(tomorrow, policy.window.opens, zone)
    return resumes


async def show_notification(tx: Transaction, notification_id: UUID) -> Notification:
    """One message.

    Raises:
        NotFound: there is none with this id at the sites of the transaction.
    """
    row = found(
        await tx.fetchrow(f"{SHOWN} WHERE id = $1 AND kind <> $2", notification_id, STAFF_ALERT),
        "notification",
    )
    return Notification(**dict(row))


async def list_notifications(tx: Transaction, wanted: Wanted, paging: Paging) -> Page[Notification]:
    """Messages that are wanted, in the order of their ids."""
    where, values = narrowed(
        ("id > ?", paging.after),
        ("client_id = ANY ((SELECT platform.records_of(?))::uuid[])", wanted.client_id),
        ("session_id = ?", wanted.session_id),
        ("site_id = ?", wanted.site_id),
        ("due_on = ?", wanted.due_on),
        ("kind <> ?", STAFF_ALERT),
        ("kind = ?", wanted.kind),
        ("state = ?", wanted.state),
    )
    page = f"{SHOWN} {where} ORDER BY id LIMIT ${len(values) + 1}"
    rows = await tx.fetch(page, *values, paging.limit + 1)
    return page_of([Notification(**dict(row)) for row in rows], paging.limit)


async def summarize(tx: Transaction, site_id: UUID, due_on: date) -> NotificationCounts:
    """How many messages of a site's day there are, by kind and state; nothing of another site."""
    rows = await tx.fetch(COUNTS, site_id, due_on)
    return NotificationCounts(
        site_id=site_id,
        due_on=due_on,
        total=sum(row["count"] for row in rows),
        counts=[NotificationCount(**dict(row)) for row in rows],
    )
