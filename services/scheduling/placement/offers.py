"""Answering seat offers, letting them run out, and choosing somebody who is not the next."""

from collections.abc import Iterable
from uuid import UUID

from services.scheduling.placement import schemas
from services.scheduling.placement.chart import Chart, lock_region, waiting_at
from services.scheduling.placement.commands import leave_waitlist, offer_seats
from services.scheduling.placement.policy import waiting_policy
from services.scheduling.placement.queries import show_offer, show_own_offer
from services.scheduling.placement.rules.values import Choice
from services.scheduling.placement.seats import end_offers, give_seats, make_offers
from shared.database import Transaction, at_all_sites, update
from shared.errors import Conflict, Invalid, NotFound, require_reason, require_version
from shared.web.links import LinkNotValid, digest, new_secret

WAITS = "SELECT site_id, enrolment_id FROM waitlist WHERE id = $1 AND left_at IS NULL"
ASK_AGAIN = "UPDATE waitlist SET offer_again_at = NULL WHERE enrolment_id = $1"
SITES_DUE = """
SELECT site_id FROM seat_offers WHERE ended_at IS NULL AND expires_at <= $1
UNION SELECT site_id FROM waitlist WHERE left_at IS NULL AND offer_again_at <= $1
ORDER BY site_id LIMIT 1
"""
OF_SITE = """
SELECT id FROM seat_offers WHERE site_id = $1 AND ended_at IS NULL AND expires_at <= $2
ORDER BY expires_at, id
"""
AGAIN_AT_SITE = """
UPDATE waitlist SET offer_again_at = NULL
WHERE site_id = $1 AND left_at IS NULL AND offer_again_at <= $2
"""


class OfferOver(Conflict, title="The seat is not held any more"):
    """It was answered, ran out, or the stay is over."""


class SeatNoLongerFits(Conflict):
    """The cohort does not take the client any more."""


class NoFittingSeat(Conflict):
    """The cohort has no free seat for this client."""


class AlreadyAsked(Conflict):
    """A seat is held for the client already."""


class JumpReasonNeeded(Invalid):
    """Somebody comes first in the order, so that a reason is to be given."""


class NobodyPassedOver(Invalid):
    """The client is next in the order: there is nothing to give a reason for."""


async def accept_offer(
    tx: Transaction, expected: int | None, offer_id: UUID, answered_by: str
) -> schemas.SeatOffer:
    """Give the client the seat that is held; publishes SeatAccepted, ClientPlaced and
    SessionScheduled for each session to come.

    Raises:
        NotFound: no such offer that the caller may see.
        StaleVersion: it changed since the caller read it.
        OfferOver: it is not open any more.
        SeatNoLongerFits: the cohort was changed meanwhile; nothing is answered then.
    """
    offer = await _lock(tx, expected, offer_id)
    async with at_all_sites(tx):  # the cohort may be at another site of the region
        await end_offers(tx, [offer.id], "accepted", answered_by=answered_by)
        await tx.execute(ASK_AGAIN, offer.enrolment_id)
        waiting = await waiting_at(tx, {offer.site_id: None})
        client = [one for one in waiting if one.enrolment_id == offer.enrolment_id]
        chart = await Chart.of(tx, [offer.site_id], only=offer.cohort_id)
        chosen = await give_seats(tx, chart, client, confirmed=True)
        if not chosen or chosen[0][1].cohort is None:
            raise SeatNoLongerFits(_lacking(choice for _, choice in chosen))
        await leave_waitlist(tx, [offer.enrolment_id])
    return await show_offer(tx, offer_id)


async def decline_offer(
    tx: Transaction, expected: int | None, offer_id: UUID, answer: schemas.Decline, answered_by: str
) -> schemas.SeatOffer:
    """Let the seat go to the next in line; publishes SeatDeclined, and SeatOffered for the next.

    Raises:
        NotFound, StaleVersion, OfferOver: as for `accept_offer`.
        UnknownReason: none of the policy's.
    """
    offer = await _lock(tx, expected, offer_id)
    require_reason(answer.reason, waiting_policy(offer.site_id).decline_reasons, "/reason")
    async with at_all_sites(tx):
        seat_at = await tx.fetchval("SELECT site_id FROM cohorts WHERE id = $1", offer.cohort_id)
        await lock_region(tx, [seat_at])
        await end_offers(tx, [offer.id], "declined", answered_by=answered_by, reason=answer.reason)
        await offer_seats(tx, {seat_at: None})
    return await show_offer(tx, offer_id)


