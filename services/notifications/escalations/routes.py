"""Whom a site tells of what needs somebody, and the alerts that were sent, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.notifications.escalations import commands, queries, tasks
from services.notifications.escalations.schemas import (
    EscalationContacts,
    NewEscalationContacts,
    StaffAlert,
    StaffTask,
)
from shared.access import Role
from shared.web import Allowed, Call, Page, Paging, Router, needs_if_match, of_one_client

router = Router(prefix="/sites/{site_id}", tags=["Escalations"])
task_router = Router(tags=["Escalations"])

Manager = Annotated[Call, Allowed(Role.SITE_MANAGER)]
Reader = Annotated[Call, Allowed(Role.CLINICAL_LEAD, Role.SITE_MANAGER)]
Clinician = Annotated[
    Call, Allowed(Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER, Role.FRONT_DESK)
]
Overseer = Annotated[
    Call,
    Allowed(Role.CLINICAL_LEAD, Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS, Role.AUDITOR),
]


@router.get("/escalation-contacts", summary="Show whom a site tells")
async def show_escalation_contacts(site_id: UUID, call: Reader) -> EscalationContacts:
    """Work addresses by step. The ETag, `"0"` where nobody is named yet, is needed to change it."""
    return await call.show(lambda tx: queries.show_contacts(tx, site_id))


@router.put("/escalation-contacts", summary="Change whom a site tells")
async def change_escalation_contacts(
    site_id: UUID, body: NewEscalationContacts, call: Manager
) -> EscalationContacts:
    """Replace whom the site tells when a risk has to be seen, step by step."""
    return await call.update(
        lambda tx, expected: commands.replace_contacts(tx, site_id, expected, body, by=call.subject)
    )


@router.get("/staff-alerts", summary="List alerts to staff of a site")
async def list_staff_alerts(
    site_id: UUID,
    call: Overseer,
    paging: Annotated[Paging, Depends()],
    flag_id: Annotated[UUID | None, Query(description="Alerts about this flag only.")] = None,
    failed_only: Annotated[bool, Query(description="Only those that reached nobody.")] = False,
) -> Page[StaffAlert]:
    """Who was told is not shown; that somebody was, when, and what failed."""
    return await call.show(
        lambda tx: queries.list_alerts(
            tx, site_id, paging, flag_id=flag_id, failed_only=failed_only
        )
    )


@router.get("/staff-tasks", summary="List what staff of a site have to do")
async def list_staff_tasks(
    site_id: UUID, call: Clinician, paging: Annotated[Paging, Depends()]
) -> Page[StaffTask]:
    """What messages alone could not settle, such as calling who missed a session and did not come
    back to us; the oldest first."""
    return await call.show(lambda tx: queries.list_tasks(tx, site_id, paging))


@task_router.get("/staff-tasks/{task_id}", summary="Show a staff task")
@of_one_client
async def show_staff_task(task_id: UUID, call: Clinician) -> StaffTask:
    """One task; needed for its ETag."""
    return await call.show(lambda tx: queries.show_task(tx, task_id))


@task_router.post("/staff-tasks/{task_id}/acknowledgement", summary="Take charge of a staff task")
@needs_if_match
async def record_task_acknowledgement(task_id: UUID, call: Clinician) -> StaffTask:
    """Take charge by name; the next people are not told any more."""
    return await call.update(
        lambda tx, expected: tasks.take_charge(tx, task_id, expected, by=call.subject)
    )
