"""Closed days over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.closed_days import commands, queries, schemas
from services.scheduling.directory.routes import Manager
from shared.web import Reader, Router
from shared.web.problems import refusals

WHY = "It is not said where the site is, or no holidays of that place are known"
NOT_KNOWN = refusals({409: WHY})

router = Router(prefix="/sites/{site_id}", tags=["Closed days"])

FIRST, LAST = schemas.YEARS
Year = Annotated[int, Query(ge=FIRST, le=LAST, description="Of the calendar.", examples=[2026])]


@router.get("/closed-days", summary="List closed days")
async def list_closed_days(site_id: UUID, year: Year, call: Reader) -> schemas.ClosedDays:
    """The days of a year on which the site is closed."""
    return await call.show(lambda tx: queries.list_closed_days(tx, site_id, year))


@router.get("/proposed-closed-days", summary="List holidays to confirm", responses=NOT_KNOWN)
async def list_proposed_days(site_id: UUID, year: Year, call: Reader) -> schemas.ProposedDays:
    """The public holidays of a year where the site is. None closes the site until it is confirmed,
    with another name or kind where that is better: send those that are taken to
    `POST /sites/{site_id}/closed-days`."""
    return await call.show(lambda tx: queries.list_proposed_days(tx, site_id, year))


@router.create("/closed-days", summary="Close a site on days")
async def add_closed_days(
    site_id: UUID, body: schemas.NewClosedDays, call: Manager
) -> schemas.ClosedDays:
    """Enter days on which the site is closed, all or none. What was said of one is replaced."""

    def address(made: schemas.ClosedDays) -> str:
        return f"/sites/{site_id}/closed-days?year={min(one.day for one in made.days).year}"

    return await call.create(commands.close_days, site_id, body, location=address)


@router.delete("/closed-days/{day}", status_code=204, summary="Open a site on a closed day")
async def remove_closed_day(site_id: UUID, day: schemas.Day, call: Manager) -> None:
    """The site opens on that day after all."""
    return await call.remove(lambda tx: commands.reopen_day(tx, site_id, day))
