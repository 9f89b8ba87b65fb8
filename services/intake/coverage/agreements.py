"""Agreeing with a client on a share by the sliding scale, and ending it."""

from uuid import UUID

from services.intake.coverage.commands import EnteredInError, require_end
from services.intake.coverage.queries import agreement_of, show_agreement
from services.intake.coverage.rules import can_be_signed_on
from services.intake.coverage.schemas import CoverageEnd, NewSelfPayAgreement, SelfPayAgreement
from services.intake.directory.queries import ZONE
from services.intake.directory.rules import day_at
from services.intake.referrals.queries import hold_client, show_client
from services.intake.sliding_scale.policy import guidelines, scale
from services.intake.sliding_scale.rules import (
    guideline_on,
    region_of,
    share_of_household,
    valid_until,
)
from shared.database import Transaction, insert
from shared.errors import Invalid, NotFound, require_version
from shared.ids import new_id

END = """
UPDATE self_pay_agreements SET valid_until = coalesce($2, valid_until), entered_in_error = $3,
  version = version + 1
WHERE id = $1 RETURNING *
"""


class ImpossibleSignature(Invalid):
    """Signed ahead of today, or so long ago that the income has to be asked anew."""

    title = "Impossible day of signing"


class NoGuideline(Invalid):
    """No poverty guideline was known that early."""

    title = "No poverty guideline for that day"


async def sign_agreement(
    tx: Transaction, client_id: UUID, new: NewSelfPayAgreement, *, entered_by: str
) -> SelfPayAgreement:
    """Agree on a share, found now and kept: a later table or scale does not change it.

    Raises:
        NotFound: no such client.
        ImpossibleSignature: the day does not go with the site's calendar.
        NoGuideline: no guideline held on that day.
    """
    client = await show_client(tx, client_id, hold=True)
    time_zone = await tx.fetchval(ZONE, client.site_id)
    if time_zone is None:
        raise NotFound("There is no such site.")
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
        "household_size": new.household_size,
        "yearly_income_cents": new.yearly_income_cents,
        "signed_on": new.signed_on,
        "valid_until": valid_until(new.signed_on, rule.valid_months),
        "region": region,
        "guideline": share.guideline,
        "guideline_cents": share.guideline_cents,
        "scale": share.scale,
        "scale_version": share.scale_version,
        "band": share.band,
        "share_percent": share.share_percent,
        "nominal_fee_cents": share.nominal_fee_cents,
        "entered_by": entered_by,
        "entered_at": tx.now,
    }
    row = await tx.fetchrow(*insert("self_pay_agreements", agreed, suffix="RETURNING *"))
    if row is None:
        raise NotFound("There is no such client.")
    return agreement_of(row)


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
    seen = await show_agreement(tx, agreement_id)
    await hold_client(tx, seen.client_id)
    known = await show_agreement(tx, agreement_id, hold=True)
    require_version(known.version, expected)
    if known.entered_in_error:
        raise EnteredInError("This agreement was entered in error: sign another one.")
    require_end(end, known.signed_on, known.valid_until)
    row = await tx.fetchrow(END, agreement_id, end.last_day, end.entered_in_error)
    if row is None:
        raise NotFound("There is no such self-pay agreement.")
    return agreement_of(row)
