"""Messages that were given up or did not arrive: an operator has them tried again, or discards
them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.notifications.delivery.queries import SHOWN, show_notification
from services.notifications.delivery.schemas import Notification
from services.notifications.delivery.vocabulary import STAFF_ALERT
from shared.access import Role
from shared.database import Transaction, update
from shared.errors import Conflict
from shared.web import Allowed, Call, Page, Paging, Router, narrowed, page_of

router = Router(tags=["Dead letters"])
STAFF = Allowed(Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS)
LOCK = "SELECT state, expires_at, discarded_at FROM notifications WHERE id = $1 FOR UPDATE"
DEAD = ("failed", "bounced")


class NotDead(Conflict):
    """The message was not given up, or somebody discarded it already."""


class NoLongerOfUse(Conflict):
    """What the message says is over: it is not sent any more."""


async def list_dead(tx: Transaction, site_id: UUID | None, paging: Paging) -> Page[Notification]:
    """Messages that nobody decided about, in the order of their ids."""
    where, values = narrowed(
        ("id > ?", paging.after), ("site_id = ?", site_id), ("kind <> ?", STAFF_ALERT)
    )
    page = f"{SHOWN} {where} AND state IN ('failed', 'bounced') AND discarded_at IS NULL"
    rows = await tx.fetch(f"{page} ORDER BY id LIMIT {paging.limit + 1}", *values)
    return page_of([Notification(**dict(row)) for row in rows], paging.limit)


async def retry(tx: Transaction, notification_id: UUID) -> Notification:
    """Try a message again at once, by every way that its client agrees to.

    Raises:
        NotFound, NotDead: there is nothing to retry.
        NoLongerOfUse: its time has passed.
    """
    expires_at = await _lock(tx, notification_id)
    if tx.now >= expires_at:
        raise NoLongerOfUse("What this message says is over. Discard it, and call the client.")
    again: dict[str, object] = {
        "state": "planned", "failure": None, "ended_at": None, "next_at": tx.now,
        "attempts": 0, "refused_by": [],
    }
    statement = update("notifications", again, where={"id": notification_id}, versioned=False)
    await tx.execute(*statement)
    tx.wake()
    return await show_notification(tx, notification_id)


async def discard(tx: Transaction, notification_id: UUID, *, by: str) -> Notification:
    """Take a message off the list: somebody dealt with it.

    Raises:
        NotFound, NotDead: there is nothing to discard.
    """
    await _lock(tx, notification_id)
    done = {"discarded_by": by, "discarded_at": tx.now}
    statement = update("notifications", done, where={"id": notification_id}, versioned=False)
    await tx.execute(*statement)
    return await show_notification(tx, notification_id)


async def _lock(tx: Transaction, notification_id: UUID) -> datetime:
    await show_notification(tx, notification_id)
    row = await tx.fetchrow(LOCK, notification_id)
    if row is None or row["state"] not in DEAD or row["discarded_at"] is not None:
        raise NotDead("This message was not given up, or somebody dealt with it already.")
    expires_at: datetime = row["expires_at"]
    return expires_at


@router.get("/dead-letters", summary="List messages that were given up")
async def list_dead_letters(
    call: Annotated[Call, STAFF],
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Only messages of this site.")] = None,
) -> Page[Notification]:
    """Messages to clients that were given up or did not arrive, and that nobody decided about."""
    return await call.show(lambda tx: list_dead(tx, site_id, paging))


@router.post("/dead-letters/{notification_id}/retry", summary="Try a message again")
async def retry_dead_letter(notification_id: UUID, call: Annotated[Call, STAFF]) -> Notification:
    """It goes out at once, outside quiet hours and by what the client agreed to, as any other."""
    return await call.create(
        lambda tx: retry(tx, notification_id),
        location=lambda one: f"/notifications/{one.id}",
        status=202,
    )


@router.post("/dead-letters/{notification_id}/discard", summary="Discard a message")
async def discard_dead_letter(notification_id: UUID, call: Annotated[Call, STAFF]) -> Notification:
    """Somebody dealt with it otherwise: it is off the list, and stays in the client's timeline."""
    return await call.create(
        lambda tx: discard(tx, notification_id, by=call.subject),
        location=lambda one: f"/notifications/{one.id}",
        status=200,
    )
