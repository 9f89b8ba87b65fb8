"""Closing a site on days, and opening it on one after all."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.scheduling.closed_days.schemas import ClosedDay, ClosedDays, NewClosedDays
from services.scheduling.directory.queries import show_site
from shared.contracts.scheduling import ClosedDay as ToldDay
from shared.contracts.scheduling import ClosedDaysChanged
from shared.database import Columns, Transaction
from shared.errors import Invalid, found, require_once
from shared.messaging.outbox import publish

DAYS = Columns.of(day="date", name="text", kind="text")
CLOSE = f"""
INSERT INTO closed_days (site_id, {DAYS.names}) SELECT {DAYS.next}, given.* FROM {DAYS.rows}
ON CONFLICT (site_id, day) DO UPDATE SET {DAYS.updates("day")}
"""  # noqa: S608 - the columns are above
OPEN = "DELETE FROM closed_days WHERE site_id = $1 AND day = $2 RETURNING day, name, kind"


class DayTwice(Invalid, title="A day is listed twice"):
    """A day is in the list more than once."""


async def close_days(tx: Transaction, site_id: UUID, new: NewClosedDays) -> ClosedDays:
    """Close a site on days; what was said of one of them is replaced. Publishes ClosedDaysChanged.

    Raises:
        NotFound: when there is no such site that the caller may see.
        DayTwice: when a day is listed twice.
    """
    days = [one.day for one in new.days]
    require_once(days, DayTwice, "/days/{}/day", "This day is listed above.")
    await show_site(tx, site_id)
    await tx.execute(CLOSE, *DAYS.arrays(new.days), site_id)
    closed = [ToldDay(**dict(one)) for one in new.days]
    tell_days(tx, site_id, closed=closed)
    return ClosedDays(site_id=site_id, days=new.days)


async def reopen_day(tx: Transaction, site_id: UUID, day: date) -> ClosedDay:
    """Open a site on a day on which it was to be closed; publishes ClosedDaysChanged.

    Raises:
        NotFound: when the site is not closed on that day, or the caller may not see it.
    """
    row = found(await tx.fetchrow(OPEN, site_id, day), "closed day")
    tell_days(tx, site_id, reopened=[day])
    return ClosedDay(**row)


def tell_days(
    tx: Transaction, site_id: UUID, *, closed: Sequence[ToldDay] = (), reopened: Sequence[date] = ()
) -> None:
    """Publish ClosedDaysChanged."""
    days = {"closed": list(closed), "reopened": list(reopened)}
    publish(tx, ClosedDaysChanged(site_id=site_id, changed_at=tx.now, **days))
