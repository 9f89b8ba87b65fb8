"""Which messages there are and how they went; never what they said or where they went."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.notifications.delivery import queries
from services.notifications.delivery.queries import Wanted
from services.notifications.delivery.schemas import Notification
from services.notifications.delivery.vocabulary import Kind, State
from shared.access import Allowed, Caller, Role
from shared.web import Page, Paging, show

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
) -> Response:
    """Messages to clients of the caller's sites; those planned earlier come first.

    Neither texts nor addresses are shown: only the kind, the channel, the state and the times.
    """
    wanted = Wanted(client_id, session_id, kind, state)
    return await show(request, caller, lambda tx: queries.list_notifications(tx, wanted, paging))


@router.get(
    "/{notification_id}",
    response_model=Notification,
    operation_id="show_notification",
    summary="Show a message",
)
async def show_notification(
    notification_id: UUID, request: Request, caller: Annotated[Caller, READERS]
) -> Response:
    """One message to a client of one of the caller's sites."""
    return await show(request, caller, lambda tx: queries.show_notification(tx, notification_id))
