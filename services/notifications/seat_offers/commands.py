"""Telling clients that a seat is held for them, until it is answered."""

from collections.abc import Iterable, Sequence

from services.notifications.contacts.queries import contacts_of, zone_for
from services.notifications.delivery.commands import (
    PlannedMessage,
    cancel_messages,
    plan_messages,
)
from services.notifications.timing.policy import timing_policy
from services.notifications.timing.rules import next_open
from shared.calendar import day_at
from shared.contracts.scheduling import SeatOffered, SeatOfferEvent
from shared.database import Transaction


async def tell_offers(tx: Transaction, offered: Sequence[tuple[SeatOffered, str | None]]) -> None:
    """Tell each client at once, or when quiet hours end; the second of a pair is the trace.

    The message is filed under the id of the offer in place of a session's, and says until when the
    seat is held; from then on it is of no use.
    """
    contacts = await contacts_of(tx, (offer.client_id for offer, _ in offered))
    messages = []
    for offer, traceparent in offered:
        zone = zone_for(contacts.get(offer.client_id), offer.time_zone)
        opens = next_open(tx.now, zone, timing_policy(offer.site_id).hours)
        due_at = min(opens, offer.expires_at)
        messages.append(
            PlannedMessage(
                site_id=offer.site_id,
                client_id=offer.client_id,
                enrolment_id=offer.enrolment_id,
                session_id=offer.offer_id,
                session_starts_at=offer.expires_at,
                site_time_zone=offer.time_zone,
                due_at=due_at,
                due_on=day_at(due_at, offer.time_zone),
                expires_at=offer.expires_at,
                traceparent=traceparent,
            )
        )
    await plan_messages(tx, "seat_offer", messages)


async def stop_telling(tx: Transaction, over: Iterable[SeatOfferEvent]) -> None:
    """The offers are over: what is still planned about them is cancelled."""
    await cancel_messages(tx, "seat_offer", ((one.client_id, one.offer_id) for one in over))
