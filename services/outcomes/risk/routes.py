"""Risks and reports of substance use over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.outcomes.episodes.schemas import AskedFor
from services.outcomes.risk import commands, queries, reporting, schemas
from services.outcomes.risk.rules import State
from shared.access import Role
from shared.access.roles import CLINICIANS
from shared.contracts.intake import RiskSeverity
from shared.literal import Day
from shared.web import (
    Allowed,
    Call,
    CountedPage,
    Page,
    Paged,
    Router,
    needs_if_match,
    of_one_client,
)

router = Router(tags=["Risk"])

Clinician = Annotated[Call, Allowed(*CLINICIANS)]
Counting = Annotated[Call, Allowed(*CLINICIANS, Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS)]
REPORTS = "/clients/{client_id}/substance-use-reports"


@router.post(REPORTS, status_code=201, summary="Report use of a substance")
async def receive_substance_use_report(
    client_id: UUID, body: schemas.NewSubstanceUseReport, call: Clinician
) -> schemas.SubstanceUseReport:
    """Keep what was told or tested. Use raises a risk that a clinician takes charge of."""
    return await call.create(
        lambda tx: reporting.receive_report(tx, client_id, body, by=call.subject),
        location=lambda made: f"/clients/{client_id}/substance-use-reports",
    )


@router.get(REPORTS, summary="List reports of a client's substance use")
@of_one_client
async def list_substance_use_reports(
    client_id: UUID, call: Clinician, paging: Paged
) -> Page[schemas.SubstanceUseReport]:
    """What was reported, oldest first."""
    return await call.show(lambda tx: queries.list_reports(tx, client_id, paging))


@router.get("/risks", summary="List risks by severity and age")
async def list_risks(
    call: Clinician,
    paging: Paged,
    of: AskedFor,
    severity: Annotated[RiskSeverity | None, Query(description="Of one severity only.")] = None,
    state: Annotated[State | None, Query(description="In one state only.")] = None,
) -> CountedPage[schemas.Risk]:
    """Flags of intake and risks of treatment; high ones first, and of those the oldest."""
    return await call.show(lambda tx: queries.list_risks(tx, paging, of, severity, state))


@router.get("/risks/{risk_id}", summary="Show a risk")
@of_one_client
async def show_risk(risk_id: UUID, call: Clinician) -> schemas.RiskInFull:
    """One risk with its cause and what can be said of it; needed for its ETag."""
    return await call.show(lambda tx: queries.show_risk(tx, risk_id))


@router.post("/risks/{risk_id}/acknowledgement", summary="Take charge of a risk")
@needs_if_match
async def record_risk_acknowledgement(
    risk_id: UUID, body: schemas.Acknowledgement, call: Clinician
) -> schemas.RiskInFull:
    """Say what was done; it escalates no further. A flag of intake is acknowledged there."""
    return await call.update(
        lambda tx, expected: commands.acknowledge(tx, risk_id, expected, body, by=call.subject)
    )


@router.post("/risks/{risk_id}/resolution", summary="Say that a risk is over")
@needs_if_match
async def close_risk(risk_id: UUID, body: schemas.Closing, call: Clinician) -> schemas.RiskInFull:
    """Of a risk of treatment or a flag of intake that somebody took charge of."""
    return await call.update(
        lambda tx, expected: commands.resolve(tx, risk_id, expected, body, by=call.subject)
    )


@router.get("/risk-figures", summary="Show risks and times to acknowledge by site")
async def show_risk_figures(
    call: Counting,
    first_day: Annotated[Day, Query(description="Raised from this day at the site on.")],
    last_day: Annotated[Day, Query(description="The last of these days.")],
) -> schemas.RiskFigures:
    """How many are open and how soon they are acknowledged; no client and no kind is named."""
    in_clinic = call.caller.role != Role.REGIONAL_OPERATIONS
    return await call.show(
        lambda tx: queries.risk_figures(tx, first_day, last_day, in_clinic=in_clinic)
    )
