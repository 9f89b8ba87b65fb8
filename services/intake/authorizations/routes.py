"""Authorizations, their alarms, and days of service over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.authorizations import certifications, commands, coverage_ends, queries
from services.intake.authorizations.schemas import (
    Authorization,
    AuthorizationDays,
    AuthorizationDetails,
    AuthorizationWithdrawal,
    Certification,
    CoverageAlarm,
    NewCertification,
    ServiceDay,
    SiteCoverage,
)
from services.intake.coverage.schemas import Coverage, CoverageEnd
from shared.access import Allowed, Caller, Role
from shared.web import Page, Paging, create, show, update
from shared.web.writes import needs_if_match

router = APIRouter(tags=["Authorizations"])

ENTERING = (Role.FRONT_DESK, Role.SITE_MANAGER)
READING = (*ENTERING, Role.COUNSELOR, Role.CLINICAL_LEAD, Role.AUDITOR)
Entering = Annotated[Caller, Allowed(*ENTERING)]
Reader = Annotated[Caller, Allowed(*READING)]
Summing = Annotated[Caller, Allowed(Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS, Role.AUDITOR)]
OneSite = Annotated[UUID | None, Query(description="Of one site only.")]


@router.post(
    "/coverages/{coverage_id}/authorizations",
    status_code=201,
    response_model=Authorization,
    operation_id="add_authorization",
    summary="Enter an authorization",
)
async def add_authorization(
    coverage_id: UUID, body: AuthorizationDetails, request: Request, caller: Entering
) -> Response:
    """Enter a payer's grant. Days that were attended before take their units of it at once."""
    return await create(
        request,
        caller,
        lambda tx: commands.add_authorization(tx, coverage_id, body, entered_by=caller.subject),
        location=lambda made: f"/authorizations/{made.id}",
    )


@router.get(
    "/clients/{client_id}/authorizations",
    response_model=Page[Authorization],
    operation_id="list_authorizations",
    summary="List authorizations",
)
async def list_authorizations(
    client_id: UUID, request: Request, caller: Reader, paging: Annotated[Paging, Depends()]
) -> Response:
    """A client's authorizations with what is left of each, in the order of entry."""
    return await show(
        request, caller, lambda tx: queries.list_authorizations(tx, client_id, paging)
    )


@router.get(
    "/authorizations/{authorization_id}",
    response_model=Authorization,
    operation_id="show_authorization",
    summary="Show an authorization",
)
async def show_authorization(authorization_id: UUID, request: Request, caller: Reader) -> Response:
    """One authorization with what is left of it; the ETag is needed to change it."""
    return await show(request, caller, lambda tx: queries.show_authorization(tx, authorization_id))


@router.get(
    "/authorizations/{authorization_id}/days",
    response_model=AuthorizationDays,
    operation_id="list_authorization_days",
    summary="List the days of an authorization",
)
async def list_authorization_days(
    authorization_id: UUID, request: Request, caller: Reader
) -> Response:
    """Which days took units of an authorization, in their order."""
    return await show(
        request, caller, lambda tx: queries.list_authorization_days(tx, authorization_id)
    )


@router.put(
    "/authorizations/{authorization_id}",
    response_model=Authorization,
    operation_id="change_authorization",
    summary="Change an authorization",
)
async def change_authorization(
    authorization_id: UUID, body: AuthorizationDetails, request: Request, caller: Entering
) -> Response:
    """Replace what was granted, for instance by an extension. Units are reckoned anew."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.change_authorization(tx, authorization_id, expected, body),
    )


@router.post(
    "/authorizations/{authorization_id}/withdrawal",
    response_model=Authorization,
    operation_id="record_authorization_withdrawal",
    summary="Withdraw an authorization",
)
@needs_if_match
async def record_authorization_withdrawal(
    authorization_id: UUID, body: AuthorizationWithdrawal, request: Request, caller: Entering
) -> Response:
    """Say that a grant does not hold. Its days go to other grants, or are without one."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.withdraw_authorization(tx, authorization_id, expected, body),
    )


@router.post(
    "/coverages/{coverage_id}/certifications",
    status_code=201,
    response_model=Certification,
    operation_id="record_certification",
    summary="Record a certification",
)
async def record_certification(
    coverage_id: UUID, body: NewCertification, request: Request, caller: Entering
) -> Response:
    """Record that a physician certified the need, where the payer asks for it again and again."""
    return await create(
        request,
        caller,
        lambda tx: certifications.record_certification(
            tx, coverage_id, body, entered_by=caller.subject
        ),
        location=lambda made: f"/coverages/{made.coverage_id}/certifications",
    )


@router.get(
    "/coverages/{coverage_id}/certifications",
    response_model=Page[Certification],
    operation_id="list_certifications",
    summary="List certifications",
)
async def list_certifications(
    coverage_id: UUID, request: Request, caller: Reader, paging: Annotated[Paging, Depends()]
) -> Response:
    """The certifications for a coverage, in the order of entry."""
    return await show(
        request, caller, lambda tx: queries.list_certifications(tx, coverage_id, paging)
    )


@router.get(
    "/authorization-alarms",
    response_model=Page[CoverageAlarm],
    operation_id="list_authorization_alarms",
    summary="List what runs out",
)
async def list_authorization_alarms(
    request: Request,
    caller: Reader,
    paging: Annotated[Paging, Depends()],
    site_id: OneSite = None,
) -> Response:
    """Authorizations and certifications that come to their end, of the caller's sites."""
    return await show(request, caller, lambda tx: queries.list_alarms(tx, paging, site_id))


@router.get(
    "/clients/{client_id}/service-days",
    response_model=Page[ServiceDay],
    operation_id="list_service_days",
    summary="List days of service",
)
async def list_service_days(
    client_id: UUID, request: Request, caller: Reader, paging: Annotated[Paging, Depends()]
) -> Response:
    """A client's days of service with units, and who is to pay for each."""
    return await show(request, caller, lambda tx: queries.list_service_days(tx, client_id, paging))


@router.get(
    "/unauthorized-days",
    response_model=Page[ServiceDay],
    operation_id="list_unauthorized_days",
    summary="List days without a grant",
)
async def list_unauthorized_days(
    request: Request,
    caller: Reader,
    paging: Annotated[Paging, Depends()],
    site_id: OneSite = None,
) -> Response:
    """Days of service without a grant that is needed, beyond one, or without any coverage."""
    return await show(request, caller, lambda tx: queries.list_uncovered_days(tx, paging, site_id))


@router.get(
    "/coverage-summary",
    response_model=Page[SiteCoverage],
    operation_id="summarize_coverage",
    summary="Sum up coverage by site",
)
async def summarize_coverage(
    request: Request, caller: Summing, paging: Annotated[Paging, Depends()]
) -> Response:
    """Sums of each of the caller's sites: coverage, authorizations, units, alarms."""
    return await show(request, caller, lambda tx: queries.summarize_coverage(tx, paging))


@router.post(
    "/coverages/{coverage_id}/end",
    response_model=Coverage,
    operation_id="record_coverage_end",
    summary="End an insurance",
)
@needs_if_match
async def record_coverage_end(
    coverage_id: UUID, body: CoverageEnd, request: Request, caller: Entering
) -> Response:
    """Let an insurance end on a day, or take back one that was entered in error and its grants."""
    return await update(
        request,
        caller,
        lambda tx, expected: coverage_ends.end_coverage(tx, coverage_id, expected, body),
    )
