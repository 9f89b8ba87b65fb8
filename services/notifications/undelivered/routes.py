"""Messages that were given up or did not arrive: an operator has them tried again, or discards
them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.notifications.delivery.schemas import Notification
from services.notifications.undelivered.commands import discard, retry
from services.notifications.undelivered.queries import list_undelivered
from shared.access import Role
from shared.web import Allowed, Call, Page, Paging, Router
from shared.web.problems import refusals

router = Router(tags=["Undelivered messages"])
NO_KEY = refusals({400: "The Idempotency-Key is missing"})
STAFF = Allowed(Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS)


@router.get("/undelivered-messages", summary="List messages that were given up")
async def list_undelivered_messages(
    call: Annotated[Call, STAFF],
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Only messages of this site.")] = None,
) -> Page[Notification]:
    """Messages to clients that were given up or did not arrive, and that nobody decided about."""
    return await call.show(lambda tx: list_undelivered(tx, site_id, paging))


@router.post(
    "/undelivered-messages/{notification_id}/retry",
    summary="Try a message again",
    status_code=202,
    responses=NO_KEY,
)
async def retry_undelivered_message(
    notification_id: UUID, call: Annotated[Call, STAFF]
) -> Notification:
    """It goes out at once, outside quiet hours and by what the client agreed to, as any other."""
    return await call.create(
        lambda tx: retry(tx, notification_id),
        location=lambda one: f"/notifications/{one.id}",
        status=202,
    )


@router.post(
    "/undelivered-messages/{notification_id}/discard",
    summary="Discard a message",
    responses=NO_KEY,
)
async def remove_undelivered_message(
    notification_id: UUID, call: Annotated[Call, STAFF]
) -> Notification:
    """Somebody dealt with it otherwise: it is off the list, and stays in the client's timeline."""
    return await call.create(
        lambda tx: discard(tx, notification_id, by=call.subject),
        location=lambda one: f"/notifications/{one.id}",
        status=200,
    )
