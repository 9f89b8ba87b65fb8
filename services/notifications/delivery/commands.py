"""Planning and cancelling; set-based, as one placement plans many reminders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from services.notifications.delivery.vocabulary import Kind
from services.notifications.rulebook.policy import rulebook
from services.notifications.stays.queries import stays_of
from services.notifications.stays.rules import standing
from shared.database import Columns, Transaction
from shared.ids import new_id
from shared.merges import records_of

Subject = tuple[Kind, UUID, UUID]
"""A kind of message or task, a client, and what it is about."""
Earlier = tuple[Kind, UUID, datetime]
"""A kind of message or task, a client, and before when what it is about began."""


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """A message to plan. All instants are aware; `expires_at` is when it is of no use any more."""

    site_id: UUID
    client_id: UUID
    enrolment_id: UUID | None
    kind: Kind
    session_id: UUID
    session_starts_at: datetime
    site_time_zone: str
    due_at: datetime
    due_on: date
    """The day at the site."""
    expires_at: datetime
    traceparent: str | None
    once: bool
    """One that went out for another start counts too."""
    after_stay: bool
    """It goes out after the end of a stay too."""
    id: UUID = field(default_factory=new_id)


PLANNED = Columns.like(PlannedMessage)
NAMES = ", ".join(name for name, _ in PLANNED.types if name not in ("once", "after_stay"))
KEPT = (
    *("id", "site_id", "client_id", "kind", "session_id", "session_starts_at"),
    *("once", "after_stay"),
)
PLAN = f"""
INSERT INTO notifications AS n ({NAMES}, next_at, state, planned_at)
SELECT {NAMES}, due_at, 'planned', {PLANNED.next} FROM {PLANNED.rows}
WHERE NOT EXISTS (
  SELECT FROM notifications known
  WHERE (known.client_id, known.session_id) = (given.client_id, given.session_id)
    AND known.kind = given.kind AND known.state NOT IN ('planned', 'cancelled')
    AND (known.session_starts_at = given.session_starts_at OR given.once)
)
ON CONFLICT (client_id, session_id, kind, session_starts_at) DO UPDATE SET
  {PLANNED.updates(*KEPT)},
  next_at = excluded.next_at, state = 'planned',
  planned_at = excluded.planned_at, ended_at = NULL, channel = NULL,
  attempts = CASE n.state WHEN 'planned' THEN n.attempts ELSE 0 END
