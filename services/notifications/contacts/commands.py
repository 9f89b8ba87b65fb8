"""Contact details, as intake tells them."""

from shared.contracts.intake import ContactDetailsChanged
from shared.database import Columns, Transaction

DETAILS = Columns.of(
    client_id="uuid",
    site_id="uuid",
    channel="text",
    email="text",
    phone="text",
    time_zone="text",
    changed_at="timestamptz",
)
REPLACE = f"""
INSERT INTO contacts ({DETAILS.names}) SELECT * FROM {DETAILS.rows}
ON CONFLICT (client_id) DO UPDATE SET {DETAILS.updates("client_id")}
"""  # noqa: S608 - the columns are above


async def replace_contact(tx: Transaction, changed: ContactDetailsChanged) -> None:
    """Keep the latest details of a client; the former ones are gone."""
    await tx.execute(REPLACE, *DETAILS.arrays([changed]))
