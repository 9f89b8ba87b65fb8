"""Which messages there are and how they went; never what they said or where they went."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AfterValidator

from services.notifications.delivery import queries
from services.notifications.delivery.queries import Wanted
from services.notifications.delivery.schemas import Notification, NotificationCounts
from services.notifications.delivery.vocabulary import Kind, State
from services.notifications.rulebook.policy import known_kind
from shared.access import Role
from shared.errors import Invalid
from shared.web import Allowed, Call, Day, Page, Paging, Router, of_one_client

router = Router(tags=["Notifications"])

READERS = Allowed(
    Role.FRONT_DESK,
    Role.COUNSELOR,
    Role.CLINICAL_LEAD,
    Role.SITE_MANAGER,
    Role.REGIONAL_OPERATIONS,
    Role.AUDITOR,
)


class DayWithoutSite(Invalid, title="Day without a site"):
    """A day of messages was asked for without the site at which it is one."""


@router.get("/notifications", summary="List messages")
async def list_notifications(
    call: Annotated[Call, READERS],
    paging: Annotated[Paging, Depends()],
    client_id: Annotated[UUID | None, Query(description="Only messages to this client.")] = None,
    session_id: Annotated[
        UUID | None, Query(description="Only messages about this session.")
    ] = None,
    site_id: Annotated[UUID | None, Query(description="Only messages of this site.")] = None,
    due_on: Annotated[
        Day | None,
        Query(
            description="Only messages that are planned to go out on this day at the site; "
            "needs `site_id`."
        ),
    ] = None,
    kind: Annotated[
        Annotated[Kind, AfterValidator(known_kind)] | None,
        Query(description="Only messages of this kind: one of the rules in force."),
    ] = None,
    state: Annotated[State | None, Query(description="Only messages in this state.")] = None,
) -> Page[Notification]:
    """Messages to clients of the caller's sites; those planned earlier come first.

    Neither texts nor addresses are shown: only the kind, the channel, the state and the times.
    """
    if due_on is not None and site_id is None:
        raise DayWithoutSite("A day is one at a site: name the site too.", pointer="site_id")
    wanted = Wanted(client_id, session_id, site_id, due_on, kind, state)
    return await call.show(lambda tx: queries.list_notifications(tx, wanted, paging))


@router.get("/notification-counts", summary="Count the messages of a day")
async def summarize_notifications(
    call: Annotated[Call, READERS],
    site_id: Annotated[UUID, Query(description="The site.")],
    due_on: Annotated[
        Day, Query(description="The day at the site on which they are planned to go out.")
    ],
) -> NotificationCounts:
    """How many messages of a site's day there are, by kind and state; no client is named."""
    return await call.show(lambda tx: queries.summarize(tx, site_id, due_on))


@router.get("/notifications/{notification_id}", summary="Show a message")
@of_one_client
async def show_notification(notification_id: UUID, call: Annotated[Call, READERS]) -> Notification:
    """One message to a client of one of the caller's sites."""
    return await call.show(lambda tx: queries.show_notification(tx, notification_id))
