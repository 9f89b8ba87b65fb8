"""Hours over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.scheduling.hours import queries
from services.scheduling.hours.schemas import AskedHours, ClientWeek, WeeklyHours
from shared.calendar import Week
from shared.errors import Invalid
from shared.web import AnyStaff, Page, Reader, Router, of_one_client

router = Router(tags=["Hours"])


class BadWeek(Invalid, title="Not an ISO week"):
    """The text names no ISO week."""


def asked_week(text: str) -> Week:
    """The week that a caller named.

    Raises:
        BadWeek: it is none.
    """
    try:
        return Week.parse(text)
    except ValueError as error:
        raise BadWeek(str(error), pointer="week") from None


@router.get("/weekly-hours", summary="List the hours of a site's clients in one week")
async def list_weekly_hours(
    call: AnyStaff,
    site_id: Annotated[UUID, Query(description="The site.")],
    week: Annotated[str, Query(max_length=8, description="ISO week.", examples=["2026-W10"])],
    paging: Annotated[queries.ShortestFirst, Depends()],
) -> Page[ClientWeek]:
    """Every client with a seat in that week: who lacks most comes first, so that a session can be
    added in time. For staff only."""
    asked = asked_week(week)
    return await call.show(lambda tx: queries.weeks_of_site(tx, site_id, asked, paging))


@router.get("/clients/{client_id}/weekly-hours", summary="Planned and attended hours of one week")
@of_one_client
async def show_weekly_hours(
    client_id: UUID, call: Reader, asked: Annotated[AskedHours, Query()]
) -> WeeklyHours:
    """A client's minutes from Monday to Sunday of the site's calendar, checked by level 2.1."""
    week = None if asked.week is None else asked_week(asked.week)
    return await call.show(lambda tx: queries.weekly_hours(tx, client_id, week, asked.population))
