"""Messages that were given up and that nobody decided about."""

from uuid import UUID

from services.notifications.delivery.queries import SHOWN
from services.notifications.delivery.schemas import Notification
from services.notifications.delivery.vocabulary import STAFF_ALERT
from shared.database import Transaction
from shared.web import Page, Paging, narrowed, page_of


async def list_undelivered(
    tx: Transaction, site_id: UUID | None, paging: Paging
) -> Page[Notification]:
    """Messages that nobody decided about, in the order of their ids."""
    where, values = narrowed(
        ("id > ?", paging.after), ("site_id = ?", site_id), ("kind <> ?", STAFF_ALERT)
    )
    page = f"{SHOWN} {where} AND state IN ('failed', 'bounced') AND discarded_at IS NULL"
    rows = await tx.fetch(f"{page} ORDER BY id LIMIT {paging.limit + 1}", *values)
    return page_of([Notification(**dict(row)) for row in rows], paging.limit)
