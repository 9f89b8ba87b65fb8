"""Contact attempts over HTTP."""

from typing import Annotated
from uuid import UUID

from services.intake.contact_attempts import commands, queries
from services.intake.contact_attempts.schemas import ContactAttempt, NewContactAttempt
from shared.access.roles import SITE_STAFF
from shared.web import Allowed, Call, Page, Paged, Router

router = Router(tags=["Referrals"])

SiteStaff = Annotated[Call, Allowed(*SITE_STAFF)]


@router.post(
    "/referrals/{referral_id}/contact-attempts", status_code=201, summary="Record a contact attempt"
)
async def record_contact_attempt(
    referral_id: UUID, body: NewContactAttempt, call: SiteStaff
) -> ContactAttempt:
    """Note that the caller tried to reach the person. When they were reached, the referral becomes
    `contacted`. Which messages may be left is a matter of the client's consent."""
    return await call.create(
        lambda tx: commands.record_attempt(tx, referral_id, body, attempted_by=call.subject),
        location=lambda made: f"/referrals/{made.referral_id}/contact-attempts",
    )


@router.get("/referrals/{referral_id}/contact-attempts", summary="List contact attempts")
async def list_contact_attempts(
    referral_id: UUID, call: SiteStaff, paging: Paged
) -> Page[ContactAttempt]:
    """The attempts to reach a referred person, in the order in which they were recorded."""
    return await call.show(lambda tx: queries.list_attempts(tx, referral_id, paging))
