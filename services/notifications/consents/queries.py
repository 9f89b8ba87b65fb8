"""What clients agreed to."""

from uuid import UUID

from services.notifications.consents.commands import SAFE_TIMES
from services.notifications.consents.rules import Consent
from shared.database import Transaction
from shared.merges import Records, pairs

CONSENTS = """
SELECT w.client_id, c.channels, c.uses, c.safe_times, c.time_zone, c.expires_on, c.granted_at,
  c.ended_as, c.ended_at, c.voicemail
FROM unnest($1::uuid[], $2::uuid[]) AS w (client_id, record)
JOIN contact_consents c ON c.client_id = w.record
"""


async def consents_of(tx: Transaction, records: Records) -> dict[UUID, list[Consent]]:
    """The consents to be reached of those clients who signed one, of any record of the person and
    ended ones too."""
    found: dict[UUID, list[Consent]] = {}
    for row in await tx.fetch(CONSENTS, *pairs(records)):
        agreed = {**row, "safe_times": SAFE_TIMES.validate_json(row["safe_times"])}
        found.setdefault(agreed.pop("client_id"), []).append(Consent(**agreed))
    return found
