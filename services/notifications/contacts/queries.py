"""How clients want to be reached."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications.timing.rules import zone_of
from shared.database import Transaction
from shared.merges import Records, pairs

Way = Literal["email", "sms", "voice", "log"]
OTHERS: tuple[Way, ...] = ("sms", "email")
"""The ways that take the place of one that does not lead to the client, in this order. Nobody is
called who did not ask for it."""

CONTACTS = """
SELECT DISTINCT ON (w.client_id)
  w.client_id, c.channel, c.email, c.time_zone, c.phone, c.preferred
FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS w (client_id, record, place)
JOIN contacts c ON c.client_id = w.record
ORDER BY w.client_id, c.changed_at DESC, w.place
"""
"""Of what was told of the records of a person the latest counts."""
HAVING_NUMBER = "SELECT client_id, site_id FROM contacts WHERE phone = $1 ORDER BY client_id"
HAVING_MAIL = """
SELECT client_id, site_id FROM contacts WHERE lower(email) = lower($1) ORDER BY client_id
"""
"""Row security lets no index serve this one, as `lower` may tell what it is given. It is asked
where mail is opted out of or comes back, which is seldom; numbers are asked for with each reply."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One client's details. Addresses stay out of the representation, and so out of any log."""

    channel: Literal["email", "log"]
    email: str | None = field(repr=False)
    time_zone: str | None
    phone: str | None = field(default=None, repr=False)
    preferred: Way | None = None

    @property
    def wanted(self) -> Way:
        """The way that the client asked for."""
        return self.preferred or self.channel

    @property
    def ways(self) -> list[Way]:
        """The ways with what they need, the wanted one first; only that one where it is none."""
        others = () if self.wanted == "log" else OTHERS
        ways: Sequence[Way] = (self.wanted, *(one for one in others if one != self.wanted))
        return [way for way in ways if way == "log" or self.address(way)]

    def address(self, way: str) -> str | None:
        """Where a message goes by `way`."""
        return {"email": self.email, "sms": self.phone, "voice": self.phone}.get(way)

    @property
    def can_be_reached(self) -> bool:
        """Whether any way has what it needs."""
        return bool(self.ways)


def zone_for(contact: Contact | None, site_time_zone: str) -> ZoneInfo:
    """The zone in which a client reads clocks: the one stated, else the site's."""
    return zone_of(None if contact is None else contact.time_zone, site_time_zone)


async def contacts_of(tx: Transaction, records: Records) -> dict[UUID, Contact]:
    """The details of those clients that are known."""
    rows = await tx.fetch(CONTACTS, *pairs(records))
    return {row["client_id"]: Contact(*list(row)[1:]) for row in rows}


async def clients_having(tx: Transaction, address: str) -> list[tuple[UUID, UUID]]:
    """The clients who have an address or a number, each with the site."""
    rows = await tx.fetch(HAVING_MAIL if "@" in address else HAVING_NUMBER, address)
    return [(row["client_id"], row["site_id"]) for row in rows]
