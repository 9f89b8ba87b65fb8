"""Contact details, as intake tells them."""

from shared.contracts.intake import ContactDetailsChanged
from shared.database import Transaction, upsert

DETAILS = {
    *("client_id", "site_id", "channel", "email", "phone", "time_zone", "preferred", "changed_at"),
}


async def replace_contact(tx: Transaction, changed: ContactDetailsChanged) -> None:
    """Keep the latest details of a client; the former ones are gone."""
    await tx.execute(*upsert("contacts", changed.model_dump(include=DETAILS), key="client_id"))
