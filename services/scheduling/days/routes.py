"""Days and weeks over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.days import queries
from services.scheduling.days.schemas import AskedWeek, SiteDay, WeekGrid
from services.scheduling.hours.routes import asked_week
from services.scheduling.sessions.schemas import Day
from shared.web import AnyStaff, Reader, Router

router = Router(tags=["Days and weeks"])


@router.get("/sites/{site_id}/day", summary="Show a day at a site")
async def show_day(
    site_id: UUID,
    call: AnyStaff,
    day: Annotated[
        Day | None,
        Query(alias="date", description="A date of the site's calendar; without it, today there."),
    ] = None,
) -> SiteDay:
    """All sessions of the day with room, therapists, counts of the roster, and who is expected and
    who is there. It names several clients and is for staff only."""
    return await call.show(lambda tx: queries.show_day(tx, site_id, day))


@router.get("/weeks/{week}", summary="Show the week of a site, a person or a room")
async def show_week(week: str, asked: Annotated[AskedWeek, Query()], call: Reader) -> WeekGrid:
    """The grid of a week from Monday to Sunday by the clock of the site; of a person by that of the
    home site. Give one of `site_id`, `staff_id` and `room_id`. It names no client."""
    named = asked_week(week)
    return await call.show(lambda tx: queries.show_week(tx, named, asked))
