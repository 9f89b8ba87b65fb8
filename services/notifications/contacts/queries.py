"""How clients want to be reached."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications.timing.rules import zone_of
from shared.database import Transaction

CONTACTS = """
SELECT w.client_id, c.channel, c.email, c.time_zone
FROM unnest($1::uuid[]) AS w (client_id) CROSS JOIN LATERAL (
  SELECT channel, email, time_zone FROM contacts
  WHERE client_id = ANY (platform.records_of(w.client_id))
  ORDER BY changed_at DESC, array_position(platform.records_of(w.client_id), client_id) LIMIT 1
) c
"""
"""Of what was told of the records of a person the latest counts."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One client's details. The address stays out of the representation, and so out of any log."""

    channel: Literal["email", "log"]
    email: str | None = field(repr=False)
    time_zone: str | None

    @property
    def can_be_reached(self) -> bool:
        """Whether the wanted channel has what it needs."""
        return self.channel != "email" or bool(self.email)


def zone_for(contact: Contact | None, site_time_zone: str) -> ZoneInfo:
    """The zone in which a client reads clocks: the one stated, else the site's."""
    return zone_of(None if contact is None else contact.time_zone, site_time_zone)


async def contacts_of(tx: Transaction, client_ids: Iterable[UUID]) -> dict[UUID, Contact]:
    """The details of those clients that are known."""
    rows = await tx.fetch(CONTACTS, list(set(client_ids)))
    return {
        row["client_id"]: Contact(row["channel"], row["email"], row["time_zone"]) for row in rows
    }
