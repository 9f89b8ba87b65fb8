"""Coverage as it is read."""

from datetime import date
from uuid import UUID

import asyncpg

from services.intake.coverage.rules import masked
from services.intake.coverage.schemas import Coverage, ListedPayer, ListedPayers, SelfPayAgreement
from services.intake.payers.policy import codes, payers
from services.intake.referrals.queries import require_client
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

COVERAGE = """
SELECT id, client_id, site_id, kind, payer, payer_name, plan, member_id, priority,
  requires_authorization, effective_from, effective_until, entered_in_error, entered_at, version
FROM coverages
"""
AGREEMENT = """
SELECT id, client_id, site_id, household_size, yearly_income_cents, signed_on, valid_until, region,
  guideline, guideline_cents, scale, scale_version, band, share_percent, nominal_fee_cents,
  entered_in_error, entered_at, version
FROM self_pay_agreements
"""
COVERED = """
SELECT EXISTS (
  SELECT FROM coverages WHERE client_id = ANY (platform.records_of($1)) AND NOT entered_in_error
    AND effective_from <= $2 AND (effective_until IS NULL OR effective_until >= $2)
) OR EXISTS (
  SELECT FROM self_pay_agreements
  WHERE client_id = ANY (platform.records_of($1)) AND NOT entered_in_error
    AND signed_on <= $2 AND valid_until >= $2
)
"""
COVERAGE_ON = """
LEFT JOIN LATERAL (
  SELECT c.kind, c.payer, c.requires_authorization FROM coverages c
  WHERE c.client_id = ANY (platform.records_of(d.client_id)) AND NOT c.entered_in_error
    AND c.effective_from <= d.service_date
    AND (c.effective_until IS NULL OR c.effective_until >= d.service_date)
  ORDER BY c.priority, c.entered_at DESC, c.id DESC LIMIT 1
) cover ON true
LEFT JOIN LATERAL (
  SELECT true AS pays FROM self_pay_agreements a
  WHERE a.client_id = ANY (platform.records_of(d.client_id)) AND NOT a.entered_in_error
    AND a.signed_on <= d.service_date AND a.valid_until >= d.service_date
  LIMIT 1
) self ON true
"""
"""For other queries of this service: who pays on `d.service_date` for `d.client_id`, as `cover`
(the primary coverage before a secondary one, the one entered last first) and `self`."""


async def is_covered(tx: Transaction, client_id: UUID, on: date) -> bool:
    """Whether an insurance or a self-pay agreement of the client holds on a local date.

    One round trip. Whoever decides by it holds the client, as changes of coverage do.
    """
    return bool(await tx.fetchval(COVERED, client_id, on))


def coverage_of(row: asyncpg.Record, *, in_full: bool) -> Coverage:
    """A coverage, with its member id in full or only its end."""
    values = dict(row)
    if not in_full:
        values["member_id"] = masked(values["member_id"])
    return Coverage(**values)


def agreement_of(row: asyncpg.Record) -> SelfPayAgreement:
    """An agreement, with the percentage that its share was found by."""
    whole = row["guideline_cents"]
    return SelfPayAgreement(
        **dict(row), percent_of_guideline=-(-row["yearly_income_cents"] * 100 // whole)
    )


async def show_coverage(
    tx: Transaction, coverage_id: UUID, *, in_full: bool = False, hold: bool = False
) -> Coverage:
    """One coverage; with `hold` nobody else changes it until the commit.

    Raises:
        NotFound: none that the caller may see.
    """
    query = f"{COVERAGE} WHERE id = $1{' FOR UPDATE' if hold else ''}"
    row = await tx.fetchrow(query, coverage_id)
    if row is None:
        raise NotFound("There is no such coverage.")
    return coverage_of(row, in_full=in_full)


async def list_coverages(
    tx: Transaction, client_id: UUID, paging: Paging, *, in_full: bool
) -> Page[Coverage]:
    """A client's coverages, in the order in which they were entered.

    Raises:
        NotFound: no such client.
    """
    rows = await tx.fetch(
        f"{COVERAGE} WHERE client_id = ANY (platform.records_of($1)) AND id > $2"
        " ORDER BY id LIMIT $3",
        client_id,
        paging.after,
        paging.limit + 1,
    )
    if not rows:
        await require_client(tx, client_id)
    return page_of([coverage_of(row, in_full=in_full) for row in rows], paging.limit)


async def show_agreement(
    tx: Transaction, agreement_id: UUID, *, hold: bool = False
) -> SelfPayAgreement:
    """One self-pay agreement; with `hold` nobody else changes it until the commit.

    Raises:
        NotFound: none that the caller may see.
    """
    query = f"{AGREEMENT} WHERE id = $1{' FOR UPDATE' if hold else ''}"
    row = await tx.fetchrow(query, agreement_id)
    if row is None:
        raise NotFound("There is no such self-pay agreement.")
    return agreement_of(row)


async def list_agreements(
    tx: Transaction, client_id: UUID, paging: Paging
) -> Page[SelfPayAgreement]:
    """A client's self-pay agreements, in the order in which they were entered.

    Raises:
        NotFound: no such client.
    """
    rows = await tx.fetch(
        f"{AGREEMENT} WHERE client_id = ANY (platform.records_of($1)) AND id > $2"
        " ORDER BY id LIMIT $3",
        client_id,
        paging.after,
        paging.limit + 1,
    )
    if not rows:
        await require_client(tx, client_id)
    return page_of([agreement_of(row) for row in rows], paging.limit)


async def list_payers() -> ListedPayers:
    """The payers of the list, with what a unit of each code is to them."""
    return ListedPayers(
        items=[
            ListedPayer(
                id=one.id,
                version=one.version,
                name=one.name,
                kind=one.kind,
                requires_authorization=one.requires_authorization,
                units={code: one.unit_rule(what).unit for code, what in sorted(codes().items())},
            )
            for one in payers().values()
        ]
    )
