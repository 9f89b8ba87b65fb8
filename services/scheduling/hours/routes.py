"""Hours over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.hours import queries
from services.scheduling.hours.policy import Population
from services.scheduling.hours.rules import Week
from services.scheduling.hours.schemas import WeeklyHours
from shared.access import Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.errors import Invalid
from shared.web import Allowed, Call, Router, of_one_client

router = Router(prefix="/clients", tags=["Hours"])


class BadWeek(Invalid):
    """The text names no ISO week."""

    title = "Not an ISO week"


@router.get("/{client_id}/weekly-hours", summary="Planned and attended hours of one week")
@of_one_client
async def show_weekly_hours(
    client_id: UUID,
    call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE, Role.SERVICE)],
    week: Annotated[str, Query(max_length=8, description="ISO week.", examples=["2026-W10"])],
    population: Annotated[
        Population, Query(description="Whose rule of minimum hours applies.")
    ] = "adult",
) -> WeeklyHours:
    """A client's minutes from Monday to Sunday of the site's calendar, checked by level 2.1."""
    try:
        asked = Week.parse(week)
    except ValueError as error:
        raise BadWeek(str(error), pointer="week") from None
    return await call.show(lambda tx: queries.weekly_hours(tx, client_id, asked, population))
