"""Risk flags and reports of risks over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.risk import commands, queries, reporting
from services.intake.risk.report_schemas import NewRiskReport, RiskReport, RiskReportReceived
from services.intake.risk.schemas import (
    Acknowledgement,
    RiskFlag,
    RiskFlagInFull,
    RiskSummary,
    Wanted,
)
from shared.access import Allowed, Caller, Role
from shared.contracts.intake import RiskKind
from shared.web import Page, Paging, create, needs_if_match, show, update

router = APIRouter(tags=["Risk"])

Clinician = Annotated[Caller, Allowed(Role.COUNSELOR, Role.CLINICAL_LEAD)]
Reporting = Annotated[Caller, Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD)]
Counting = Annotated[
    Caller,
    Allowed(Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS),
]
State = Annotated[Wanted, Query(description="Open ones, those past their deadline, or all.")]
REPORTS = "/clients/{client_id}/risk-reports"


@router.post(
    REPORTS,
    status_code=201,
    response_model=RiskReportReceived,
    operation_id="receive_risk_report",
    summary="Report acute risks of a client",
)
async def receive_risk_report(
    client_id: UUID, body: NewRiskReport, request: Request, caller: Reporting
) -> Response:
    """Keep what was learned. Each risk in it raises its flag at once, however much is unknown."""
    return await create(
        request,
        caller,
        lambda tx: reporting.receive_report(tx, client_id, body, by=caller.subject),
        location=lambda made: f"/clients/{client_id}/risk-reports/{made.id}",
    )


@router.get(
    REPORTS,
    response_model=Page[RiskReport],
    operation_id="list_risk_reports",
    summary="List reports of a client's risks",
)
async def list_risk_reports(
    client_id: UUID, request: Request, caller: Clinician, paging: Annotated[Paging, Depends()]
) -> Response:
    """What was reported about a client, oldest first."""
    return await show(request, caller, lambda tx: queries.list_reports(tx, client_id, paging))


@router.get(
    f"{REPORTS}/{{report_id}}",
    response_model=RiskReport,
    operation_id="show_risk_report",
    summary="Show a report of a client's risks",
)
async def show_risk_report(
    client_id: UUID, report_id: UUID, request: Request, caller: Clinician
) -> Response:
    """One report as it was given."""
    return await show(request, caller, lambda tx: queries.show_report(tx, client_id, report_id))


@router.get(
    "/risk-flags",
    response_model=Page[RiskFlag],
    operation_id="list_risk_flags",
    summary="List risk flags",
)
async def list_risk_flags(
    request: Request,
    caller: Clinician,
    paging: Annotated[Paging, Depends()],
    state: State = "open",
    site_id: Annotated[UUID | None, Query(description="Flags of one site only.")] = None,
    kind: Annotated[RiskKind | None, Query(description="Flags of one kind only.")] = None,
) -> Response:
    """Flags of the caller's sites; the one that has to be acknowledged first comes first."""
    return await show(
        request,
        caller,
        lambda tx: queries.list_flags(tx, paging, wanted=state, site_id=site_id, kind=kind),
    )


@router.get(
    "/clients/{client_id}/risk-flags",
    response_model=Page[RiskFlag],
    operation_id="list_risk_flags_of_client",
    summary="List a client's risk flags",
)
async def list_risk_flags_of_client(
    client_id: UUID,
    request: Request,
    caller: Clinician,
    paging: Annotated[Paging, Depends()],
    state: State = "all",
) -> Response:
    """A client's flags, open and acknowledged, in the order of their deadlines."""
    return await show(
        request,
        caller,
        lambda tx: queries.list_flags_of_client(tx, client_id, paging, wanted=state),
    )


@router.get(
    "/risk-flags/{flag_id}",
    response_model=RiskFlagInFull,
    operation_id="show_risk_flag",
    summary="Show a risk flag",
)
async def show_risk_flag(flag_id: UUID, request: Request, caller: Clinician) -> Response:
    """One flag with guidance and the actions it can be acknowledged with; needed for its ETag."""
    return await show(request, caller, lambda tx: queries.show_flag(tx, flag_id))


@router.post(
    "/risk-flags/{flag_id}/acknowledgement",
    response_model=RiskFlagInFull,
    operation_id="record_risk_acknowledgement",
    summary="Acknowledge a risk flag",
)
@needs_if_match
async def record_risk_acknowledgement(
    flag_id: UUID, body: Acknowledgement, request: Request, caller: Clinician
) -> Response:
    """Take charge of a flag by name and say what was done; it escalates no further."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.acknowledge(tx, flag_id, expected, body, by=caller.subject),
    )


@router.get(
    "/risk-flag-counts",
    response_model=RiskSummary,
    operation_id="summarize_risk_flags",
    summary="Count open risk flags by site",
)
async def summarize_risk_flags(request: Request, caller: Counting) -> Response:
    """How many flags of each site are open and overdue; no client and no kind is named."""
    return await show(request, caller, queries.summarize)
