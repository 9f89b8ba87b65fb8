"""What is handed over, noted right before, so that nobody hands it over again by mistake."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.notifications.delivery.channels.base import Receipt
from services.notifications.delivery.vocabulary import ChannelName
from shared.database import Columns, Transaction


@dataclass(frozen=True, slots=True)
class Handover:
    """One row of `handovers`; `unsubscribe` is a digest."""

    notification_id: UUID
    site_id: UUID
    client_id: UUID
    channel: ChannelName
    address: str | None = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    unsubscribe: bytes | None = field(repr=False)
    began_at: datetime
    forget_at: datetime


HANDOVERS = Columns.like(Handover)
NOTE = f"""
INSERT INTO handovers AS h ({HANDOVERS.names}, uncertain)
SELECT {HANDOVERS.names}, true FROM {HANDOVERS.rows}
ON CONFLICT (notification_id) DO UPDATE SET
  {HANDOVERS.updates("notification_id", "site_id", "client_id", "began_at")}, uncertain = true,
  began_at = CASE WHEN h.uncertain THEN h.began_at ELSE excluded.began_at END
"""  # noqa: S608 - the columns are above
REPORTED = """
SELECT provider, provider_id FROM delivery_reports
WHERE notification_id = $1 AND reported_at >= $2 ORDER BY reported_at DESC LIMIT 1
"""


async def note_handovers(tx: Transaction, handovers: Sequence[Handover]) -> None:
    """Once this is committed, the messages may be out."""
    await tx.execute(NOTE, *HANDOVERS.arrays(handovers))


async def reported(tx: Transaction, notification_id: UUID, since: datetime) -> Receipt | None:
    """What a provider told meanwhile of a message without an answer: that it has it."""
    row = await tx.fetchrow(REPORTED, notification_id, since)
    return None if row is None else Receipt(row["provider"], row["provider_id"], reported=True)
