"""Risk flags as they are read, and the populations that go first."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.intake.referrals.queries import page_of_client, require_client
from services.intake.risk.policy import risk_policy
from services.intake.risk.report_schemas import RiskReport
from services.intake.risk.rules.reports import Facts, priority
from services.intake.risk.schemas import (
    RiskAction,
    RiskCounts,
    RiskFlag,
    RiskFlagInFull,
    RiskSummary,
    Wanted,
)
from shared.calendar import day_at
from shared.contracts.intake import PriorityPopulation, RiskKind
from shared.database import Transaction
from shared.errors import found
from shared.web import Page, Paging, page_of

COLUMNS = """
SELECT id, client_id, site_id, kind, severity, state, found_in, raised_at, found_count,
  last_found_at, acknowledge_by, step, ladder_from, escalate_at, action, note, acknowledged_by,
  acknowledged_at, version
FROM risk_flags
"""
ONE = f"{COLUMNS} WHERE id = $1"
AFTER = """
(acknowledge_by, id) > (
  coalesce((SELECT acknowledge_by FROM risk_flags WHERE id = $1), '-infinity'), $1)
"""
"""Behind the flag at which the page before ended. No id is zero, so the first page begins at the
first flag; a flag that became more severe between two pages may be shown again."""
NARROWED: dict[Wanted, str] = {
    "open": " AND state <> 'acknowledged'",
    "overdue": " AND state <> 'acknowledged' AND acknowledge_by <= $3",
    "all": "",
}
OF_PERSON = "client_id = ANY ((SELECT platform.records_of({}))::uuid[])"
"""A risk of who was merged is one of the client that goes on."""
SUMMARY = """
SELECT site_id, count(*) AS open, count(*) FILTER (WHERE acknowledge_by <= $1) AS overdue,
  min(acknowledge_by) AS oldest_due_at
FROM risk_flags WHERE state <> 'acknowledged' GROUP BY site_id ORDER BY site_id
"""
REPORTS = """
SELECT id, client_id, site_id, pregnant, overdose,
  CASE WHEN overdose_dated THEN overdose_on END AS last_overdose_on,
  withdrawal, harm_to_others, injects_drugs, cares_for_minors, reported_at, reported_by
FROM risk_reports
"""
REPORTS_OF_CLIENT = f"""
{REPORTS} WHERE client_id = ANY (platform.records_of($1)) AND id > $2 ORDER BY id LIMIT $3
"""
ONE_REPORT = f"{REPORTS} WHERE client_id = ANY (platform.records_of($1)) AND id = $2"
FACTS = """
SELECT s.time_zone, pregnant.*, overdose.*, injects.*, minors.*
FROM clients c JOIN sites s ON s.id = c.site_id
CROSS JOIN LATERAL platform.records_of(c.id) AS p (ids)
LEFT JOIN LATERAL (
  SELECT r.pregnant, r.reported_on FROM risk_reports r
  WHERE r.client_id = ANY(p.ids) AND r.pregnant <> 'unknown' ORDER BY r.entry DESC LIMIT 1
) pregnant ON true
LEFT JOIN LATERAL (
  SELECT r.overdose_on FROM risk_reports r
  WHERE r.client_id = ANY(p.ids) AND r.overdose <> 'unknown' ORDER BY r.entry DESC LIMIT 1
) overdose ON true
LEFT JOIN LATERAL (
  SELECT r.injects_drugs FROM risk_reports r
  WHERE r.client_id = ANY(p.ids) AND r.injects_drugs <> 'unknown' ORDER BY r.entry DESC LIMIT 1
) injects ON true
LEFT JOIN LATERAL (
  SELECT r.cares_for_minors FROM risk_reports r
  WHERE r.client_id = ANY(p.ids) AND r.cares_for_minors <> 'unknown' ORDER BY r.entry DESC LIMIT 1
) minors ON true
WHERE c.id = $1
"""
"""Each fact from the latest report that knew it: a later report that says nothing of a pregnancy
does not end it. What was reported of a client who was merged into this one counts too."""


async def show_flag(tx: Transaction, flag_id: UUID, *, lock: bool = False) -> RiskFlagInFull:
    """One flag with guidance and actions; with `lock` nobody else changes it until the commit.

    Raises:
        NotFound: none that the caller may see.
    """
    row = found(
        await tx.fetchrow(f"{ONE} FOR NO KEY UPDATE" if lock else ONE, flag_id), "risk flag"
    )
    flag = _flag(row, tx.now)
    policy = risk_policy()
    ladder = policy.urgency(flag.kind, flag.severity)
    climbed = flag.step - row["ladder_from"]
    return RiskFlagInFull(
        **dict(flag),
        guidance=policy.kinds[flag.kind].guidance,
        actions=[
            RiskAction(action=name, **dict(action))
            for name, action in policy.allowed(flag.kind).items()
        ],
        next_told=None if flag.escalates_at is None else ladder.who_at(climbed + 1),
        note=row["note"],
    )


async def list_flags(
    tx: Transaction,
    paging: Paging,
    *,
    wanted: Wanted = "open",
    site_id: UUID | None = None,
    kind: RiskKind | None = None,
) -> Page[RiskFlag]:
    """Flags of the caller's sites, the one that has to be acknowledged first at the front."""
    return await _listed(tx, paging, wanted, [("site_id = {}", site_id), ("kind = {}", kind)])


