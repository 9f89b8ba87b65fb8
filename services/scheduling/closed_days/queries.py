"""Closed days as they are read."""

from dataclasses import asdict
from datetime import date
from uuid import UUID

from services.scheduling.closed_days.rules import NoCalendar, proposed, source
from services.scheduling.closed_days.schemas import ClosedDay, ClosedDays, ProposedDay, ProposedDays
from services.scheduling.directory.queries import show_site
from shared.database import Transaction, select
from shared.errors import Conflict

DAYS = f"""
{select(ClosedDay, "closed_days")} WHERE site_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day
"""


class SubdivisionNeeded(Conflict, title="Holidays of this place are not known"):
    """Holidays are those of a country and its parts."""


async def closed_days(tx: Transaction, site_id: UUID, first: date, last: date) -> dict[date, str]:
    """The days, from the first to the last, on which a site is closed, and why."""
    return {row["day"]: row["name"] for row in await tx.fetch(DAYS, site_id, first, last)}


async def list_closed_days(tx: Transaction, site_id: UUID, year: int) -> ClosedDays:
    """The days of a year on which a site is closed.

    Raises:
        NotFound: when there is no such site that the caller may see.
    """
    await show_site(tx, site_id)
    rows = await tx.fetch(DAYS, site_id, date(year, 1, 1), date(year, 12, 31))
    return ClosedDays(site_id=site_id, days=[ClosedDay(**row) for row in rows])


async def list_proposed_days(tx: Transaction, site_id: UUID, year: int) -> ProposedDays:
    """The public holidays of a year where the site is, and which of them it took.

    Raises:
        NotFound: when there is no such site that the caller may see.
        SubdivisionNeeded: when it is not said where the site is, or no library knows holidays
            there.
    """
    site = await show_site(tx, site_id)
    if site.subdivision is None:
        raise SubdivisionNeeded("Enter the subdivision of the site first, such as US-CO.")
    try:
        found = proposed(site.subdivision, year)
    except NoCalendar:
        raise SubdivisionNeeded("No holidays of this country are known: enter days.") from None
    taken = await closed_days(tx, site_id, date(year, 1, 1), date(year, 12, 31))
    days = [ProposedDay(**asdict(one), confirmed=one.day in taken) for one in found]
    return ProposedDays(site_id=site_id, subdivision=site.subdivision, source=source(), days=days)
