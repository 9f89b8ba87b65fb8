"""Contact attempts over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake.contact_attempts import commands, queries
from services.intake.contact_attempts.schemas import ContactAttempt, NewContactAttempt
from shared.access import Allowed, Caller, Role
from shared.web import Page, Paging, create, show

router = APIRouter(tags=["Referrals"])

SiteStaff = Annotated[
    Caller,
    Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER),
]


@router.post(
    "/referrals/{referral_id}/contact-attempts",
    status_code=201,
    response_model=ContactAttempt,
    operation_id="record_contact_attempt",
    summary="Record a contact attempt",
)
async def record_contact_attempt(
    referral_id: UUID, body: NewContactAttempt, request: Request, caller: SiteStaff
) -> Response:
    """Note that the caller tried to reach the person. When they were reached, the referral becomes
    `contacted`. Which messages may be left is a matter of the client's consent."""
    return await create(
        request,
        caller,
        lambda tx: commands.record_attempt(tx, referral_id, body, attempted_by=caller.subject),
        location=lambda made: f"/referrals/{made.referral_id}/contact-attempts",
    )


@router.get(
    "/referrals/{referral_id}/contact-attempts",
    response_model=Page[ContactAttempt],
    operation_id="list_contact_attempts",
    summary="List contact attempts",
)
async def list_contact_attempts(
    referral_id: UUID, request: Request, caller: SiteStaff, paging: Annotated[Paging, Depends()]
) -> Response:
    """The attempts to reach a referred person, in the order in which they were recorded."""
    return await show(request, caller, lambda tx: queries.list_attempts(tx, referral_id, paging))
