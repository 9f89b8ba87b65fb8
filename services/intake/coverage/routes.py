"""Insurances and self-pay agreements over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

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
from shared.access import Allowed, Caller, Role
from shared.web import Page, Paging, create, show, update
from shared.web.writes import needs_if_match

router = APIRouter(tags=["Coverage"])

ENTERING = (Role.FRONT_DESK, Role.SITE_MANAGER)
READING = (*ENTERING, Role.COUNSELOR, Role.CLINICAL_LEAD, Role.AUDITOR)
Entering = Annotated[Caller, Allowed(*ENTERING)]
Reader = Annotated[Caller, Allowed(*READING)]


@router.get(
    "/payers", response_model=ListedPayers, operation_id="list_payers", summary="List payers"
)
async def list_payers(request: Request, caller: Reader) -> Response:
    """The payers of the list and what a unit of each billing code is to them."""
    return await show(request, caller, lambda _: queries.list_payers())


@router.post(
    "/clients/{client_id}/coverages",
    status_code=201,
    response_model=Coverage,
    operation_id="add_coverage",
    summary="Enter an insurance",
)
async def add_coverage(
    client_id: UUID, body: NewCoverage, request: Request, caller: Entering
) -> Response:
    """Enter an insurance of a client. The answer shows only the end of the member id."""
    return await create(
        request,
        caller,
        lambda tx: commands.add_coverage(tx, client_id, body, entered_by=caller.subject),
        location=lambda made: f"/coverages/{made.id}",
    )


@router.get(
    "/clients/{client_id}/coverages",
    response_model=Page[Coverage],
    operation_id="list_coverages",
    summary="List insurances",
)
async def list_coverages(
    client_id: UUID, request: Request, caller: Reader, paging: Annotated[Paging, Depends()]
) -> Response:
    """A client's insurances in the order in which they were entered."""
    in_full = caller.role in ENTERING
    return await show(
        request,
        caller,
        lambda tx: queries.list_coverages(tx, client_id, paging, in_full=in_full),
    )


@router.get(
    "/coverages/{coverage_id}",
    response_model=Coverage,
    operation_id="show_coverage",
    summary="Show an insurance",
)
async def show_coverage(coverage_id: UUID, request: Request, caller: Reader) -> Response:
    """One insurance; the ETag is needed to change it."""
    in_full = caller.role in ENTERING
    return await show(
        request, caller, lambda tx: queries.show_coverage(tx, coverage_id, in_full=in_full)
    )


@router.put(
    "/coverages/{coverage_id}",
    response_model=Coverage,
    operation_id="change_coverage",
    summary="Change an insurance",
)
async def change_coverage(
    coverage_id: UUID, body: ChangedCoverage, request: Request, caller: Entering
) -> Response:
    """Replace what is known of an insurance. A member id that is left out stays."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.change_coverage(tx, coverage_id, expected, body),
    )


@router.post(
    "/clients/{client_id}/self-pay-agreements",
    status_code=201,
    response_model=SelfPayAgreement,
    operation_id="record_self_pay_agreement",
    summary="Record a self-pay agreement",
)
async def record_self_pay_agreement(
    client_id: UUID, body: NewSelfPayAgreement, request: Request, caller: Entering
) -> Response:
    """Record a signed agreement, with the share by the poverty guideline of the day of signing."""
    return await create(
        request,
        caller,
        lambda tx: agreements.sign_agreement(tx, client_id, body, entered_by=caller.subject),
        location=lambda made: f"/self-pay-agreements/{made.id}",
    )


@router.get(
    "/clients/{client_id}/self-pay-agreements",
    response_model=Page[SelfPayAgreement],
    operation_id="list_self_pay_agreements",
    summary="List self-pay agreements",
)
async def list_self_pay_agreements(
    client_id: UUID, request: Request, caller: Reader, paging: Annotated[Paging, Depends()]
) -> Response:
    """A client's self-pay agreements in the order in which they were entered."""
    return await show(request, caller, lambda tx: queries.list_agreements(tx, client_id, paging))


@router.get(
    "/self-pay-agreements/{agreement_id}",
    response_model=SelfPayAgreement,
    operation_id="show_self_pay_agreement",
    summary="Show a self-pay agreement",
)
async def show_self_pay_agreement(agreement_id: UUID, request: Request, caller: Reader) -> Response:
    """One self-pay agreement; the ETag is needed to end it."""
    return await show(request, caller, lambda tx: queries.show_agreement(tx, agreement_id))


@router.post(
    "/self-pay-agreements/{agreement_id}/end",
    response_model=SelfPayAgreement,
    operation_id="record_self_pay_agreement_end",
    summary="End a self-pay agreement",
)
@needs_if_match
async def record_self_pay_agreement_end(
    agreement_id: UUID, body: CoverageEnd, request: Request, caller: Entering
) -> Response:
    """Let an agreement end earlier, or take back one that was entered in error."""
    return await update(
        request,
        caller,
        lambda tx, expected: agreements.end_agreement(tx, agreement_id, expected, body),
    )