async def answer_own_offer(
    tx: Transaction, offer_id: UUID, own: schemas.OwnAnswer
) -> schemas.OwnOffer:
    """What the client answers by link.

    Raises:
        LinkNotValid: the offer is over.
        SeatNoLongerFits: as for `accept_offer`.
    """
    by = f"link:{offer_id}"
    try:
        if own.answer == "accept":
            await accept_offer(tx, None, offer_id, by)
        else:
            await decline_offer(tx, None, offer_id, schemas.Decline(), by)
    except (OfferOver, NotFound):
        raise LinkNotValid from None
    except SeatNoLongerFits:  # whoever holds the link learns nothing of the client or the program
        raise SeatNoLongerFits("This cannot be answered here any more: please call.") from None
    return await show_own_offer(tx, offer_id)


async def issue_link(tx: Transaction, expected: int, offer_id: UUID) -> schemas.OfferLink:
    """A link by which the client can answer; the one before it ends.

    Raises:
        NotFound, StaleVersion, OfferOver: as for `accept_offer`.
    """
    offer = await _lock(tx, expected, offer_id)
    secret = new_secret()
    await tx.execute(*update("seat_offers", {"link_hash": digest(secret)}, where={"id": offer.id}))
    address = f"{waiting_policy(offer.site_id).page_address}#{secret}"
    link = {"address": address, "valid_until": offer.expires_at, "version": offer.version + 1}
    return schemas.OfferLink(**{**dict(offer), **link}, offer_id=offer.id)


async def offer_seat(tx: Transaction, new: schemas.NewSeatOffer, by: str) -> schemas.SeatOffer:
    """Hold a seat for a client whom a person chose; publishes SeatOffered.

    Who comes first in the order, would fit the cohort and is neither asked nor passed over for a
    while is counted, and a reason is needed then.

    Raises:
        NotFound: nobody waits under this id.
        AlreadyAsked, NoFittingSeat: no seat can be held.
        JumpReasonNeeded, NobodyPassedOver, UnknownReason: with a pointer.
    """
    row = await tx.fetchrow(WAITS, new.waiting_id)
    if row is None:
        raise NotFound("Nobody waits under this id.", pointer="/waiting_id")
    site_id, enrolment_id = row["site_id"], row["enrolment_id"]
    await lock_region(tx, [site_id])
    await tx.execute(ASK_AGAIN, enrolment_id)
    in_turn = sorted(await waiting_at(tx, {site_id: None}), key=lambda one: one.turn)
    place = next((n for n, one in enumerate(in_turn) if one.enrolment_id == enrolment_id), None)
    if place is None:
        raise AlreadyAsked("A seat is held for this client already.", pointer="/waiting_id")
    chart = await Chart.of(tx, [site_id], only=new.cohort_id)
    *before, (client, choice) = await chart.choose(tx, in_turn[: place + 1], take=False)
    if choice.cohort is None:
        raise NoFittingSeat(_lacking([choice]), pointer="/cohort_id")
    passed_over = sum(one.cohort is not None for _, one in before)
    require_reason(new.reason, waiting_policy(site_id).jump_reasons, "/reason")
    if passed_over and new.reason is None:
        words = f"{passed_over} come first in the order and would fit: say why."
        raise JumpReasonNeeded(words, pointer="/reason")
    if not passed_over and new.reason is not None:
        raise NobodyPassedOver("The client is next: leave the reason out.", pointer="/reason")
    by_hand = {"offered_by": by, "passed_over": passed_over, "jump_reason": new.reason}
    (offer_id,) = await make_offers(tx, [(client, choice)], **by_hand)
    return await show_offer(tx, offer_id)


async def let_run_out(tx: Transaction) -> int:
    """End the offers of one site's clients whose time is over, and offer free seats there and where
    these are to who is next; whoever was passed over for long enough is asked again. How many sites
    that were.

    Publishes SeatOfferExpired, and SeatOffered for the next.
    """
    site_id = await tx.fetchval(SITES_DUE, tx.now)
    if site_id is None:
        return 0
    await lock_region(tx, [site_id])
    over = [row["id"] for row in await tx.fetch(OF_SITE, site_id, tx.now)]
    ended = await end_offers(tx, over, "expired")
    await tx.execute(AGAIN_AT_SITE, site_id, tx.now)
    await offer_seats(tx, dict.fromkeys((site_id, *(row["seat_at"] for row in ended))))
    return 1


async def _lock(tx: Transaction, expected: int | None, offer_id: UUID) -> schemas.SeatOffer:
    """The offer, with its site locked, while it is open."""
    await lock_region(tx, [(await show_offer(tx, offer_id)).site_id])
    offer = await show_offer(tx, offer_id)
    if expected is not None:
        require_version(offer.version, expected)
    if offer.state != "open" or offer.expires_at <= tx.now:
        raise OfferOver("It was answered, has run out, or the stay is over.")
    return offer


def _lacking(choices: Iterable[Choice]) -> str:
    """Which rules are against it, in words."""
    unmet = [line for choice in choices for line in choice.criteria if not line.met]
    told = "; ".join(f"{c.name}: {c.observed}, required {c.required}" for c in unmet)
    return f"The cohort does not take this client: {told or 'the client waits no more'}."
