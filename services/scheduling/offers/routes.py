"""Seat offers and waiting times over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.scheduling.offers import commands, queries, schemas
from shared.access import Role
from shared.web import (
    Allowed,
    Call,
    Page,
    Paged,
    Reader,
    Router,
    SiteStaff,
    needs_if_match,
    of_one_client,
)
from shared.web.holders import OwnCall, by_link, own_routes
from shared.web.problems import refusals

NOT_TAKEN = refusals(
    {
        409: "The cohort does not take the client any more",
        422: "The answer is none; `errors` says where",
    }
)

router = Router(tags=["Waiting list"])
ByLink = Annotated[OwnCall, Depends(by_link(queries.OF_LINK))]
own_router = own_routes("Own seat offer")


@router.get("/waitlist/figures", summary="Show how long people wait at a site")
async def show_waiting_figures(
    call: Reader, site_id: Annotated[UUID, Query(description="The site.")]
) -> schemas.WaitingFigures:
    """Who waits now, and of the last 90 days how long people waited and how offers ended."""
    return await call.show(lambda tx: queries.show_figures(tx, site_id))


@router.create("/seat-offers", summary="Offer a seat to somebody one chose")
async def open_seat_offer(
    body: schemas.NewSeatOffer, call: Annotated[Call, Allowed(Role.SITE_MANAGER)]
) -> schemas.SeatOffer:
    """Hold a seat for a client who waits. Before those who come first, with a reason only."""
    offer = commands.offer_seat
    return await call.create(offer, body, call.subject, location="/seat-offers/{id}")


@router.get("/seat-offers", summary="List seat offers")
async def list_seat_offers(
    call: Reader, asked: Annotated[schemas.OffersAsked, Query()], paging: Paged
) -> Page[schemas.SeatOffer]:
    """Offers, the oldest first, each with why it did not go by the order, if so."""
    return await call.show(lambda tx: queries.list_offers(tx, paging, asked))


@router.get("/seat-offers/{offer_id}", summary="Show a seat offer")
@of_one_client
async def show_seat_offer(offer_id: UUID, call: Reader) -> schemas.SeatOffer:
    """One offer and how it ended; the ETag is needed to answer it."""
    return await call.show(lambda tx: queries.show_offer(tx, offer_id))


@router.post("/seat-offers/{offer_id}/accept", summary="Take a seat for the client")
@needs_if_match
async def record_seat_acceptance(offer_id: UUID, call: SiteStaff) -> schemas.SeatOffer:
    """The client said yes: the seat is given, and the client expected at the sessions to come."""
    return await call.update(commands.accept_offer, offer_id, call.subject)


@router.post("/seat-offers/{offer_id}/decline", summary="Let a seat go")
@needs_if_match
async def record_seat_refusal(
    offer_id: UUID, body: schemas.Decline, call: SiteStaff
) -> schemas.SeatOffer:
    """The client said no and goes on waiting; the seat goes to the next in line."""
    return await call.update(commands.decline_offer, offer_id, body, call.subject)


@router.post("/seat-offers/{offer_id}/link", summary="Make a link for the client's answer")
@needs_if_match
async def add_seat_offer_link(offer_id: UUID, call: SiteStaff) -> schemas.OfferLink:
    """An address to hand to the client, shown this once; the one before it ends."""
    return await call.update(commands.issue_link, offer_id)


@own_router.get("/seat-offer/own", summary="Show one's own offer")
async def show_own_seat_offer(call: ByLink) -> schemas.OwnOffer:
    """Until when a seat is held, by `Authorization: Link …`. Names nobody and no place."""
    return await call.show(lambda tx: queries.show_own_offer(tx, call.held_id))


@own_router.post("/seat-offer/own", summary="Answer one's own offer", responses=NOT_TAKEN)
async def decide_own_seat_offer(body: schemas.OwnAnswer, call: ByLink) -> schemas.OwnOffer:
    """Take the seat or let it go, by `Authorization: Link …`; the link ends with it."""
    return await call.answer(lambda tx: commands.answer_own_offer(tx, call.held_id, body))
