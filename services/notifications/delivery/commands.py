"""Planning and cancelling messages; set-based, as one placement plans many reminders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notifications.delivery.vocabulary import ONCE_A_SESSION, Kind
from services.notifications.stays.queries import stays_of
from services.notifications.stays.rules import standing
from shared.database import Transaction
from shared.ids import new_id

Seat = tuple[UUID, UUID]
"""A client and a session."""

PLAN = """
INSERT INTO notifications (
  id, site_id, client_id, enrolment_id, session_id, kind, session_starts_at, site_time_zone,
  state, planned_at, due_at, due_on, next_at, expires_at, traceparent)
SELECT id, site_id, client_id, enrolment_id, session_id, $2, session_starts_at, site_time_zone,
  'planned', $1, due_at, (due_at AT TIME ZONE site_time_zone)::date, due_at, expires_at, traceparent
FROM unnest(
  $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::timestamptz[], $8::text[],
  $9::timestamptz[], $10::timestamptz[], $11::text[], $13::uuid[]
) AS p(id, site_id, client_id, session_id, session_starts_at, site_time_zone,
  due_at, expires_at, traceparent, enrolment_id)
WHERE NOT EXISTS (
  SELECT FROM notifications n
  WHERE n.client_id = p.client_id AND n.session_id = p.session_id AND n.kind = $2
    AND (n.session_starts_at = p.session_starts_at OR $12)
    AND n.state NOT IN ('planned', 'cancelled')
)
ON CONFLICT (client_id, session_id, kind, session_starts_at) DO UPDATE SET
  state = 'planned', planned_at = excluded.planned_at, due_at = excluded.due_at,
  due_on = excluded.due_on, site_time_zone = excluded.site_time_zone,
  next_at = excluded.next_at, expires_at = excluded.expires_at,
  traceparent = excluded.traceparent, enrolment_id = excluded.enrolment_id,
  ended_at = NULL, channel = NULL,
  attempts = CASE notifications.state WHEN 'planned' THEN notifications.attempts ELSE 0 END
WHERE notifications.state IN ('planned', 'cancelled')
"""

CANCEL = """
WITH unwanted AS (
  SELECT n.id FROM notifications n JOIN {unwanted} AND n.state IN ('planned', 'sending')
), cancelled AS (
  UPDATE notifications n SET state = 'cancelled', ended_at = $1
  FROM unwanted WHERE n.id = unwanted.id AND n.state = 'planned'
  RETURNING n.id
)
INSERT INTO withdrawals (notification_id, withdrawn_at)
SELECT id, $1 FROM unwanted WHERE id NOT IN (SELECT id FROM cancelled)
ON CONFLICT DO NOTHING
"""
"""Rows that are `sending` belong to their sender, who may lock them for long: they are withdrawn
and not touched."""
CANCEL_OF_SEATS = CANCEL.format(
    unwanted="""
  unnest($3::uuid[], $4::uuid[], $5::timestamptz[]) AS seat(client_id, session_id, kept)
    ON n.client_id = seat.client_id AND n.session_id = seat.session_id
  WHERE n.kind = $2 AND n.session_starts_at IS DISTINCT FROM seat.kept"""
)
"""A message for the start that is `kept` stays; null keeps none."""
CANCEL_OF_STAYS = CANCEL.format(
    unwanted="""
  unnest($2::uuid[], $3::uuid[]) AS stay(client_id, enrolment_id)
    ON n.client_id = stay.client_id
  WHERE (n.enrolment_id = stay.enrolment_id
    OR n.enrolment_id IS NULL OR stay.enrolment_id IS NULL)"""
)
"""A message that names no stay belongs to any; no stay stands for all of the client."""

LOOK_AGAIN = """
UPDATE notifications SET next_at = greatest(due_at, $1)
WHERE client_id IN (SELECT unnest(platform.records_of(c.id)) FROM unnest($2::uuid[]) AS c (id))
  AND state = 'planned' AND next_at > greatest(due_at, $1)
"""

KEEP = """
DELETE FROM withdrawals w
USING notifications n, unnest($2::uuid[], $3::uuid[], $4::timestamptz[])
  AS kept(client_id, session_id, starts_at)
