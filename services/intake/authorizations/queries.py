"""Authorizations, alarms and days of service as they are read."""

from uuid import UUID

import asyncpg
import orjson

from services.intake.authorizations.rules.units import tier_of
from services.intake.authorizations.schemas import (
    Authorization,
    AuthorizationDay,
    AuthorizationDays,
    Certification,
    CoverageAlarm,
    ServiceDay,
    SiteCoverage,
)
from services.intake.coverage.queries import COVERAGE_ON, show_coverage
from services.intake.payers.policy import terms
from services.intake.referrals.queries import page_of_client
from shared.database import Transaction, select
from shared.errors import found
from shared.web import Page, Paging, page_of

AUTHORIZATION = """
SELECT a.id, a.coverage_id, a.client_id, a.site_id, a.number, a.code, a.unit_rule->>'unit' AS unit,
  a.units_granted, a.units_used, a.units_granted - a.units_used AS units_left, a.units_overrun,
  a.valid_from, a.valid_until, a.next_review, a.withdrawn, a.version,
  ARRAY(SELECT l.cause FROM coverage_alarms l WHERE l.about = a.id AND l.cleared_at IS NULL
        ORDER BY l.cause) AS alarms
FROM authorizations a
"""
DAYS = """
SELECT service_date, units, overrun FROM authorization_days
WHERE authorization_id = $1 ORDER BY service_date
"""
OF_RECORDS = (
    "WHERE a.client_id = ANY (platform.records_of($1)) AND a.id > $2 ORDER BY a.id LIMIT $3"
)
CERTIFICATIONS = f"""
{select(Certification, "certifications")} WHERE coverage_id = $1 AND id > $2 ORDER BY id LIMIT $3
"""
STANDS = """
(coalesce(a.valid_until, e.recertify_by) >= ($1::timestamptz AT TIME ZONE s.time_zone)::date OR (
  coalesce((SELECT bool_or(ended_at IS NULL) FROM enrolments
    WHERE client_id = ANY (platform.records_of(l.client_id))), true)
  AND NOT EXISTS (SELECT FROM authorizations n
    WHERE n.client_id = ANY (platform.records_of(l.client_id)) AND n.code = a.code
      AND n.withdrawn IS NULL AND n.valid_until > a.valid_until)))
"""
"""Of a grant or a certification that is over an alarm stands no longer than anybody can see to it:
not of a client who has left, and not where a later grant of the code took its place."""
ALARMS = f"""
SELECT l.id, l.client_id, l.site_id, l.cause, l.raised_at, a.id AS authorization_id,
  e.id AS certification_id, a.code, a.units_granted - a.units_used AS units_left, a.units_overrun,
  coalesce(a.valid_until, e.recertify_by) AS last_day, a.next_review
FROM coverage_alarms l JOIN sites s ON s.id = l.site_id
LEFT JOIN authorizations a ON a.id = l.about LEFT JOIN certifications e ON e.id = l.about
WHERE l.cleared_at IS NULL AND l.id > $2 AND ($3::uuid IS NULL OR l.site_id = $3) AND {STANDS}
ORDER BY l.id LIMIT $4
"""  # noqa: S608 - constants only
STANDING = """
SELECT d.id, d.client_id, d.site_id, d.service_date, d.services, d.minutes, d.units, d.overrun,
  cover.kind, cover.payer,
  CASE WHEN d.overrun > 0 THEN 'overrun'
    WHEN d.units > 0 THEN 'authorized'
    WHEN d.authorized THEN 'below_minimum'
    WHEN cover.requires_authorization THEN 'no_authorization'
    WHEN cover.kind IS NOT NULL THEN 'not_required'
    WHEN self.pays THEN 'self_pay'
    ELSE 'no_coverage' END AS standing
FROM service_days d
"""
OF_CLIENT = """
WHERE d.client_id = ANY (platform.records_of($1)) AND d.counts AND d.id > $2 ORDER BY d.id LIMIT $3
"""
UNCOVERED = """
WHERE (d.units = 0 OR d.overrun > 0) AND d.counts AND d.id > $1
  AND ($2::uuid IS NULL OR d.site_id = $2)
  AND (d.overrun > 0 OR (NOT d.authorized AND (
    coalesce(cover.requires_authorization, false) OR (cover.kind IS NULL AND self.pays IS NULL))))
ORDER BY d.id LIMIT $3
"""
SITES = f"""
SELECT s.id AS site_id,
  (SELECT coalesce(jsonb_object_agg(k.kind, k.clients), '{{}}') FROM (
    SELECT c.kind, count(DISTINCT coalesce(p.merged_into, c.client_id)) AS clients
    FROM coverages c JOIN clients p ON p.id = c.client_id
    WHERE c.site_id = s.id AND NOT c.entered_in_error AND c.priority = 'primary'
      AND c.effective_from <= t.today
      AND (c.effective_until IS NULL OR c.effective_until >= t.today)
    GROUP BY c.kind) k)::text AS covered_clients,
  (SELECT count(*) FROM self_pay_agreements p WHERE p.site_id = s.id AND NOT p.entered_in_error
    AND p.signed_on <= t.today AND p.valid_until >= t.today) AS self_pay_agreements,
  u.authorizations, u.units_granted, u.units_used, u.units_overrun,
  (SELECT coalesce(jsonb_object_agg(k.cause, k.alarms), '{{}}') FROM (
    SELECT l.cause, count(*) AS alarms FROM coverage_alarms l
    LEFT JOIN authorizations a ON a.id = l.about LEFT JOIN certifications e ON e.id = l.about
    WHERE l.site_id = s.id AND l.cleared_at IS NULL AND {STANDS}
    GROUP BY l.cause) k)::text AS alarms
FROM sites s
CROSS JOIN LATERAL (SELECT ($1::timestamptz AT TIME ZONE s.time_zone)::date AS today) t
CROSS JOIN LATERAL (
  SELECT count(*) AS authorizations, coalesce(sum(a.units_granted), 0) AS units_granted,
    coalesce(sum(a.units_used), 0) AS units_used, coalesce(sum(a.units_overrun), 0) AS units_overrun
  FROM authorizations a WHERE a.site_id = s.id AND a.withdrawn IS NULL
    AND a.valid_from <= t.today AND a.valid_until >= t.today
) u
WHERE s.id > $2 ORDER BY s.id LIMIT $3
"""  # noqa: S608 - constants only


