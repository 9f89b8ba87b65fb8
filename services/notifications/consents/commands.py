"""Consents to be reached, as intake tells of them."""

from typing import Literal

from pydantic import TypeAdapter

from shared.contracts.intake import AvailableTime, ConsentExpired, ConsentGranted, ConsentRevoked
from shared.database import Transaction, upsert

FORM = "contact_channels"

AGREED = {
    *("client_id", "site_id", "consent_id", "channels", "uses", "voicemail"),
    *("time_zone", "expires_on", "granted_at"),
}
END = """
UPDATE contact_consents SET ended_as = $3, ended_at = $4
WHERE client_id = $1 AND consent_id = $2 AND ended_at IS NULL
"""
"""Only the one that counts: an end of one that was replaced changes nothing."""

SAFE_TIMES = TypeAdapter(tuple[AvailableTime, ...])


async def replace_consent(tx: Transaction, granted: ConsentGranted) -> None:
    """Keep the consent to be reached that was signed last; the former one is gone."""
    row = {
        **granted.model_dump(include=AGREED),
        "safe_times": SAFE_TIMES.dump_json(tuple(granted.safe_times)).decode(),
        "ended_as": None,
        "ended_at": None,
    }
    await tx.execute(*upsert("contact_consents", row, key="client_id"))


async def end_consent(tx: Transaction, ended: ConsentRevoked | ConsentExpired) -> None:
    """A consent to be reached was taken back, or its day or event has come."""
    how: Literal["revoked", "expired"] = "expired"
    if isinstance(ended, ConsentRevoked):
        how, at = "revoked", ended.revoked_at
    else:
        at = ended.expired_at
    await tx.execute(END, ended.client_id, ended.consent_id, how, at)
