"""Coverage as it is read."""

from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from services.intake.coverage.rules import masked
from services.intake.coverage.schemas import Coverage, ListedPayer, ListedPayers, SelfPayAgreement
from services.intake.payers.policy import codes, payers
from services.intake.referrals.queries import page_of_client
from shared.database import Transaction, select
from shared.errors import found
from shared.web import Page, Paging

COVERAGE = select(Coverage, "coverages")
OF_CLIENT = "WHERE client_id = ANY (platform.records_of($1)) AND id > $2 ORDER BY id LIMIT $3"
AGREEMENT = "SELECT * FROM self_pay_agreements"
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

    One round trip. Whoever decides by it locks the client, as changes of coverage do.
    """
    return bool(await tx.fetchval(COVERED, client_id, on))


def coverage_of(row: Any, *, in_full: bool) -> Coverage:
    """A coverage, with its member id in full or only its end."""
    shown = Coverage.from_row(row)
    member_id = shown.member_id if in_full else masked(shown.member_id)
    return shown.model_copy(update={"member_id": member_id})


def agreement_of(row: Any) -> SelfPayAgreement:
    """An agreement, with the percentage that its share was found by."""
    percent = -(-row["yearly_income_cents"] * 100 // row["guideline_cents"])
    return SelfPayAgreement.from_row({**row, "percent_of_guideline": percent})


async def show_coverage(tx: Transaction, coverage_id: UUID, *, in_full: bool = False) -> Coverage:
    """One coverage.

    Raises:
        NotFound: none that the caller may see.
    """
    row = await tx.fetchrow(f"{COVERAGE} WHERE id = $1", coverage_id)
    return coverage_of(found(row, "coverage"), in_full=in_full)


async def list_coverages(
    tx: Transaction, client_id: UUID, paging: Paging, *, in_full: bool
) -> Page[Coverage]:
    """A client's coverages, in the order in which they were entered.

    Raises:
        NotFound: no such client.
    """
    query, shown = f"{COVERAGE} {OF_CLIENT}", partial(coverage_of, in_full=in_full)
    return await page_of_client(tx, query, client_id, paging, shown)


async def show_agreement(tx: Transaction, agreement_id: UUID) -> SelfPayAgreement:
    """One self-pay agreement.

    Raises:
        NotFound: none that the caller may see.
    """
    row = await tx.fetchrow(f"{AGREEMENT} WHERE id = $1", agreement_id)
    return agreement_of(found(row, "self-pay agreement"))


async def list_agreements(
    tx: Transaction, client_id: UUID, paging: Paging
) -> Page[SelfPayAgreement]:
    """A client's self-pay agreements, in the order in which they were entered.

    Raises:
        NotFound: no such client.
    """
    return await page_of_client(tx, f"{AGREEMENT} {OF_CLIENT}", client_id, paging, agreement_of)


async def list_payers() -> ListedPayers:
    """The payers of the list, with what a unit of each code is to them."""
    known = sorted(codes().items())
    return ListedPayers(
        items=[
            ListedPayer.from_row(
                {**dict(one), "units": {code: one.unit_rule(what).unit for code, what in known}}
            )
            for one in payers().values()
        ]
    )
