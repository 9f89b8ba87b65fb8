"""Risks and reports of use as they are read."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.outcomes.episodes.schemas import Whose
from services.outcomes.risk import schemas
from services.outcomes.risk.policy import course_risks
from services.outcomes.risk.rules import State
from shared.contracts.intake import RiskSeverity
from shared.database import Transaction, select
from shared.errors import Invalid, found
from shared.web import CountedPage, Page, Paging, counted_page, page

SMALLEST = 11
"""Figures of fewer people leave the clinic for nobody (CMS cell suppression policy)."""
RISKS = "SELECT * FROM risks"
ORDER = "severity <> 'high', raised_at, id"
BEHIND = f"({ORDER}) > (SELECT {ORDER} FROM risks WHERE id = ?)"  # noqa: S608 - ours
FIGURES = """
SELECT r.site_id,
  count(*) FILTER (WHERE state = 'raised' AND severity = 'high') AS open_high,
  count(*) FILTER (WHERE state = 'raised' AND severity = 'moderate') AS open_moderate,
  count(*) FILTER (WHERE state = 'raised' AND acknowledge_by <= $3) AS overdue,
  count(*) FILTER (WHERE state <> 'resolved') AS unresolved,
  min(raised_at) FILTER (WHERE state = 'raised') AS oldest_open_at,
  count(*) FILTER (WHERE counts) AS acknowledged,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes) FILTER (WHERE counts) AS median_minutes,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY minutes) FILTER (WHERE counts) AS p90_minutes,
  100.0 * count(*) FILTER (WHERE counts AND acknowledged_at <= acknowledge_by)
    / nullif(count(*) FILTER (WHERE counts), 0) AS in_time_percent
FROM risks r LEFT JOIN sites z ON z.site_id = r.site_id
CROSS JOIN LATERAL (
  SELECT acknowledged_at IS NOT NULL
      AND (raised_at AT TIME ZONE coalesce(z.time_zone, 'UTC'))::date BETWEEN $1 AND $2 AS counts,
    extract(epoch FROM acknowledged_at - raised_at) / 60 AS minutes
) m
WHERE state <> 'resolved' OR counts
GROUP BY r.site_id ORDER BY r.site_id
"""
REPORTS = select(schemas.SubstanceUseReport, "substance_use_reports")


class PeriodReversed(Invalid):
    """The days end before they begin."""


async def show_risk(tx: Transaction, risk_id: UUID, *, lock: bool = False) -> schemas.RiskInFull:
    """One risk with what can be said of it; with `lock` nobody else changes it meanwhile.

    Raises:
        NotFound: none that the caller may see.
    """
    one = f"{RISKS} WHERE id = $1{' FOR NO KEY UPDATE' if lock else ''}"
    risk = _risk(found(await tx.fetchrow(one, risk_id), "risk"), tx.now)
    policy = course_risks(risk.site_id)
    actions = policy.actions if risk.origin == "outcomes" else {}
    return schemas.RiskInFull(
        **dict(risk),
        actions=[schemas.Choice(word=word, name=name) for word, name in actions.items()],
        resolutions=[
            schemas.Choice(word=word, name=name) for word, name in policy.resolutions.items()
        ],
    )


async def list_risks(
    tx: Transaction, paging: Paging, of: Whose, severity: RiskSeverity | None, state: State | None
) -> CountedPage[schemas.Risk]:
    """Risks, high ones first and of those the oldest, and how many there are."""
    asked = (*of.asked, ("severity = ?", severity), ("state = ?", state))
    behind = (BEHIND, paging.after if paging.after.int else None)

    def read(row: Any) -> schemas.Risk:
        return _risk(row, tx.now)

    return await counted_page(tx, RISKS, paging, read, *asked, order=ORDER, behind=behind)


async def risk_figures(
    tx: Transaction, first_day: date, last_day: date, *, in_clinic: bool
) -> schemas.RiskFigures:
    """The risks of each site, and how soon those raised in these days were acknowledged.

    Raises:
        PeriodReversed: `last_day` is before `first_day`.
    """
    if last_day < first_day:
        raise PeriodReversed("Let `last_day` be `first_day` or a later day.", pointer="last_day")
    rows = [dict(row) for row in await tx.fetch(FIGURES, first_day, last_day, tx.now)]
    for row in rows:
        if row["acknowledged"] < SMALLEST and not in_clinic:
            hidden = ("acknowledged", "median_minutes", "p90_minutes", "in_time_percent")
            row.update(dict.fromkeys(hidden))
    return schemas.RiskFigures(
        first_day=first_day,
        last_day=last_day,
        sites=[schemas.SiteRisks.from_row(row) for row in rows],
    )


async def list_reports(
    tx: Transaction, client_id: UUID, paging: Paging
) -> Page[schemas.SubstanceUseReport]:
    """A person's reports, oldest first."""
    of = ("client_id = ANY (platform.records_of(?))", client_id)
    return await page(tx, REPORTS, paging, schemas.SubstanceUseReport.from_row, of)


def _risk(row: Any, now: datetime) -> schemas.Risk:
    overdue = row["state"] == "raised" and row["acknowledge_by"] <= now
    age = (row["resolved_at"] or now) - row["raised_at"]
    minutes = int(age.total_seconds() // 60)
    return schemas.Risk.from_row({**row, "overdue": overdue, "age_minutes": max(minutes, 0)})
