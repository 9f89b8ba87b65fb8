"""Contact attempts as they are read."""

from uuid import UUID

from services.intake.contact_attempts.schemas import ContactAttempt
from services.intake.referrals.queries import show_referral
from shared.database import Transaction, select
from shared.web import Page, Paging, page_of

OF_REFERRAL = f"""
{select(ContactAttempt, "contact_attempts")} WHERE referral_id = $1 AND id > $2 ORDER BY id LIMIT $3
"""


async def list_attempts(tx: Transaction, referral_id: UUID, paging: Paging) -> Page[ContactAttempt]:
    """The attempts of a referral in the order in which they were recorded.

    Raises:
        NotFound: no such referral.
    """
    rows = await tx.fetch(OF_REFERRAL, referral_id, paging.after, paging.limit + 1)
    if not rows:
        await show_referral(tx, referral_id)
    return page_of([ContactAttempt.from_row(row) for row in rows], paging.limit)
