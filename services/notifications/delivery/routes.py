"""Which messages there are and how they went; never what they said or where they went."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from services.notifications.delivery import queries
from services.notifications.delivery.queries import Wanted
from services.notifications.delivery.schemas import Notification
from services.notifications.delivery.vocabulary import Kind, State
from shared.access import Allowed, Caller, Role
from shared.web import Page, Paging, page_of, read

router = APIRouter(prefix="/notifications", tags=["Notifications"])

READERS = Allowed(
    Role.FRONT_DESK,
    Role.COUNSELOR,
    Role.CLINICAL_LEAD,
    Role.SITE_MANAGER,
    Role.REGIONAL_OPERATIONS,
    Role.AUDITOR,
)


@router.get(
    "",
    response_model=Page[Notification],
    operation_id="list_notifications",
    summary="List messages",
)
async def list_notifications(
    request: Request,
    caller: Annotated[Caller, READERS],
    paging: Annotated[Paging, Depends()],
    client_id: Annotated[UUID | None, Query(description="Only messages to this client.")] = None,
    session_id: Annotated[
        UUID | None, Query(description="Only messages about this session.")
    ] = None,
    kind: Annotated[Kind | None, Query(description="Only messages of this kind.")] = None,
    state: Annotated[State | None, Query(description="Only messages in this state.")] = None,
) -> Page[Notification]:
    """Messages to clients of the caller's sites; those planned earlier come first.

    Neither texts nor addresses are shown: only the kind, the channel, the state and the times.
    """
    wanted = Wanted(client_id, session_id, kind, state)
    async with read(request, caller) as tx:
        found = await queries.list_notifications(
            tx, wanted, after=paging.after, limit=paging.limit + 1
        )
    return page_of(found, paging.limit)


@router.get(
    "/{notification_id}",
    response_model=Notification,
    operation_id="show_notification",
    summary="Show a message",
)
async def show_notification(
    notification_id: UUID, request: Request, caller: Annotated[Caller, READERS]
) -> Notification:
    """One message to a client of one of the caller's sites."""
    async with read(request, caller) as tx:
        return await queries.show_notification(tx, notification_id)
