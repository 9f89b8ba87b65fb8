"""What went between a client and us."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.notifications.timeline.queries import list_messages, show_timeline
from services.notifications.timeline.schemas import Entry
from shared.access import Role
from shared.access.roles import CLINICIANS
from shared.web import (
    Allowed,
    Call,
    Earlier,
    Page,
    Paging,
    Router,
    Timeline,
    of_one_client,
)

router = Router(tags=["Timeline"])
READERS = Allowed(*CLINICIANS, Role.FRONT_DESK, Role.SITE_MANAGER, Role.AUDITOR)


@router.get("/clients/{client_id}/timeline", summary="Show what went to and came from a client")
@of_one_client
async def show_client_timeline(
    client_id: UUID, call: Annotated[Call, READERS], paging: Annotated[Paging, Depends()]
) -> Page[Entry]:
    """Messages and replies of all records of the person. What they said is shown to clinicians,
    for as long as policy keeps it; addresses to nobody."""
    seen = call.caller.role in CLINICIANS
    return await call.show(lambda tx: show_timeline(tx, client_id, paging, with_bodies=seen))


@router.get("/clients/{client_id}/messages", summary="List messages and replies, newest first")
@of_one_client
async def list_messages_of_client(
    client_id: UUID, call: Annotated[Call, READERS], part: Annotated[Earlier, Depends()]
) -> Timeline[Entry]:
    """What the timeline shows, by when it happened; for laying beside what else happened then."""
    seen = call.caller.role in CLINICIANS
    return await call.show(lambda tx: list_messages(tx, client_id, part, with_bodies=seen))
