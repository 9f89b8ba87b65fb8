"""What a person of the staff has to do about a client, and telling staff until somebody does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from services.notifications.delivery.commands import Earlier, Subject, cancel_of_flags
from services.notifications.escalations.commands import PlannedAlert, enter_alerts
from services.notifications.escalations.queries import contacts_of_sites, show_task
from services.notifications.escalations.rules import told_at
from services.notifications.escalations.schemas import StaffTask
from services.notifications.stays.queries import stays_of
from services.notifications.stays.rules import standing
from shared.database import Columns, Transaction, update
from shared.errors import Conflict, require_version
from shared.ids import new_id
from shared.merges import records_of


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task, as it is entered."""

    site_id: UUID
    client_id: UUID
    enrolment_id: UUID | None
    kind: str
    about: UUID
    anchor: datetime
    opens_at: datetime
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task to plan, and how staff are told of it: in `rounds` with `pause` between them, until
    somebody takes charge or it is of no use any more."""

    new: NewTask
    pause: timedelta
    rounds: int
    expires_at: datetime
    traceparent: str | None


class TaskOver(Conflict, title="Task over"):
    """Somebody took charge of the task before, or it is needless."""


TASKS = Columns.like(NewTask)
ENTER = f"""
INSERT INTO staff_tasks ({TASKS.names}, state) SELECT {TASKS.names}, 'open' FROM {TASKS.rows}
ON CONFLICT (client_id, kind, about, anchor) DO UPDATE SET id = excluded.id,
  opens_at = excluded.opens_at, state = 'open', ended_at = NULL, version = staff_tasks.version + 1
WHERE staff_tasks.state = 'withdrawn' RETURNING id
"""  # noqa: S608 - the columns are above
"""One that was withdrawn is a new one when its reason comes back."""
WITHDRAW = """
UPDATE staff_tasks t SET state = 'withdrawn', ended_at = $1, version = version + 1
FROM unnest($2::text[], $3::uuid[], $4::uuid[]) AS w (kind, client_id, about)
WHERE (t.client_id, t.about, t.kind) = (w.client_id, w.about, w.kind) AND t.state = 'open'
RETURNING t.id
"""
WITHDRAW_EARLIER = """
UPDATE staff_tasks t SET state = 'withdrawn', ended_at = $1, version = version + 1
FROM unnest($2::text[], $3::uuid[], $4::timestamptz[]) AS w (kind, client_id, starts_at)
WHERE (t.client_id, t.kind) = (w.client_id, w.kind) AND t.anchor < w.starts_at AND t.state = 'open'
RETURNING t.id
"""
WITHDRAW_OF_STAYS = """
UPDATE staff_tasks SET state = 'withdrawn', ended_at = $1, version = version + 1
WHERE enrolment_id = ANY ($2::uuid[]) AND state = 'open'
RETURNING id
"""


async def plan_tasks(tx: Transaction, planned: Sequence[PlannedTask]) -> None:
    """Enter tasks, each once for what it is about, and plan the alerts about them.

    Who is on call is asked for the instant at which a round is due. Nothing is entered for a stay
    that is over, or of a client who is gone.
    """
    if not planned:
        return
    stays = await stays_of(tx, await records_of(tx, (one.new.client_id for one in planned)))
    latest = {
        (one.new.client_id, one.new.kind, one.new.about, one.new.anchor): one
        for one in planned
        if one.new.enrolment_id is None
        or standing(stays.get(one.new.client_id, {}), one.new.enrolment_id) not in ("over", "gone")
    }
    kept = [latest[key] for key in sorted(latest)]
    rows = await tx.fetch(ENTER, *TASKS.arrays(one.new for one in kept))
    entered = {row["id"] for row in rows}
    contacts = await contacts_of_sites(tx, (one.new.site_id for one in kept))
    await enter_alerts(
        tx,
        [
            PlannedAlert(
                site_id=one.new.site_id,
                client_id=one.new.client_id,
                flag_id=one.new.id,
                step=step,
                severity="moderate",
                address=address,
                due_at=due_at,
                expires_at=max(due_at + one.pause, min(one.expires_at, due_at + 2 * one.pause)),
                traceparent=one.traceparent,
            )
            for one in kept
            if one.new.id in entered
            for known in [contacts[one.new.site_id]]
            for step in range(one.rounds if known.steps or known.regional_leads else 1)
            for due_at in [one.new.opens_at + step * one.pause]
            if step == 0 or due_at < one.expires_at
            for address in told_at(known, step, due_at)
        ],
    )


async def withdraw_tasks(tx: Transaction, about: Iterable[Subject]) -> None:
    """What the tasks were about is over: nobody needs to do them, and nobody is told any more."""
    if over := sorted(set(about)):
        rows = await tx.fetch(WITHDRAW, tx.now, *map(list, zip(*over, strict=True)))
        await cancel_of_flags(tx, (row["id"] for row in rows))


async def withdraw_earlier(tx: Transaction, than: Iterable[Earlier]) -> None:
    """As `withdraw_tasks`, about whatever began before."""
    if over := sorted(set(than)):
        rows = await tx.fetch(WITHDRAW_EARLIER, tx.now, *map(list, zip(*over, strict=True)))
        await cancel_of_flags(tx, (row["id"] for row in rows))


async def withdraw_of_stays(tx: Transaction, over: Iterable[UUID]) -> None:
    """Stays are over, and so is what was to be done because of them."""
    rows = await tx.fetch(WITHDRAW_OF_STAYS, tx.now, list(set(over)))
    await cancel_of_flags(tx, (row["id"] for row in rows))


async def take_charge(tx: Transaction, task_id: UUID, expected: int, *, by: str) -> StaffTask:
    """Somebody of the staff does what has to be done: nobody else is told.

    Raises:
        NotFound: no such task among the caller's sites.
        StaleVersion: it changed since it was read.
        TaskOver: it was done before, or is needless by now.
    """
    task = await show_task(tx, task_id, lock=True)
    require_version(task.version, expected)
    if task.state != "open":
        raise TaskOver("Somebody took charge of this before, or nothing has to be done any more.")
    changes = {"state": "done", "ended_by": by, "ended_at": tx.now}
    await tx.execute(*update("staff_tasks", changes, where={"id": task_id}))
    await cancel_of_flags(tx, [task_id])
    return await show_task(tx, task_id)
