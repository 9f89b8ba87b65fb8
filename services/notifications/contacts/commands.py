"""Contact details, as intake tells them."""

from shared.contracts.intake import ContactDetailsChanged
from shared.database import Transaction

REPLACE = """
INSERT INTO contacts (client_id, site_id, channel, email, phone, time_zone, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (client_id) DO UPDATE SET
  site_id = excluded.site_id, channel = excluded.channel, email = excluded.email,
  phone = excluded.phone, time_zone = excluded.time_zone, changed_at = excluded.changed_at
"""


async def replace_contact(tx: Transaction, changed: ContactDetailsChanged) -> None:
    """Keep the latest details of a client; the former ones are gone."""
    await tx.execute(
        REPLACE,
        changed.client_id,
        changed.site_id,
        changed.channel,
        changed.email,
        changed.phone,
        changed.time_zone,
        changed.changed_at,
    )
