"""What is known of clients right now that decides about messages to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.notifications.consents.queries import consents_of
from services.notifications.consents.rules import Consent
from services.notifications.contacts.queries import Contact, contacts_of, zone_for
from services.notifications.delivery.rules import Reach
from services.notifications.opt_outs.queries import stopped_of
from services.notifications.opt_outs.rules import Stopped
from services.notifications.stays.queries import stays_of
from services.notifications.stays.rules import Standing
from services.notifications.texts.queries import languages_of
from shared.database import Transaction
from shared.merges import Records


@dataclass(frozen=True, slots=True)
class Recipient:
    """A client, as far as messages need it."""

    contact: Contact | None
    consents: Sequence[Consent]
    stays: Mapping[UUID, Standing]
    language: str | None
    """That the client reads, as a BCP 47 tag; None where it was not stated."""
    stopped: Mapping[tuple[str, str], Stopped] = field(repr=False)
    """Of the addresses of the contact those to which nothing goes, by channel."""

    def stopped_at(self, way: str) -> Stopped | None:
        """Why nothing goes to the client's address of a way."""
        address = None if self.contact is None else self.contact.address(way)
        return self.stopped.get((way, address)) if address else None

    def reach(self, site_time_zone: str) -> Reach:
        """What is known of how to reach the client."""
        return Reach(
            known=self.contact is not None,
            reachable=self.contact is not None and self.contact.can_be_reached,
            zone=zone_for(self.contact, site_time_zone),
        )


async def recipients_of(tx: Transaction, records: Records) -> dict[UUID, Recipient]:
    """The clients, those too of whom nothing is known."""
    contacts = await contacts_of(tx, records)
    consents = await consents_of(tx, records)
    stays = await stays_of(tx, records)
    languages = await languages_of(tx, records)
    addresses = [one for c in contacts.values() for one in (c.email, c.phone) if one]
    stopped = await stopped_of(tx, addresses)
    return {
        one: Recipient(
            contacts.get(one),
            consents.get(one, ()),
            stays.get(one, {}),
            languages.get(one),
            stopped,
        )
        for one in records
    }
