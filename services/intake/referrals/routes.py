"""Referrals and clients over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.intake.referrals import commands, identity, queries, receiving
from services.intake.referrals.schemas import (
    Client,
    Contact,
    ContactDetails,
    FurtherReferral,
    Identity,
    IdentityCorrection,
    NameSearch,
    NewReferral,
    Referral,
    ReferralDetails,
    ReferralStateChange,
)
from shared.access.roles import SITE_STAFF
from shared.contracts.intake import ReferralState
from shared.web import Allowed, Call, Page, Paged, Router, of_one_client
from shared.web.writes import needs_if_match

router = Router(tags=["Clients"])

SiteStaff = Annotated[Call, Allowed(*SITE_STAFF)]


@router.post("/referrals", status_code=201, summary="Receive a referral")
async def receive_referral(body: NewReferral, call: SiteStaff) -> Referral:
    """Take a referred person as a client of the site. Their data stay in this service."""
    return await call.create(
        lambda tx: receiving.receive_referral(tx, body),
        location=lambda made: f"/referrals/{made.id}",
    )


@router.get("/referrals", summary="List referrals, by default those under way")
async def list_referrals(
    call: SiteStaff,
    paging: Paged,
    site_id: Annotated[UUID | None, Query(description="Referrals to one site only.")] = None,
    state: Annotated[
        ReferralState | None,
        Query(description="In this state; absent for all that have not ended."),
    ] = None,
) -> Page[Referral]:
    """Referrals that have not ended, or those in one state, oldest first: the work of those who
    reach people. How many there are, and whose time runs out, is told by `/referral-counts`."""
    return await call.show(lambda tx: queries.list_referrals(tx, paging, site_id, state))


@router.post(
    "/clients/{client_id}/referrals", status_code=201, summary="Receive a referral of a client"
)
async def receive_further_referral(
    client_id: UUID, body: FurtherReferral, call: SiteStaff
) -> Referral:
    """Take a referral of somebody whose former referrals have ended; one at a time is open."""
    return await call.create(
        lambda tx: receiving.refer_again(tx, client_id, body),
        location=lambda made: f"/referrals/{made.id}",
    )


@router.get("/clients/{client_id}/referrals", summary="List a client's referrals")
@of_one_client
async def list_referrals_of_client(
    client_id: UUID, call: SiteStaff, paging: Paged
) -> Page[Referral]:
    """All referrals of a client, oldest first."""
    return await call.show(lambda tx: queries.referrals_of(tx, client_id, paging))


@router.post("/referrals/{referral_id}/state", summary="Say what became of a referral")
@needs_if_match
async def change_referral_state(
    referral_id: UUID, body: ReferralStateChange, call: SiteStaff
) -> Referral:
    """Note that the person was reached, or that it ended without an enrolment, and why."""
    return await call.update(
        lambda tx, expected: commands.change_referral_state(tx, referral_id, expected, body)
    )


@router.put("/referrals/{referral_id}/details", summary="Change what the referrer tells")
async def change_referral_details(
    referral_id: UUID, body: ReferralDetails, call: SiteStaff
) -> Referral:
    """Replace the details, such as a planned discharge that was moved; the clock follows it."""
    return await call.update(
        lambda tx, expected: commands.change_referral_details(tx, referral_id, expected, body)
    )


@router.get("/referrals/{referral_id}", summary="Show a referral")
@of_one_client
async def show_referral(referral_id: UUID, call: SiteStaff) -> Referral:
    """One referral, without the person's data."""
    return await call.show(lambda tx: queries.show_referral(tx, referral_id))


@router.get("/clients", summary="List clients")
async def list_clients(
    call: SiteStaff,
    paging: Paged,
    site_id: Annotated[UUID | None, Query(description="Clients of one site only.")] = None,
    merged: Annotated[bool, Query(description="Also those merged into another one.")] = False,
    client_id: Annotated[
        tuple[UUID, ...],
        Query(max_length=200, description="Just these, merged or not; may be given 200 times."),
    ] = (),
) -> Page[Client]:
    """Clients of the caller's sites, oldest first."""
    return await call.show(
        lambda tx: queries.list_clients(tx, paging, site_id, merged=merged, ids=client_id)
    )


@router.post("/client-name-searches", summary="List clients by name")
async def list_clients_by_name(body: NameSearch, call: SiteStaff) -> Page[Client]:
    """Clients of the caller's sites by their family name, or their only one, as it begins. Case,
    marks and blanks make no difference. Nothing is stored of the search; that clients were shown is
    noted. Somebody who may be written otherwise is looked for by `/client-searches`."""
    return await call.show(lambda tx: queries.list_by_name(tx, body))


@router.get("/clients/{client_id}", summary="Show a client")
@of_one_client
async def show_client(client_id: UUID, call: SiteStaff) -> Client:
    """One client, with the person's data."""
    return await call.show(lambda tx: queries.show_client(tx, client_id))


@router.put("/clients/{client_id}/identity", summary="Correct who a client is")
async def correct_identity(client_id: UUID, body: Identity, call: SiteStaff) -> Client:
    """Correct name, birth date or sex at birth; the ETag is that of the client. What was known
    before is kept, and likely duplicates are looked for anew."""
    return await call.update(
        lambda tx, expected: identity.correct_identity(
            tx, client_id, expected, body, corrected_by=call.subject
        )
    )


@router.get(
    "/clients/{client_id}/identity-corrections", summary="List corrections of who a client is"
)
@of_one_client
async def list_identity_corrections(
    client_id: UUID, call: SiteStaff, paging: Paged
) -> Page[IdentityCorrection]:
    """What was known of the client before each correction, oldest first."""
    return await call.show(lambda tx: queries.list_identity_corrections(tx, client_id, paging))


@router.get("/clients/{client_id}/contact", summary="Show contact details")
@of_one_client
async def show_contact(client_id: UUID, call: SiteStaff) -> Contact:
    """How the client wants to be reached; the ETag is needed to change it."""
    return await call.show(lambda tx: queries.show_contact(tx, client_id))


@router.put("/clients/{client_id}/contact", summary="Change contact details")
async def change_contact(client_id: UUID, body: ContactDetails, call: SiteStaff) -> Contact:
    """Replace how the client wants to be reached."""
    return await call.update(
        lambda tx, expected: commands.change_contact(tx, client_id, expected, body)
    )
