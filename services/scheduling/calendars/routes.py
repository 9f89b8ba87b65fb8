"""Calendars over HTTP: addresses by staff, and reading one by its secret."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from services.scheduling.calendars import commands, queries
from services.scheduling.calendars.policy import FeedPolicy, feed_policy
from services.scheduling.calendars.rules import Feed, render, tag_of
from services.scheduling.calendars.schemas import CalendarLink, NewCalendarLink
from shared.access.allowed import Open
from shared.database import ALL_SITES, Database, Transaction
from shared.database.transaction import Access
from shared.errors import NotFound
from shared.web import Page, Paged, Router, SiteStaff, needs_if_match
from shared.web.limits import count_call
from shared.web.links import SECRET, digest
from shared.web.problems import refusals
from shared.web.writes import none_match

WHY = "A calendar program has no token: the address carries the secret of a calendar."
WHERE = Query(description="Where they were issued.")
GONE = {404: "No calendar is read at this address, or not any more"}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The calendar",
        "content": {"text/calendar": {"schema": {"type": "string"}}},
        "headers": {"ETag": {"description": "Of this state.", "schema": {"type": "string"}}},
    },
    304: {"description": "It is as it was when If-None-Match was read"},
    **refusals({**GONE, 429: "It was read too often; wait as long as Retry-After says"}),
}

router = Router(tags=["Calendars"])


class CalendarFile(Response):
    """A calendar, which may be kept by its reader alone and is asked for anew each time."""

    media_type = "text/calendar"


@router.create("/calendar-links", summary="Issue the address of a calendar")
async def add_calendar_link(body: NewCalendarLink, call: SiteStaff) -> CalendarLink:
    """A secret address at which a calendar program reads the sessions of a person of the staff, of
    a room or of a client. It is told once; a repetition of the request does not tell it again."""
    at = "/calendar-links?site_id={site_id}"
    return await call.create(commands.issue_link, body, call.subject, location=at)


@router.get("/calendar-links", summary="List the addresses of calendars of a site")
async def list_calendar_links(
    call: SiteStaff, paging: Paged, site_id: Annotated[UUID, WHERE]
) -> Page[CalendarLink]:
    """Addresses without their secrets, revoked ones included."""
    return await call.show(lambda tx: queries.list_links(tx, paging, site_id))


@router.delete("/calendar-links/{link_id}", summary="Revoke the address of a calendar")
@needs_if_match
async def cancel_calendar_link(link_id: UUID, call: SiteStaff) -> CalendarLink:
    """From now on nothing is read at the address."""
    return await call.update(commands.revoke_link, link_id)


@router.get(
    "/calendars/{secret}.ics",
    summary="Read a calendar",
    response_class=CalendarFile,
    responses=ANSWERS,
)
async def show_calendar(
    secret: str, request: Request, nobody: Annotated[None, Open(WHY)]
) -> Response:
    """The sessions of the weeks around today in iCalendar, each with a UID that stays and a
    SEQUENCE that rises; cancelled ones have that status. Titles name no program and no treatment.
    """
    database: Database = request.app.state.database
    answer = {"Cache-Control": "private, no-cache"}

    async def read(tx: Transaction) -> tuple[Feed, FeedPolicy] | None:
        link = await queries.link_of(tx, digest(secret)) if SECRET.fullmatch(secret) else None
        if link is None:
            raise NotFound("No calendar is read at this address.")
        count_call(request, "calendar", str(link["id"]), "This calendar is read too often.")
        policy = feed_policy(link["site_id"])
        feed = await queries.read_feed(tx, link, policy)
        answer["ETag"] = tag_of(feed, policy)
        if not none_match(request, answer["ETag"]):
            return None
        if link["kind"] == "client":
            client = [(link["resource_id"], link["site_id"])]
            subject = f"calendar:{link['id']}"
            tx.access = Access(subject, "client", "show_calendar", "read", client, None)
        return feed, policy

    found = await database.run(ALL_SITES, read)
    if found is None:
        return CalendarFile(status_code=304, headers=answer)
    return CalendarFile(await asyncio.to_thread(render, *found), headers=answer)
