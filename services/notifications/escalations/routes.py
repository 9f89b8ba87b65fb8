"""Whom a site tells of what needs somebody, and the alerts that were sent, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.notifications.escalations import commands, queries
from services.notifications.escalations.schemas import (
    EscalationContacts,
    NewEscalationContacts,
    StaffAlert,
)
from shared.access import Allowed, Caller, Role
from shared.web import Page, Paging, show, update

router = APIRouter(prefix="/sites/{site_id}", tags=["Escalations"])

Manager = Annotated[Caller, Allowed(Role.SITE_MANAGER)]
Reader = Annotated[Caller, Allowed(Role.CLINICAL_LEAD, Role.SITE_MANAGER)]
Overseer = Annotated[
    Caller,
    Allowed(Role.CLINICAL_LEAD, Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS, Role.AUDITOR),
]


@router.get(
    "/escalation-contacts",
    response_model=EscalationContacts,
    operation_id="show_escalation_contacts",
    summary="Show whom a site tells",
)
async def show_escalation_contacts(site_id: UUID, request: Request, caller: Reader) -> Response:
    """Work addresses by step. The ETag, `"0"` where nobody is named yet, is needed to change it."""
    return await show(request, caller, lambda tx: queries.show_contacts(tx, site_id))


@router.put(
    "/escalation-contacts",
    response_model=EscalationContacts,
    operation_id="change_escalation_contacts",
    summary="Change whom a site tells",
)
async def change_escalation_contacts(
    site_id: UUID, body: NewEscalationContacts, request: Request, caller: Manager
) -> Response:
    """Replace whom the site tells when a risk has to be seen, step by step."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.replace_contacts(
            tx, site_id, expected, body, by=caller.subject
        ),
    )


@router.get(
    "/staff-alerts",
    response_model=Page[StaffAlert],
    operation_id="list_staff_alerts",
    summary="List alerts to staff of a site",
)
async def list_staff_alerts(
    site_id: UUID,
    request: Request,
    caller: Overseer,
    paging: Annotated[Paging, Depends()],
    flag_id: Annotated[UUID | None, Query(description="Alerts about this flag only.")] = None,
    failed_only: Annotated[bool, Query(description="Only those that reached nobody.")] = False,
) -> Response:
    """Who was told is not shown; that somebody was, when, and what failed."""
    return await show(
        request,
        caller,
        lambda tx: queries.list_alerts(
            tx, site_id, paging, flag_id=flag_id, failed_only=failed_only
        ),
    )
