"""The clocks that run: what is waited for yet, whose time runs out, and how many at each site."""

from typing import Any
from uuid import UUID

from services.intake.access_times.policy import targets
from services.intake.access_times.queries import DUPLICATE, clock_of
from services.intake.access_times.rules import Standing, standing
from services.intake.access_times.schemas import ReferralCounts, RunningClock, SiteReferrals
from shared.database import Columns, Transaction
from shared.web import Page, Paging, page_of

TARGETS = Columns.of(id="uuid", first_screening="integer", first_service="integer")
"""After how many days what is waited for is too late at a site; id NULL: at all others."""
RUNNING = f"""
WITH targets AS (
  SELECT * FROM {TARGETS.rows}
), here AS (
  SELECT s.id, s.time_zone, ($4::timestamptz AT TIME ZONE s.time_zone)::date AS today,
    coalesce(own.first_screening, others.first_screening) AS first_screening,
    coalesce(own.first_service, others.first_service) AS first_service
  FROM sites s JOIN targets others ON others.id IS NULL LEFT JOIN targets own ON own.id = s.id
  WHERE $5::uuid IS NULL OR s.id = $5
), waiting AS (
  SELECT r.* FROM here JOIN referrals r ON r.site_id = here.id AND r.ended_at IS NULL
  UNION ALL
  SELECT r.* FROM here
  JOIN enrolments e ON e.site_id = here.id AND e.ended_at IS NULL AND e.first_service_at IS NULL
  CROSS JOIN LATERAL (
    SELECT * FROM referrals
    WHERE client_id = ANY (platform.records_of(e.client_id)) AND state = 'accepted'
    ORDER BY received_at DESC, id DESC LIMIT 1
  ) AS r
), running AS (
  SELECT r.id, r.id AS referral_id, r.client_id, r.site_id, r.state, r.first_screened_on,
    r.first_service_on, coalesce(r.received_on, told.day) AS received_on, began.day AS starts_on,
    here.today, false AS stopped,
    least(
      CASE WHEN r.first_screened_on IS NULL AND r.ended_at IS NULL
        THEN began.day + here.first_screening END,
      began.day + here.first_service
    ) AS runs_out_on
  FROM waiting r JOIN here ON here.id = r.site_id JOIN clients c ON c.id = r.client_id
  CROSS JOIN LATERAL (SELECT (r.received_at AT TIME ZONE here.time_zone)::date AS day) AS told
  CROSS JOIN LATERAL (SELECT coalesce(r.starts_on, told.day) AS day) AS began
  WHERE r.first_service_on IS NULL AND NOT ({DUPLICATE})
) {{}}
"""  # noqa: S608 - constants only
"""What it costs depends on the work under way, not on what was before: of referrals those that have
not ended, and of those that led to a stay the ones whose stay goes on without a first service. A
referral of a merged record that goes on for the person is one of them (see `DUPLICATE`)."""
LISTED = RUNNING.format("""
SELECT * FROM running
WHERE id > $6 AND ($7::text IS NULL OR $7 = CASE WHEN runs_out_on < today THEN 'overdue'
  WHEN runs_out_on <= today + $8::integer THEN 'soon' ELSE 'later' END)
ORDER BY id LIMIT $9
""")
COUNTED = RUNNING.format("""
SELECT here.id AS site_id,
  count(*) FILTER (WHERE state = 'received') AS received,
  count(*) FILTER (WHERE state = 'contacted') AS contacted,
  count(*) FILTER (WHERE state = 'screening') AS screening,
  count(*) FILTER (WHERE state = 'assessed') AS assessed,
  count(*) FILTER (WHERE state = 'accepted') AS awaiting_first_service,
  count(*) FILTER (WHERE runs_out_on < r.today) AS overdue,
  count(*) FILTER (WHERE runs_out_on BETWEEN r.today AND r.today + $6::integer) AS soon
FROM here LEFT JOIN running r ON r.site_id = here.id GROUP BY here.id ORDER BY here.id
""")


async def list_running(
    tx: Transaction, paging: Paging, site_id: UUID | None, due: Standing | None
) -> Page[RunningClock]:
    """The clocks on which something is waited for, in the order of the referrals; of one standing
    with `due`."""
    rows = await tx.fetch(
        LISTED, *_arguments(tx, site_id), paging.after, due, targets().soon_days, paging.limit + 1
    )
    clocks = [
        RunningClock.from_row(
            {
                **clock_of(row, row["today"]),
                "standing": standing(row["runs_out_on"], row["today"], targets().soon_days),
            }
        )
        for row in rows
    ]
    return page_of(clocks, paging.limit, lambda one: one.referral_id)


async def count_running(tx: Transaction, site_id: UUID | None) -> ReferralCounts:
    """How many wait at each of the caller's sites, and for how many the time runs out."""
    found = targets()
    rows = await tx.fetch(COUNTED, *_arguments(tx, site_id), found.soon_days)
    return ReferralCounts(
        as_of=tx.now,
        soon_days=found.soon_days,
        targets_version=found.version,
        sites=[SiteReferrals.from_row(row) for row in rows],
    )


def _arguments(tx: Transaction, site_id: UUID | None) -> tuple[Any, ...]:
    """The targets everywhere and at the sites that have targets of their own, now, and the site."""
    rows = (
        {"id": site}
        | {measure: target.most_days_after for measure, target in found.by_measure.items()}
        for site, found in ((None, targets()), *targets.of_sites.items())
    )
    return (*TARGETS.arrays(rows), tx.now, site_id)
