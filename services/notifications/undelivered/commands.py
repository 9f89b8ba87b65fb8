"""What becomes of messages that were given up."""

from datetime import datetime
from uuid import UUID

from services.notifications.delivery.queries import show_notification
from services.notifications.delivery.schemas import Notification
from shared.database import Transaction, update
from shared.errors import Conflict

LOCK = "SELECT state, expires_at, discarded_at FROM notifications WHERE id = $1 FOR UPDATE"
DEAD = ("failed", "bounced")


class NotDead(Conflict):
    """The message was not given up, or somebody discarded it already."""


class NoLongerOfUse(Conflict):
    """What the message says is over: it is not sent any more."""


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
        "state": "planned",
        "failure": None,
        "ended_at": None,
        "next_at": tx.now,
        "attempts": 0,
        "refused_by": [],
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