WHERE n.state IN ('planned', 'cancelled')
"""  # noqa: S608 - the columns are above

CANCEL = """
WITH unwanted AS (
  SELECT n.id FROM notifications n {unwanted} AND n.state IN ('planned', 'sending')
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
  JOIN unnest($2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[])
    AS seat(kind, client_id, session_id, kept)
    ON (n.client_id, n.session_id, n.kind) = (seat.client_id, seat.session_id, seat.kind)
  WHERE n.session_starts_at IS DISTINCT FROM seat.kept"""
)
"""A message for the start that is `kept` stays; null keeps none."""
CANCEL_EARLIER = CANCEL.format(
    unwanted="""
  JOIN unnest($2::text[], $3::uuid[], $4::timestamptz[]) AS came(kind, client_id, starts_at)
    ON (n.client_id, n.kind) = (came.client_id, came.kind)
  WHERE n.session_starts_at < came.starts_at"""
)
CANCEL_OF_STAYS = CANCEL.format(
    unwanted="""
  JOIN unnest($2::uuid[], $3::uuid[]) AS stay(client_id, enrolment_id)
    ON n.client_id = stay.client_id
  WHERE n.kind <> 'staff_alert' AND (n.enrolment_id = stay.enrolment_id
    OR n.enrolment_id IS NULL OR stay.enrolment_id IS NULL)
    AND (stay.enrolment_id IS NULL OR n.kind <> ALL ($4::text[]))"""
)
"""A message that names no stay belongs to any; no stay stands for all of the client, and for kinds
that go out after the end of a stay too. What staff has to know of a client it has to know then."""
CANCEL_OF_FLAGS = CANCEL.format(
    unwanted="""
  WHERE n.kind = 'staff_alert' AND n.flag_id = ANY ($2::uuid[]) AND n.address IS NOT NULL"""
)
"""That a site named nobody is told although somebody took charge."""

LOOK_AGAIN = """
UPDATE notifications SET next_at = greatest(due_at, $1)
WHERE client_id IN (SELECT unnest(platform.records_of(c.id)) FROM unnest($2::uuid[]) AS c (id))
  AND kind <> 'staff_alert' AND state = 'planned' AND next_at > greatest(due_at, $1)
"""

KEEP = """
DELETE FROM withdrawals w
USING notifications n, unnest($1::text[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::boolean[])
  AS kept(kind, client_id, session_id, starts_at, once)
WHERE n.id = w.notification_id
  AND (n.client_id, n.session_id, n.kind) = (kept.client_id, kept.session_id, kept.kind)
  AND (n.session_starts_at = kept.starts_at OR kept.once)
"""

TIMES = Columns.of(id="uuid", due_at="timestamptz", expires_at="timestamptz", due_on="date")
REPLAN = f"""
UPDATE notifications n SET due_at = given.due_at, next_at = given.due_at,
  expires_at = given.expires_at, due_on = given.due_on
FROM {TIMES.rows} WHERE n.id = given.id AND n.state = 'planned'
"""  # noqa: S608 - the columns are above


async def plan_messages(tx: Transaction, messages: Sequence[PlannedMessage]) -> None:
    """Plan at most one message of a kind for each client and session.

    A message that is planned or was cancelled is planned anew; one that went out or was given up
    stays as it is, and is not waited for while it is being sent. Of several plans for the same
    session the last one counts; a message planned for another start of the session is cancelled.
    Nothing is planned for a client who is gone, and for a stay that is over only what goes out
    `after_stay`.
    """
    if not messages:
        return
    stays = await stays_of(tx, await records_of(tx, (m.client_id for m in messages)))
    latest = {
        (m.client_id, m.session_id, m.kind): m
        for m in messages
        if m.enrolment_id is None
        or standing(stays.get(m.client_id, {}), m.enrolment_id)
        not in ({"gone"} if m.after_stay else {"over", "gone"})
    }
    kept = [latest[key] for key in sorted(latest)]
    subjects = [m.kind for m in kept], [m.client_id for m in kept], [m.session_id for m in kept]
    starts, once = [m.session_starts_at for m in kept], [m.once for m in kept]
    await tx.execute(CANCEL_OF_SEATS, tx.now, *subjects, starts)
    await tx.execute(KEEP, *subjects, starts, once)
    await tx.execute(PLAN, *PLANNED.arrays(kept), tx.now)
    tx.wake()


async def cancel_messages(tx: Transaction, about: Iterable[Subject]) -> None:
    """Cancel messages that are still planned, and withdraw those on their way.

    What a channel has taken charge of cannot be called back.
    """
    if over := sorted(set(about)):
        await tx.execute(
            CANCEL_OF_SEATS, tx.now, *map(list, zip(*over, strict=True)), [None] * len(over)
        )


async def cancel_earlier(tx: Transaction, than: Iterable[Earlier]) -> None:
    """As `cancel_messages`, about whatever began before."""
    if over := sorted(set(than)):
        await tx.execute(CANCEL_EARLIER, tx.now, *map(list, zip(*over, strict=True)))


async def cancel_for_other_starts(tx: Transaction, kept: Mapping[Subject, datetime]) -> None:
    """Cancel messages that are still planned for another start than the one that is `kept`, and
    withdraw those on their way: what they are about was moved, and nothing takes their place."""
    if kept:
        subjects = map(list, zip(*kept, strict=True))
        await tx.execute(CANCEL_OF_SEATS, tx.now, *subjects, list(kept.values()))


async def cancel_of_stays(tx: Transaction, stays: Iterable[tuple[UUID, UUID | None]]) -> None:
    """Cancel messages of clients' stays that are still planned, and withdraw those on their way.

    A stay is a client and an enrolment; None stands for all of the client. Kinds that go to former
    clients stay planned when a stay ends.
    """
    over = list(set(stays))
    clients, enrolments = [client for client, _ in over], [stay for _, stay in over]
    spared = [kind for kind, s in rulebook().sendings.items() if s.rule.after_stay]
    await tx.execute(CANCEL_OF_STAYS, tx.now, clients, enrolments, spared)


async def cancel_of_flags(tx: Transaction, flag_ids: Iterable[UUID]) -> None:
    """Somebody took charge: cancel alerts about flags that are still planned, and withdraw those on
    their way."""
    if over := list(set(flag_ids)):
        await tx.execute(CANCEL_OF_FLAGS, tx.now, over)


async def look_again(tx: Transaction, client_ids: Iterable[UUID]) -> None:
    """Decide anew about planned messages of clients that were put off: what put them off may be
    gone."""
    await tx.execute(LOOK_AGAIN, tx.now, list(set(client_ids)))
    tx.wake()


async def replan(tx: Transaction, times: Sequence[Mapping[str, object]]) -> None:
    """Give messages that are still planned the other `TIMES`."""
    if times:
        await tx.execute(REPLAN, *TIMES.arrays(times))
        tx.wake()
