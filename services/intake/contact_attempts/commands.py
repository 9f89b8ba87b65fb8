"""Recording that somebody tried to reach a referred person."""

from uuid import UUID

from services.intake.contact_attempts.rules import REACHED, untimely
from services.intake.contact_attempts.schemas import ContactAttempt, NewContactAttempt
from services.intake.referrals.commands import ReferralEnded, advance
from services.intake.referrals.queries import lock, show_referral
from shared.database import Transaction, insert
from shared.errors import Invalid
from shared.ids import new_id

DETAILS = {
    "in_future": "An attempt is recorded after it was made.",
    "before_referral": "The attempt lies before the referral.",
}


class UntimelyAttempt(Invalid, title="Impossible time of an attempt"):
    """Nobody can have tried at that instant."""


async def record_attempt(
    tx: Transaction, referral_id: UUID, new: NewContactAttempt, *, attempted_by: str
) -> ContactAttempt:
    """Record an attempt; one that reached the person brings the referral to `contacted`.

    Raises:
        NotFound: no such referral.
        ReferralEnded: nobody is to be reached any more.
        UntimelyAttempt: with a pointer.
    """
    referral = await lock(tx, show_referral, referral_id)
    if referral.ended_at is not None:
        raise ReferralEnded("The referral has ended.")
    if (why := untimely(new.attempted_at, referral.received_at, tx.now)) is not None:
        raise UntimelyAttempt(DETAILS[why], pointer="/attempted_at")
    made = ContactAttempt(
        id=new_id(),
        referral_id=referral_id,
        client_id=referral.client_id,
        site_id=referral.site_id,
        **new.model_dump(),
        attempted_by=attempted_by,
        recorded_at=tx.now,
    )
    await tx.execute(*insert("contact_attempts", made.model_dump()))
    if made.outcome == REACHED:
        await advance(tx, made.client_id, "reached")
    return made
