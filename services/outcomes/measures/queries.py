"""Measures as they are read: what is due and overdue, and how many were answered."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from services.outcomes.episodes.schemas import Whose
from services.outcomes.measures.policy import TOTAL, MeasurePolicy
from services.outcomes.measures.rules.course import Course, Point, course
from services.outcomes.measures.rules.occasions import is_baseline
from services.outcomes.measures.schemas import Completion, OpenMeasure, OpenState, SiteCompletion
from services.outcomes.scores.queries import StayScore
from shared.database import Transaction, select
from shared.errors import Invalid, found
from shared.web import CountedPage, Paging, counted_page

LONGEST_DAYS = 366
SITE = "SELECT true FROM sites WHERE site_id = $1"
LISTED = select(OpenMeasure, "measures")
OPEN = "state IN ('due', 'overdue')"
"""As the partial indexes say it, so that each of the lists reads one of them."""
COMPLETION = """
SELECT instrument, count(*) FILTER (WHERE state = 'completed')::integer AS completed,
  count(*) FILTER (WHERE state = 'missed')::integer AS missed,
  count(*) FILTER (WHERE state = 'excused')::integer AS excused,
  count(*) FILTER (WHERE state = 'due')::integer AS due,
  count(*) FILTER (WHERE state = 'overdue')::integer AS overdue
FROM measures
WHERE site_id = $1 AND due_on BETWEEN $2 AND $3 AND state <> 'planned'
GROUP BY instrument ORDER BY instrument
"""


def course_of(
    policy: MeasurePolicy, enrolled_on: date, instrument: str, key: str, scores: Iterable[StayScore]
) -> tuple[list[Point], Course]:
    """The valid values of a series in a stay, and what they come to; see `points_of`."""
    points, baseline = points_of(policy, enrolled_on, key, scores)
    return points, course(policy.measures[instrument].series[key], points, baseline)


def points_of(
    policy: MeasurePolicy, enrolled_on: date, key: str, scores: Iterable[StayScore]
) -> tuple[list[Point], Point | None]:
    """The valid values of a series in a stay, and which of them is the baseline; `scores` are those
    of one version of the instrument in the order in which the client answered."""
    points = [
        Point(one.screening_id, one.answered_on, value, one.prorated)
        for one in scores
        if (value := one.total if key == TOTAL else one.subscores.get(key)) is not None
    ]
    return points, next(
        (p for p in points if is_baseline(policy, enrolled_on, p.answered_on)), None
    )


class BadPeriod(Invalid):
    """A period ends after it begins, and is a year at most."""


async def list_open_measures(
    tx: Transaction, paging: Paging, of: Whose, state: OpenState | None
) -> CountedPage[OpenMeasure]:
    """What is due and overdue, and how many there are; of who is on hold, or whose stay ended,
    nothing is."""
    asked = (*of.asked, ("state = ?", state))
    return await counted_page(tx, LISTED, paging, OpenMeasure.from_row, *asked, always=OPEN)


async def show_completion(
    tx: Transaction, site_id: UUID, since: date, until: date
) -> SiteCompletion:
    """How many measures that became due at a site in these days were answered.

    Raises:
        NotFound: no such site among the caller's.
        BadPeriod: with a pointer.
    """
    if until < since:
        raise BadPeriod("Give a day from `since` on.", pointer="until")
    if (until - since).days >= LONGEST_DAYS:
        raise BadPeriod(f"Ask for {LONGEST_DAYS} days at most.", pointer="until")
    found(await tx.fetchval(SITE, site_id), "site")
    rows = await tx.fetch(COMPLETION, site_id, since, until)
    return SiteCompletion(
        site_id=site_id,
        since=since,
        until=until,
        instruments=[
            Completion(**dict(row), percent=_percent(row["completed"], row["missed"]))
            for row in rows
        ],
    )


def _percent(completed: int, missed: int) -> float | None:
    closed = completed + missed
    return round(100 * completed / closed, 1) if closed else None
