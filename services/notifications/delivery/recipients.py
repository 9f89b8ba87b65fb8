"""What is known of clients right now that decides about messages to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.notifications.consents.queries import consents_of
from services.notifications.consents.rules import Consent, counting
from services.notifications.contacts.queries import Contact, Way, contacts_of, zone_for
from services.notifications.delivery.rules import Reach
from services.notifications.opt_outs.queries import stopped_of
from services.notifications.opt_outs.rules import Stopped, of_one_mailbox
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
        return self.stopped.get((way, of_one_mailbox(address))) if address else None

    def open_ways(self, refused: Collection[str] = ()) -> list[Way]:
        """The ways to the client, the one that was asked for first, but for those that were
        `refused`, where nothing goes, and that the client did not agree to."""
        if self.contact is None:
            return []
        agreed = counting(self.consents)

        def is_open(way: Way) -> bool:
            if way in refused or self.stopped_at(way) is not None:
                return False
            if way == "log" or agreed is None:
                return True
            return way in agreed.channels and (way != "voice" or agreed.voicemail != "none")

        return [way for way in self.contact.ways if is_open(way)]

    def way(self, refused: Collection[str] = ()) -> Way | None:
        """The way that a message takes. Where none is open the one that was asked for, whose rule
        then says why nothing goes; None before anything was heard of the client."""
        wanted = None if self.contact is None else self.contact.wanted
        return next(iter(self.open_ways(refused)), wanted)

    def needed(self, way: str) -> str | None:
        """What a consent has to name for a way: nothing leaves the house by the log, and a call
        that may not end on voicemail is named by none."""
        agreed = counting(self.consents)
        if way == "voice" and agreed is not None and agreed.voicemail == "none":
            return "voicemail"
        return None if way == "log" else way

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
