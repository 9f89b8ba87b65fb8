"""Risk flags and reports of risks over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.intake.risk import commands, queries, reporting
from services.intake.risk.report_schemas import NewRiskReport, RiskReport, RiskReportReceived
from services.intake.risk.schemas import (
    Acknowledgement,
    RiskFlag,
    RiskFlagInFull,
    RiskSummary,
    Wanted,
)
from shared.access import Role
from shared.access.roles import CLINICIANS
from shared.contracts.intake import RiskKind
from shared.web import Allowed, Call, Page, Paged, Router, needs_if_match, of_one_client

router = Router(tags=["Risk"])

Clinician = Annotated[Call, Allowed(*CLINICIANS)]
Reporting = Annotated[Call, Allowed(Role.FRONT_DESK, *CLINICIANS)]
Counting = Annotated[Call, Allowed(*CLINICIANS, Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS)]
State = Annotated[Wanted, Query(description="Open ones, those past their deadline, or all.")]
REPORTS = "/clients/{client_id}/risk-reports"


@router.post(REPORTS, status_code=201, summary="Report acute risks of a client")
async def receive_risk_report(
    client_id: UUID, body: NewRiskReport, call: Reporting
) -> RiskReportReceived:
    """Keep what was learned. Each risk in it raises its flag at once, however much is unknown."""
    return await call.create(
        lambda tx: reporting.receive_report(tx, client_id, body, by=call.subject),
        location=lambda made: f"/clients/{client_id}/risk-reports/{made.id}",
    )


@router.get(REPORTS, summary="List reports of a client's risks")
@of_one_client
async def list_risk_reports(client_id: UUID, call: Clinician, paging: Paged) -> Page[RiskReport]:
    """What was reported about a client, oldest first."""
    return await call.show(lambda tx: queries.list_reports(tx, client_id, paging))


@router.get(f"{REPORTS}/{{report_id}}", summary="Show a report of a client's risks")
@of_one_client
async def show_risk_report(client_id: UUID, report_id: UUID, call: Clinician) -> RiskReport:
    """One report as it was given."""
    return await call.show(lambda tx: queries.show_report(tx, client_id, report_id))


@router.get("/risk-flags", summary="List risk flags")
async def list_risk_flags(
    call: Clinician,
    paging: Paged,
    state: State = "open",
    site_id: Annotated[UUID | None, Query(description="Flags of one site only.")] = None,
    kind: Annotated[RiskKind | None, Query(description="Flags of one kind only.")] = None,
) -> Page[RiskFlag]:
    """Flags of the caller's sites; the one that has to be acknowledged first comes first."""
    return await call.show(
        lambda tx: queries.list_flags(tx, paging, wanted=state, site_id=site_id, kind=kind)
    )


@router.get("/clients/{client_id}/risk-flags", summary="List a client's risk flags")
@of_one_client
async def list_risk_flags_of_client(
    client_id: UUID, call: Clinician, paging: Paged, state: State = "all"
) -> Page[RiskFlag]:
    """A client's flags, open and acknowledged, in the order of their deadlines."""
    return await call.show(
        lambda tx: queries.list_flags_of_client(tx, client_id, paging, wanted=state)
    )


@router.get("/risk-flags/{flag_id}", summary="Show a risk flag")
@of_one_client
async def show_risk_flag(flag_id: UUID, call: Clinician) -> RiskFlagInFull:
    """One flag with guidance and the actions it can be acknowledged with; needed for its ETag."""
    return await call.show(lambda tx: queries.show_flag(tx, flag_id))


@router.post("/risk-flags/{flag_id}/acknowledgement", summary="Acknowledge a risk flag")
@needs_if_match
async def record_risk_acknowledgement(
    flag_id: UUID, body: Acknowledgement, call: Clinician
) -> RiskFlagInFull:
    """Take charge of a flag by name and say what was done; it escalates no further."""
    return await call.update(
        lambda tx, expected: commands.acknowledge(tx, flag_id, expected, body, by=call.subject)
    )


@router.get("/risk-flag-counts", summary="Count open risk flags by site")
async def summarize_risk_flags(call: Counting) -> RiskSummary:
    """How many flags of each site are open and overdue; no client and no kind is named."""
    return await call.show(queries.summarize)
