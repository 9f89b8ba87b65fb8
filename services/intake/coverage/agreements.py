"""Agreeing with a client on a share by the sliding scale, and ending it."""

from dataclasses import asdict
from uuid import UUID

from services.intake.coverage.commands import EnteredInError, require_end
from services.intake.coverage.queries import agreement_of, show_agreement
from services.intake.coverage.rules import can_be_signed_on
from services.intake.coverage.schemas import CoverageEnd, NewSelfPayAgreement, SelfPayAgreement
from services.intake.directory.queries import zone_of
from services.intake.referrals.queries import lock, show_client
from services.intake.sliding_scale.policy import guidelines, scale
from services.intake.sliding_scale.rules import (
    guideline_on,
    region_of,
    share_of_household,
    valid_until,
)
from shared.calendar import day_at
from shared.database import Transaction, insert, update
from shared.errors import Invalid, require_version
from shared.ids import new_id


class ImpossibleSignature(Invalid, title="Impossible day of signing"):
    """Signed ahead of today, or so long ago that the income has to be asked anew."""


class NoGuideline(Invalid, title="No poverty guideline for that day"):
    """No poverty guideline was known that early."""


async def sign_agreement(
    tx: Transaction, client_id: UUID, new: NewSelfPayAgreement, *, entered_by: str
) -> SelfPayAgreement:
    """Agree on a share, found now and kept: a later table or scale does not change it.

    Raises:
        NotFound: no such client.
        ImpossibleSignature: the day does not go with the site's calendar.
        NoGuideline: no guideline held on that day.
    """
    client = await show_client(tx, client_id, lock=True)
    time_zone = await zone_of(tx, client.site_id)
    rule = scale()
    if not can_be_signed_on(new.signed_on, day_at(tx.now, time_zone), rule.oldest_signature_days):
        raise ImpossibleSignature(
            "An agreement is entered on the day of signing, or "
            f"at most {rule.oldest_signature_days} days after it.",
            pointer="/signed_on",
        )
    guideline = guideline_on(guidelines(), new.signed_on)
    if guideline is None:
        raise NoGuideline("No guideline is known that held on that day.", pointer="/signed_on")
    region = region_of(rule, time_zone)
    share = share_of_household(rule, guideline, region, new.household_size, new.yearly_income_cents)
    agreed = {
        "id": new_id(),
        "client_id": client_id,
        "site_id": client.site_id,
        **new.model_dump(),
        "valid_until": valid_until(new.signed_on, rule.valid_months),
        "region": region,
        **asdict(share),
        "entered_by": entered_by,
        "entered_at": tx.now,
    }
    shown = agreement_of({**agreed, "entered_in_error": False, "version": 1})
    del agreed["percent_of_guideline"]  # it follows from the two amounts
    await tx.execute(*insert("self_pay_agreements", agreed))
    return shown


async def end_agreement(
    tx: Transaction, agreement_id: UUID, expected: int, end: CoverageEnd
) -> SelfPayAgreement:
    """Let an agreement end earlier, or say that it was entered in error.

    Raises:
        NotFound: no such agreement.
        StaleVersion: somebody changed it meanwhile.
        EnteredInError: it was taken back before.
        ImpossibleEnd: the day lies before it was signed, or after its last one.
    """
    known = await lock(tx, show_agreement, agreement_id)
    require_version(known.version, expected)
    if known.entered_in_error:
        raise EnteredInError("This agreement was entered in error: sign another one.")
    require_end(end, known.signed_on, known.valid_until)
    last = end.last_day or known.valid_until
    changes = {"valid_until": last, "entered_in_error": end.entered_in_error}
    await tx.execute(*update("self_pay_agreements", changes, where={"id": agreement_id}))
    return known.changed(**changes)