async def show_authorization(tx: Transaction, authorization_id: UUID) -> Authorization:
    """One authorization with what is left of it.

    Raises:
        NotFound: none that the caller may see.
    """
    row = await tx.fetchrow(f"{AUTHORIZATION} WHERE a.id = $1", authorization_id)
    return Authorization.from_row(found(row, "authorization"))


async def list_authorizations(
    tx: Transaction, client_id: UUID, paging: Paging
) -> Page[Authorization]:
    """A client's authorizations of all coverages, in the order in which they were entered.

    Raises:
        NotFound: no such client.
    """
    query = AUTHORIZATION + OF_RECORDS
    return await page_of_client(tx, query, client_id, paging, Authorization.from_row)


async def list_authorization_days(tx: Transaction, authorization_id: UUID) -> AuthorizationDays:
    """The days that took units of an authorization.

    Raises:
        NotFound: none that the caller may see.
    """
    known = await show_authorization(tx, authorization_id)
    rows = await tx.fetch(DAYS, authorization_id)
    return AuthorizationDays(
        authorization_id=known.id,
        client_id=known.client_id,
        site_id=known.site_id,
        items=[AuthorizationDay.from_row(row) for row in rows],
    )


async def list_certifications(
    tx: Transaction, coverage_id: UUID, paging: Paging
) -> Page[Certification]:
    """The certifications for a coverage, in the order in which they were entered.

    Raises:
        NotFound: no such coverage.
    """
    rows = await tx.fetch(CERTIFICATIONS, coverage_id, paging.after, paging.limit + 1)
    if not rows:
        await show_coverage(tx, coverage_id)
    return page_of([Certification.from_row(row) for row in rows], paging.limit)


async def list_alarms(tx: Transaction, paging: Paging, site_id: UUID | None) -> Page[CoverageAlarm]:
    """Open alarms of the caller's sites, oldest first."""
    rows = await tx.fetch(ALARMS, tx.now, paging.after, site_id, paging.limit + 1)
    return page_of([CoverageAlarm.from_row(row) for row in rows], paging.limit)


async def list_service_days(tx: Transaction, client_id: UUID, paging: Paging) -> Page[ServiceDay]:
    """A client's days of service, in the order in which they became known.

    Raises:
        NotFound: no such client.
    """
    query = STANDING + COVERAGE_ON + OF_CLIENT
    return await page_of_client(tx, query, client_id, paging, _service_day)


async def list_uncovered_days(
    tx: Transaction, paging: Paging, site_id: UUID | None
) -> Page[ServiceDay]:
    """Days of service that nobody has granted, or that go beyond a grant, of the caller's sites."""
    query = STANDING + COVERAGE_ON + UNCOVERED
    rows = await tx.fetch(query, paging.after, site_id, paging.limit + 1)
    return page_of([_service_day(row) for row in rows], paging.limit)


async def summarize_coverage(tx: Transaction, paging: Paging) -> Page[SiteCoverage]:
    """Sums of each of the caller's sites, by the calendar of each."""
    rows = await tx.fetch(SITES, tx.now, paging.after, paging.limit + 1)
    counted = ("covered_clients", "alarms")
    sums = [
        SiteCoverage.from_row({**row, **{name: orjson.loads(row[name]) for name in counted}})
        for row in rows
    ]
    return page_of(sums, paging.limit, key=lambda site: site.site_id)


def _service_day(row: asyncpg.Record) -> ServiceDay:
    payment = terms(row["payer"], row["kind"]).day_payment if row["kind"] is not None else None
    tier = tier_of(payment, row["services"]) if payment is not None else None
    return ServiceDay.from_row({**row, "day_tier": tier})
