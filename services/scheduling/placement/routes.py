"""Seats, the waitlist and its offers over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.scheduling.directory.routes import AtSite
from services.scheduling.placement import offers, placements, queries, schemas
from shared.access.roles import CLINICIANS, Role
from shared.web import Allowed, Call, CountedPage, Page, Paged, Reader, Router, SiteStaff
from shared.web.holders import OwnCall, by_link, own_routes
from shared.web.problems import refusals
from shared.web.writes import needs_if_match, of_one_client

OF_OFFERS = "Seats that are held for those who are asked: answered by staff or by link, or run out."
OF_THERAPISTS = "Who is answerable for a client's treatment, within the caseload of each."
router = Router(tags=["Placement"])
waiting = Router(tags=["Waiting list"], about=OF_OFFERS)
own = own_routes("Own seat offer", about=OF_OFFERS)
therapists = Router(tags=["Therapists"], about=OF_THERAPISTS)

OfFamily = Annotated[schemas.Family | None, Query(description="Only who waits for these cohorts.")]
AtThisSite = Annotated[UUID, Query(description="The site.")]
Placer = Annotated[Call, Allowed(*CLINICIANS, Role.SITE_MANAGER)]
Lead = Annotated[Call, Allowed(Role.CLINICAL_LEAD, Role.SITE_MANAGER)]
ByLink = Annotated[OwnCall, Depends(by_link(queries.OF_LINK))]
NOT_FITTING = "The cohort does not take the client any more"
NO_ANSWER = "The answer is none; `errors` says where"
NOT_TAKEN = refusals({409: NOT_FITTING, 422: NO_ANSWER})


@router.get("/placements", summary="List placements")
async def list_placements(
    call: Reader, asked: Annotated[schemas.AskedPlacements, Query()], paging: Paged
) -> CountedPage[schemas.Placement]:
    """Placements, ended ones included, each with why its cohort was chosen; the others that were
    considered are shown with the single one."""
    return await call.show(lambda tx: queries.list_placements(tx, paging, asked))


@router.get("/placements/preview", summary="Rank the cohorts for a client")
@of_one_client
async def preview_placement(
    client_id: Annotated[UUID, Query(description="Who enrolled.")], call: Reader
) -> schemas.PlacementPreview:
    """Every cohort in reach with a sentence and its criteria, as it would be ranked for the client
    now. Nothing is changed by it."""
    return await call.show(lambda tx: queries.preview_placement(tx, client_id))


@router.create("/placements/{placement_id}/confirm", summary="Confirm a proposed placement")
async def confirm_placement(
    placement_id: UUID, body: schemas.Confirmation, call: Placer
) -> schemas.ExplainedPlacement:
    """Give a client the seat that was proposed, or one in another cohort in reach. A rule that the
    cohort lacks can be set aside with a reason where the policy allows it."""
    confirm = placements.confirm_placement
    return await call.create(confirm, placement_id, body, location="/placements/{id}")


@router.get("/placements/{placement_id}", summary="Show a placement with its explanation")
@of_one_client
async def show_placement(placement_id: UUID, call: Reader) -> schemas.ExplainedPlacement:
    """One placement, why this cohort was chosen, and every other one in reach then."""
    return await call.show(lambda tx: queries.show_placement(tx, placement_id))


@router.get("/waitlist", summary="List clients who wait for a seat")
async def list_waiting_clients(
    call: Reader, paging: Paged, site_id: AtSite = None, family: OfFamily = None
) -> CountedPage[schemas.WaitingClient]:
    """Clients without a seat, with what each cohort lacked: priority populations first, then by
    clinical urgency and the time of enrolment, which is the order in which seats are given."""
    return await call.show(lambda tx: queries.list_waiting(tx, paging, site_id, family))


@waiting.get("/waitlist/figures", summary="Show how long people wait at a site")
async def show_waiting_figures(call: Reader, site_id: AtThisSite) -> schemas.WaitingFigures:
    """Who waits now, and of the last 90 days how long people waited and how offers ended."""
    return await call.show(lambda tx: queries.show_figures(tx, site_id))


@waiting.create("/seat-offers", summary="Offer a seat to somebody one chose")
async def open_seat_offer(
    body: schemas.NewSeatOffer, call: Annotated[Call, Allowed(Role.SITE_MANAGER)]
) -> schemas.SeatOffer:
    """Hold a seat for a client who waits. Before those who come first, with a reason only."""
    return await call.create(offers.offer_seat, body, call.subject, location="/seat-offers/{id}")


@waiting.get("/seat-offers", summary="List seat offers")
async def list_seat_offers(
    call: Reader, asked: Annotated[schemas.OffersAsked, Query()], paging: Paged
) -> Page[schemas.SeatOffer]:
    """Offers, the oldest first, each with why it did not go by the order, if so."""
    return await call.show(lambda tx: queries.list_offers(tx, paging, asked))


@waiting.get("/seat-offers/{offer_id}", summary="Show a seat offer")
@of_one_client
async def show_seat_offer(offer_id: UUID, call: Reader) -> schemas.SeatOffer:
    """One offer and how it ended; the ETag is needed to answer it."""
    return await call.show(lambda tx: queries.show_offer(tx, offer_id))


@waiting.post("/seat-offers/{offer_id}/accept", summary="Take a seat for the client")
@needs_if_match
async def record_seat_acceptance(offer_id: UUID, call: SiteStaff) -> schemas.SeatOffer:
    """The client said yes: the seat is given, and the client expected at the sessions to come."""
    return await call.update(offers.accept_offer, offer_id, call.subject)


@waiting.post("/seat-offers/{offer_id}/decline", summary="Let a seat go")
@needs_if_match
async def record_seat_refusal(
    offer_id: UUID, body: schemas.Decline, call: SiteStaff
) -> schemas.SeatOffer:
    """The client said no and goes on waiting; the seat goes to the next in line."""
    return await call.update(offers.decline_offer, offer_id, body, call.subject)


@waiting.post("/seat-offers/{offer_id}/link", summary="Make a link for the client's answer")
@needs_if_match
async def add_seat_offer_link(offer_id: UUID, call: SiteStaff) -> schemas.OfferLink:
    """An address to hand to the client, shown this once; the one before it ends."""
    return await call.update(offers.issue_link, offer_id)


@own.get("/seat-offer/own", summary="Show one's own offer")
async def show_own_seat_offer(call: ByLink) -> schemas.OwnOffer:
    """Until when a seat is held, by `Authorization: Link …`. Names nobody and no place."""
    return await call.show(lambda tx: queries.show_own_offer(tx, call.held_id))


@own.post("/seat-offer/own", summary="Answer one's own offer", responses=NOT_TAKEN)
async def decide_own_seat_offer(body: schemas.OwnAnswer, call: ByLink) -> schemas.OwnOffer:
    """Take the seat or let it go, by `Authorization: Link …`; the link ends with it."""
    return await call.answer(lambda tx: offers.answer_own_offer(tx, call.held_id, body))


@therapists.put(
    "/placements/{placement_id}/therapist", summary="Change a client's primary therapist"
)
async def change_therapist(
    placement_id: UUID, body: schemas.NewTherapist, call: Lead
) -> schemas.ExplainedPlacement:
    """Let a person of the site's staff be answerable for a client's treatment while the seat lasts;
    refused where the person's caseload is full. Needs the placement's ETag as If-Match."""
    return await call.update(placements.change_therapist, placement_id, body)
