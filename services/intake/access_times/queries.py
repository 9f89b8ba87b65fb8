"""The clock of one referral, and access times of sites."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, get_args
from uuid import UUID

from services.intake.access_times.policy import targets
from services.intake.access_times.rules import (
    Measure,
    Status,
    Target,
    days_between,
    nearest_rank,
    status,
)
from services.intake.access_times.schemas import Access, AccessTimes, Clock, SiteAccess, Timing
from shared.calendar import day_at
from shared.database import Transaction
from shared.errors import Invalid, found

LONGEST_DAYS = 366
DUPLICATE = """
c.merged_into IS NOT NULL AND EXISTS (
  SELECT FROM referrals o WHERE o.client_id = c.merged_into
    AND o.received_at < coalesce(r.ended_at, 'infinity')
    AND coalesce(o.ended_at, 'infinity') > r.received_at
)
"""
"""Both records of a person were referred at one time: the clock of the one that goes on counts."""
CLOCK = f"""
SELECT r.id AS referral_id, r.client_id, r.site_id, r.first_screened_on, r.first_service_on,
  coalesce(r.received_on, told.day) AS received_on, coalesce(r.starts_on, told.day) AS starts_on,
  s.time_zone,
  r.reason IS NOT NULL OR ({DUPLICATE}) AS stopped
FROM referrals r JOIN sites s ON s.id = r.site_id JOIN clients c ON c.id = r.client_id
CROSS JOIN LATERAL (SELECT (r.received_at AT TIME ZONE s.time_zone)::date AS day) AS told
WHERE r.id = $1
"""  # noqa: S608 - constants only
"""A process of the release before writes none of the days."""
WAITS = f"""
SELECT r.site_id, m.measure, m.days,
  CASE WHEN m.days IS NULL THEN ($4::timestamptz AT TIME ZONE s.time_zone)::date - r.starts_on
  END AS age,
  r.reason IS NOT NULL OR ({DUPLICATE}) AS stopped, count(*) AS count
FROM referrals r JOIN sites s ON s.id = r.site_id JOIN clients c ON c.id = r.client_id
CROSS JOIN LATERAL (VALUES
  ('first_screening', greatest(r.first_screened_on, r.starts_on) - r.starts_on,
    r.first_screened_on IS NOT NULL),
  ('first_service', greatest(r.first_service_on, r.starts_on) - r.starts_on,
    r.first_service_on IS NOT NULL)
) AS v(measure, waited, came_about)
CROSS JOIN LATERAL (SELECT v.measure, CASE WHEN v.came_about THEN v.waited END AS days) AS m
WHERE r.starts_on >= $1 AND r.starts_on < $2 AND ($3::uuid IS NULL OR r.site_id = $3)
  AND r.reason IS DISTINCT FROM 'entered_in_error'
GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - constants only
"""As many rows as there are sites and different numbers of days, whatever the number of people."""


class ImpossiblePeriod(Invalid):
    """The time asked for is empty or too long."""


async def show_clock(tx: Transaction, referral_id: UUID) -> Clock:
    """How long a referred person waits.

    Raises:
        NotFound: no such referral.
    """
    row = found(await tx.fetchrow(CLOCK, referral_id), "referral")
    return Clock.from_row(clock_of(row, day_at(tx.now, row["time_zone"])))


def clock_of(row: Any, today: date) -> dict[str, Any]:
    """The fields of a clock from a row of `CLOCK`, as of a day at the site."""
    known = targets(row["site_id"])

    def timing(measure: Measure, happened_on: date | None) -> Timing:
        target, start = known.by_measure[measure], row["starts_on"]
        days = None if happened_on is None else days_between(start, happened_on)
        return Timing(
            target_days=target.days,
            last_day=target.last_day(start),
            happened_on=happened_on,
            days=days,
            status=status(days, (today - start).days, row["stopped"], target),
        )

    return {
        **row,
        "starts_by": "discharge" if row["starts_on"] > row["received_on"] else "referral",
        "first_day_counts": known.first_day_counts,
        "targets_version": known.version,
        "first_screening": timing("first_screening", row["first_screened_on"]),
        "first_service": timing("first_service", row["first_service_on"]),
    }


async def access_times(
    tx: Transaction, starts_from: date, starts_until: date, site_id: UUID | None
) -> AccessTimes:
    """Access of all whose clock started from one day up to, and without, another.

    Referrals that were entered in error do not count; one of a client who was merged counts as
    stopped where the client that goes on was referred at the same time.

    Raises:
        ImpossiblePeriod: no day, or more than 366.
    """
    if not 0 < (starts_until - starts_from).days <= LONGEST_DAYS:
        raise ImpossiblePeriod(f"Ask for 1 to {LONGEST_DAYS} days.", pointer="until")
    default = targets()
    rows = await tx.fetch(WAITS, starts_from, starts_until, site_id, tx.now)
    sites = sorted({row["site_id"] for row in rows})
    return AccessTimes(
        starts_from=starts_from,
        starts_until=starts_until,
        first_day_counts=default.first_day_counts,
        targets_version=default.version,
        all_sites=_by_measure(rows),
        sites=[
            SiteAccess(
                site_id=site,
                target_days={m: t.days for m, t in targets(site).by_measure.items()},
                targets_version=targets(site).version,
                access=_by_measure([row for row in rows if row["site_id"] == site]),
            )
            for site in sites
        ],
    )


def _by_measure(rows: Iterable[Any]) -> list[Access]:
    rows = list(rows)
    return [
        _access(measure, [row for row in rows if row["measure"] == measure])
        for measure in get_args(Measure)
    ]


def _access(measure: Measure, rows: list[Any]) -> Access:
    counts: Counter[Status] = Counter()
    waited: Counter[int] = Counter()
    for row in rows:
        target: Target = targets(row["site_id"]).by_measure[measure]
        counts[status(row["days"], row["age"] or 0, row["stopped"], target)] += row["count"]
        if row["days"] is not None:
            waited[row["days"]] += row["count"]
    return Access(
        measure=measure,
        referrals=counts.total(),
        within=counts["within"],
        late=counts["late"],
        due=counts["due_on"],
        stopped=counts["stopped"],
        median_days=nearest_rank(waited, 50),
        percentile_90_days=nearest_rank(waited, 90),
    )
