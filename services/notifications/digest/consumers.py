"""Credentials of staff that expire soon, as scheduling tells of them: the digest counts them."""

from shared.contracts.scheduling import StaffChanged, StaffCredentialExpiring
from shared.database import Transaction, insert
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()
KEPT = "ON CONFLICT (staff_id, credential) DO UPDATE SET expires_on = excluded.expires_on"
RENEWED = """
DELETE FROM expiring_credentials e WHERE staff_id = $1 AND NOT EXISTS (
  SELECT FROM unnest($2::text[], $3::date[]) AS held (credential, expires_on)
  WHERE (held.credential, held.expires_on) = (e.credential, e.expires_on)
)
"""


@consumers.on(StaffCredentialExpiring)
async def credential_expiring(tx: Transaction, received: Received[StaffCredentialExpiring]) -> None:
    event = received.event
    row = {
        "staff_id": event.staff_id,
        "site_id": event.home_site_id,
        "credential": event.credential,
        "expires_on": event.expires_on,
    }
    await tx.execute(*insert("expiring_credentials", row, suffix=KEPT))


@consumers.on(StaffChanged)
async def staff_changed(tx: Transaction, received: Received[StaffChanged]) -> None:
    event = received.event
    held = event.credentials if event.left_at is None else []
    await tx.execute(
        RENEWED, event.staff_id, [c.credential for c in held], [c.expires_on for c in held]
    )
