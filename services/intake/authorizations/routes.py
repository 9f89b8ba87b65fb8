"""Authorizations, their alarms, and days of service over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

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
from shared.access import Role
from shared.access.roles import SITE_STAFF
from shared.web import Allowed, Call, Page, Paged, Router, of_one_client
from shared.web.writes import needs_if_match

router = Router(tags=["Authorizations"])

ENTERING = (Role.FRONT_DESK, Role.SITE_MANAGER)
READING = (*SITE_STAFF, Role.AUDITOR)
Entering = Annotated[Call, Allowed(*ENTERING)]
Reader = Annotated[Call, Allowed(*READING)]
Summing = Annotated[Call, Allowed(Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS, Role.AUDITOR)]
OneSite = Annotated[UUID | None, Query(description="Of one site only.")]


@router.post(
    "/coverages/{coverage_id}/authorizations", status_code=201, summary="Enter an authorization"
)
async def add_authorization(
    coverage_id: UUID, body: AuthorizationDetails, call: Entering
) -> Authorization:
    """Enter a payer's grant. Days that were attended before take their units of it at once."""
    return await call.create(
        lambda tx: commands.add_authorization(tx, coverage_id, body, entered_by=call.subject),
        location=lambda made: f"/authorizations/{made.id}",
    )


@router.get("/clients/{client_id}/authorizations", summary="List authorizations")
@of_one_client
async def list_authorizations(client_id: UUID, call: Reader, paging: Paged) -> Page[Authorization]:
    """A client's authorizations with what is left of each, in the order of entry."""
    return await call.show(lambda tx: queries.list_authorizations(tx, client_id, paging))


@router.get("/authorizations/{authorization_id}", summary="Show an authorization")
@of_one_client
async def show_authorization(authorization_id: UUID, call: Reader) -> Authorization:
    """One authorization with what is left of it; the ETag is needed to change it."""
    return await call.show(lambda tx: queries.show_authorization(tx, authorization_id))


@router.get("/authorizations/{authorization_id}/days", summary="List the days of an authorization")
@of_one_client
async def list_authorization_days(authorization_id: UUID, call: Reader) -> AuthorizationDays:
    """Which days took units of an authorization, in their order."""
    return await call.show(lambda tx: queries.list_authorization_days(tx, authorization_id))


@router.put("/authorizations/{authorization_id}", summary="Change an authorization")
async def change_authorization(
    authorization_id: UUID, body: AuthorizationDetails, call: Entering
) -> Authorization:
    """Replace what was granted, for instance by an extension. Units are reckoned anew."""
    return await call.update(
        lambda tx, expected: commands.change_authorization(tx, authorization_id, expected, body)
    )


@router.post("/authorizations/{authorization_id}/withdrawal", summary="Withdraw an authorization")
@needs_if_match
async def record_authorization_withdrawal(
    authorization_id: UUID, body: AuthorizationWithdrawal, call: Entering
) -> Authorization:
    """Say that a grant does not hold. Its days go to other grants, or are without one."""
    return await call.update(
        lambda tx, expected: commands.withdraw_authorization(tx, authorization_id, expected, body)
    )


@router.post(
    "/coverages/{coverage_id}/certifications", status_code=201, summary="Record a certification"
)
async def record_certification(
    coverage_id: UUID, body: NewCertification, call: Entering
) -> Certification:
    """Record that a physician certified the need, where the payer asks for it again and again."""
    return await call.create(
        lambda tx: certifications.record_certification(
            tx, coverage_id, body, entered_by=call.subject
        ),
        location=lambda made: f"/coverages/{made.coverage_id}/certifications",
    )


@router.get("/coverages/{coverage_id}/certifications", summary="List certifications")
async def list_certifications(
    coverage_id: UUID, call: Reader, paging: Paged
) -> Page[Certification]:
    """The certifications for a coverage, in the order of entry."""
    return await call.show(lambda tx: queries.list_certifications(tx, coverage_id, paging))


@router.get("/authorization-alarms", summary="List what runs out")
async def list_authorization_alarms(
    call: Reader, paging: Paged, site_id: OneSite = None
) -> Page[CoverageAlarm]:
    """Authorizations and certifications that come to their end, of the caller's sites."""
    return await call.show(lambda tx: queries.list_alarms(tx, paging, site_id))


@router.get("/clients/{client_id}/service-days", summary="List days of service")
@of_one_client
async def list_service_days(client_id: UUID, call: Reader, paging: Paged) -> Page[ServiceDay]:
    """A client's days of service with units, and who is to pay for each."""
    return await call.show(lambda tx: queries.list_service_days(tx, client_id, paging))


@router.get("/unauthorized-days", summary="List days without a grant")
async def list_unauthorized_days(
    call: Reader, paging: Paged, site_id: OneSite = None
) -> Page[ServiceDay]:
    """Days of service without a grant that is needed, beyond one, or without any coverage."""
    return await call.show(lambda tx: queries.list_uncovered_days(tx, paging, site_id))


@router.get("/coverage-summary", summary="Sum up coverage by site")
async def summarize_coverage(call: Summing, paging: Paged) -> Page[SiteCoverage]:
    """Sums of each of the caller's sites: coverage, authorizations, units, alarms."""
    return await call.show(lambda tx: queries.summarize_coverage(tx, paging))


@router.post("/coverages/{coverage_id}/end", summary="End an insurance")
@needs_if_match
async def record_coverage_end(coverage_id: UUID, body: CoverageEnd, call: Entering) -> Coverage:
    """Let an insurance end on a day, or take back one that was entered in error and its grants."""
    return await call.update(
        lambda tx, expected: coverage_ends.end_coverage(tx, coverage_id, expected, body)
    )