async def list_flags_of_client(
    tx: Transaction, client_id: UUID, paging: Paging, *, wanted: Wanted = "all"
) -> Page[RiskFlag]:
    """Flags of one client, and of those merged into it, in the same order.

    Raises:
        NotFound: no such client.
    """
    page = await _listed(tx, paging, wanted, [(OF_PERSON, client_id)])
    if not page.items:
        await require_client(tx, client_id)
    return page


async def summarize(tx: Transaction) -> RiskSummary:
    """How many flags are open and overdue at each site; no client is named."""
    rows = await tx.fetch(SUMMARY, tx.now)
    return RiskSummary(sites=[RiskCounts.from_row(row) for row in rows])


async def list_reports(tx: Transaction, client_id: UUID, paging: Paging) -> Page[RiskReport]:
    """A client's reports, oldest first.

    Raises:
        NotFound: no such client.
    """
    return await page_of_client(tx, REPORTS_OF_CLIENT, client_id, paging, RiskReport.from_row)


async def show_report(tx: Transaction, client_id: UUID, report_id: UUID) -> RiskReport:
    """One report.

    Raises:
        NotFound: none of that client that the caller may see.
    """
    row = await tx.fetchrow(ONE_REPORT, client_id, report_id)
    return RiskReport.from_row(found(row, "risk report"))


async def priority_populations(tx: Transaction, client_id: UUID) -> list[PriorityPopulation]:
    """The priority populations of a client now, the one that goes first at the front.

    In the order of 45 CFR 96.131; see `rules.reports.priority`. Empty for a client of whom nothing
    is reported.
    """
    row = await tx.fetchrow(FACTS, client_id)
    if row is None:
        return []
    facts = Facts(
        pregnant_on=row["reported_on"] if row["pregnant"] == "yes" else None,
        injects_drugs=row["injects_drugs"] == "yes",
        cares_for_minors=row["cares_for_minors"] == "yes",
        overdose_on=row["overdose_on"],
    )
    return priority(facts, day_at(tx.now, row["time_zone"]), risk_policy().pregnancy_days)


async def _listed(
    tx: Transaction, paging: Paging, wanted: Wanted, given: list[tuple[str, Any]]
) -> Page[RiskFlag]:
    values: list[Any] = [tx.now] if wanted == "overdue" else []
    tests = NARROWED[wanted]
    for test, value in given:
        if value is not None:
            values.append(value)
            tests += f" AND {test.format(f'${len(values) + 2}')}"
    rows = await tx.fetch(
        f"{COLUMNS} WHERE {AFTER}{tests} ORDER BY acknowledge_by, id LIMIT $2",
        paging.after,
        paging.limit + 1,
        *values,
    )
    return page_of([_flag(row, tx.now) for row in rows], paging.limit)


def _flag(row: asyncpg.Record, now: datetime) -> RiskFlag:
    is_open = row["state"] != "acknowledged"
    overdue = is_open and row["acknowledge_by"] <= now
    escalates_at = row["escalate_at"] if is_open else None
    return RiskFlag.from_row({**row, "overdue": overdue, "escalates_at": escalates_at})
