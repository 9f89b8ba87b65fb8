"""Insurances and self-pay agreements over HTTP."""

from typing import Annotated
from uuid import UUID

from services.intake.coverage import agreements, commands, queries
from services.intake.coverage.schemas import (
    ChangedCoverage,
    Coverage,
    CoverageEnd,
    ListedPayers,
    NewCoverage,
    NewSelfPayAgreement,
    SelfPayAgreement,
)
from shared.access import Role
from shared.access.roles import SITE_STAFF
from shared.web import Allowed, Call, Page, Paged, Router, of_one_client
from shared.web.writes import needs_if_match

router = Router(tags=["Coverage"])

ENTERING = (Role.FRONT_DESK, Role.SITE_MANAGER)
READING = (*SITE_STAFF, Role.AUDITOR)
Entering = Annotated[Call, Allowed(*ENTERING)]
Reader = Annotated[Call, Allowed(*READING)]


@router.get("/payers", summary="List payers")
async def list_payers(call: Reader) -> ListedPayers:
    """The payers of the list and what a unit of each billing code is to them."""
    return await call.show(lambda _: queries.list_payers())


@router.post("/clients/{client_id}/coverages", status_code=201, summary="Enter an insurance")
async def add_coverage(client_id: UUID, body: NewCoverage, call: Entering) -> Coverage:
    """Enter an insurance of a client. The answer shows only the end of the member id."""
    return await call.create(
        lambda tx: commands.add_coverage(tx, client_id, body, entered_by=call.subject),
        location=lambda made: f"/coverages/{made.id}",
    )


@router.get("/clients/{client_id}/coverages", summary="List insurances")
@of_one_client
async def list_coverages(client_id: UUID, call: Reader, paging: Paged) -> Page[Coverage]:
    """A client's insurances in the order in which they were entered."""
    in_full = call.caller.role in ENTERING
    return await call.show(
        lambda tx: queries.list_coverages(tx, client_id, paging, in_full=in_full)
    )


@router.get("/coverages/{coverage_id}", summary="Show an insurance")
@of_one_client
async def show_coverage(coverage_id: UUID, call: Reader) -> Coverage:
    """One insurance; the ETag is needed to change it."""
    in_full = call.caller.role in ENTERING
    return await call.show(lambda tx: queries.show_coverage(tx, coverage_id, in_full=in_full))


@router.put("/coverages/{coverage_id}", summary="Change an insurance")
async def change_coverage(coverage_id: UUID, body: ChangedCoverage, call: Entering) -> Coverage:
    """Replace what is known of an insurance. A member id that is left out stays."""
    return await call.update(
        lambda tx, expected: commands.change_coverage(tx, coverage_id, expected, body)
    )


@router.post(
    "/clients/{client_id}/self-pay-agreements",
    status_code=201,
    summary="Record a self-pay agreement",
)
async def record_self_pay_agreement(
    client_id: UUID, body: NewSelfPayAgreement, call: Entering
) -> SelfPayAgreement:
    """Record a signed agreement, with the share by the poverty guideline of the day of signing."""
    return await call.create(
        lambda tx: agreements.sign_agreement(tx, client_id, body, entered_by=call.subject),
        location=lambda made: f"/self-pay-agreements/{made.id}",
    )


@router.get("/clients/{client_id}/self-pay-agreements", summary="List self-pay agreements")
@of_one_client
async def list_self_pay_agreements(
    client_id: UUID, call: Reader, paging: Paged
) -> Page[SelfPayAgreement]:
    """A client's self-pay agreements in the order in which they were entered."""
    return await call.show(lambda tx: queries.list_agreements(tx, client_id, paging))


@router.get("/self-pay-agreements/{agreement_id}", summary="Show a self-pay agreement")
@of_one_client
async def show_self_pay_agreement(agreement_id: UUID, call: Reader) -> SelfPayAgreement:
    """One self-pay agreement; the ETag is needed to end it."""
    return await call.show(lambda tx: queries.show_agreement(tx, agreement_id))


@router.post("/self-pay-agreements/{agreement_id}/end", summary="End a self-pay agreement")
@needs_if_match
async def record_self_pay_agreement_end(
    agreement_id: UUID, body: CoverageEnd, call: Entering
) -> SelfPayAgreement:
    """Let an agreement end earlier, or take back one that was entered in error."""
    return await call.update(
        lambda tx, expected: agreements.end_agreement(tx, agreement_id, expected, body)
    )