WHERE n.id = w.notification_id AND n.kind = $1
  AND n.client_id = kept.client_id AND n.session_id = kept.session_id
  AND (n.session_starts_at = kept.starts_at OR $5)
"""

REPLAN = """
UPDATE notifications n SET due_at = t.due_at, next_at = t.due_at, expires_at = t.expires_at,
  due_on = (t.due_at AT TIME ZONE n.site_time_zone)::date
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS t(id, due_at, expires_at)
WHERE n.id = t.id AND n.state = 'planned'
"""


@dataclass(frozen=True, slots=True)
class PlannedTimes:
    """When a message is due and from when on it is of no use."""

    due_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """A message to plan. All instants are aware; `expires_at` is when it is of no use any more."""

    site_id: UUID
    client_id: UUID
    enrolment_id: UUID | None
    session_id: UUID
    session_starts_at: datetime
    site_time_zone: str
    due_at: datetime
    expires_at: datetime
    traceparent: str | None


async def plan_messages(tx: Transaction, kind: Kind, messages: Sequence[PlannedMessage]) -> None:
    """Plan at most one message of `kind` for each client and session.

    A message that is planned or was cancelled is planned anew; one that went out or was given up
    stays as it is, and is not waited for while it is being sent. Of several plans for the same
    session the last one counts; a message planned for another start of the session is cancelled.
    Of a kind that is sent once, one that went out for another start counts too. Nothing is planned
    for a stay that is over.
    """
    stays = await stays_of(tx, (m.client_id for m in messages))
    latest = {
        (m.client_id, m.session_id): m
        for m in messages
        if m.enrolment_id is None or standing(stays.get(m.client_id, {}), m.enrolment_id) != "over"
    }
    kept = [latest[key] for key in sorted(latest)]
    clients, sessions = [m.client_id for m in kept], [m.session_id for m in kept]
    starts = [m.session_starts_at for m in kept]
    once = kind in ONCE_A_SESSION
    await tx.execute(CANCEL_OF_SEATS, tx.now, kind, clients, sessions, starts)
    await tx.execute(KEEP, kind, clients, sessions, starts, once)
    await tx.execute(
        PLAN,
        tx.now,
        kind,
        [new_id() for _ in kept],
        [m.site_id for m in kept],
        clients,
        sessions,
        starts,
        [m.site_time_zone for m in kept],
        [m.due_at for m in kept],
        [m.expires_at for m in kept],
        [m.traceparent for m in kept],
        once,
        [m.enrolment_id for m in kept],
    )
    tx.wake()


async def cancel_messages(tx: Transaction, kind: Kind, seats: Iterable[Seat]) -> None:
    """Cancel messages that are still planned, and withdraw those on their way.

    What a channel has taken charge of cannot be called back.
    """
    wanted = sorted(set(seats))
    clients, sessions = [client for client, _ in wanted], [session for _, session in wanted]
    await tx.execute(CANCEL_OF_SEATS, tx.now, kind, clients, sessions, [None] * len(wanted))


async def cancel_of_stays(tx: Transaction, stays: Iterable[tuple[UUID, UUID | None]]) -> None:
    """Cancel messages of clients' stays that are still planned, and withdraw those on their way.

    A stay is a client and an enrolment; None stands for all of the client.
    """
    over = list(set(stays))
    await tx.execute(
        CANCEL_OF_STAYS, tx.now, [client for client, _ in over], [stay for _, stay in over]
    )


async def look_again(tx: Transaction, client_ids: Iterable[UUID]) -> None:
    """Decide anew about planned messages of clients that were put off: what put them off may be
    gone."""
    await tx.execute(LOOK_AGAIN, tx.now, list(set(client_ids)))
    tx.wake()


async def replan(tx: Transaction, ids: Sequence[UUID], times: Sequence[PlannedTimes]) -> None:
    """Give messages that are still planned other times."""
    if not ids:
        return
    await tx.execute(REPLAN, ids, [t.due_at for t in times], [t.expires_at for t in times])
    tx.wake()
