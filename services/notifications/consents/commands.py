"""Consents to be reached, as intake tells of them."""

from typing import Literal

from pydantic import TypeAdapter

from shared.contracts.intake import AvailableTime, ConsentExpired, ConsentGranted, ConsentRevoked
from shared.database import Transaction

FORM = "contact_channels"

REPLACE = """
INSERT INTO contact_consents AS c (client_id, site_id, consent_id, channels, uses, safe_times,
  time_zone, expires_on, granted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (client_id) DO UPDATE SET
  site_id = excluded.site_id, consent_id = excluded.consent_id, channels = excluded.channels,
  uses = excluded.uses, safe_times = excluded.safe_times, time_zone = excluded.time_zone,
  expires_on = excluded.expires_on, granted_at = excluded.granted_at,
  ended_as = NULL, ended_at = NULL
"""
END = """
UPDATE contact_consents SET ended_as = $3, ended_at = $4
WHERE client_id = $1 AND consent_id = $2 AND ended_at IS NULL
"""
"""Only the one that counts: an end of one that was replaced changes nothing."""

SAFE_TIMES = TypeAdapter(list[AvailableTime])


async def replace_consent(tx: Transaction, granted: ConsentGranted) -> None:
    """Keep the consent to be reached that was signed last; the former one is gone."""
    await tx.execute(
        REPLACE,
        granted.client_id,
        granted.site_id,
        granted.consent_id,
        list(granted.channels),
        list(granted.uses),
        SAFE_TIMES.dump_json(granted.safe_times).decode(),
        granted.time_zone,
        granted.expires_on,
        granted.granted_at,
    )


async def end_consent(tx: Transaction, ended: ConsentRevoked | ConsentExpired) -> None:
    """A consent to be reached was taken back, or its day or event has come."""
    how: Literal["revoked", "expired"] = "expired"
    if isinstance(ended, ConsentRevoked):
        how, at = "revoked", ended.revoked_at
    else:
        at = ended.expired_at
    await tx.execute(END, ended.client_id, ended.consent_id, how, at)
