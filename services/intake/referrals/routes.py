"""Referrals and clients over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

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
from shared.access import Allowed, Caller, Role
from shared.contracts.intake import ReferralState
from shared.web import Page, Paging, create, show, update
from shared.web.writes import needs_if_match

router = APIRouter(tags=["Clients"])

SiteStaff = Annotated[
    Caller,
    Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER),
]


@router.post(
    "/referrals",
    status_code=201,
    response_model=Referral,
    operation_id="receive_referral",
    summary="Receive a referral",
)
async def receive_referral(body: NewReferral, request: Request, caller: SiteStaff) -> Response:
    """Take a referred person as a client of the site. Their data stay in this service."""
    return await create(
        request,
        caller,
        lambda tx: receiving.receive_referral(tx, body),
        location=lambda made: f"/referrals/{made.id}",
    )


@router.get(
    "/referrals",
    response_model=Page[Referral],
    operation_id="list_referrals",
    summary="List referrals, by default those under way",
)
async def list_referrals(
    request: Request,
    caller: SiteStaff,
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Referrals to one site only.")] = None,
    state: Annotated[
        ReferralState | None,
        Query(description="In this state; absent for all that have not ended."),
    ] = None,
) -> Response:
    """Referrals that have not ended, or those in one state, oldest first: the work of those who
    reach people. How many there are, and whose time runs out, is told by `/referral-counts`."""
    return await show(
        request, caller, lambda tx: queries.list_referrals(tx, paging, site_id, state)
    )


@router.post(
    "/clients/{client_id}/referrals",
    status_code=201,
    response_model=Referral,
    operation_id="receive_further_referral",
    summary="Receive a referral of a client",
)
async def receive_further_referral(
    client_id: UUID, body: FurtherReferral, request: Request, caller: SiteStaff
) -> Response:
    """Take a referral of somebody whose former referrals have ended; one at a time is open."""
    return await create(
        request,
        caller,
        lambda tx: receiving.refer_again(tx, client_id, body),
        location=lambda made: f"/referrals/{made.id}",
    )


@router.get(
    "/clients/{client_id}/referrals",
    response_model=Page[Referral],
    operation_id="list_referrals_of_client",
    summary="List a client's referrals",
)
async def list_referrals_of_client(
    client_id: UUID, request: Request, caller: SiteStaff, paging: Annotated[Paging, Depends()]
) -> Response:
    """All referrals of a client, oldest first."""
    return await show(request, caller, lambda tx: queries.referrals_of(tx, client_id, paging))


@router.post(
    "/referrals/{referral_id}/state",
    response_model=Referral,
    operation_id="change_referral_state",
    summary="Say what became of a referral",
)
@needs_if_match
async def change_referral_state(
    referral_id: UUID, body: ReferralStateChange, request: Request, caller: SiteStaff
) -> Response:
    """Note that the person was reached, or that it ended without an enrolment, and why."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.change_referral_state(tx, referral_id, expected, body),
    )


@router.put(
    "/referrals/{referral_id}/details",
    response_model=Referral,
    operation_id="change_referral_details",
    summary="Change what the referrer tells",
)
async def change_referral_details(
    referral_id: UUID, body: ReferralDetails, request: Request, caller: SiteStaff
) -> Response:
    """Replace the details, such as a planned discharge that was moved; the clock follows it."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.change_referral_details(tx, referral_id, expected, body),
    )


@router.get(
    "/referrals/{referral_id}",
    response_model=Referral,
    operation_id="show_referral",
    summary="Show a referral",
)
async def show_referral(referral_id: UUID, request: Request, caller: SiteStaff) -> Response:
    """One referral, without the person's data."""
    return await show(request, caller, lambda tx: queries.show_referral(tx, referral_id))


@router.get(
    "/clients", response_model=Page[Client], operation_id="list_clients", summary="List clients"
)
async def list_clients(
    request: Request,
    caller: SiteStaff,
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Clients of one site only.")] = None,
    merged: Annotated[bool, Query(description="Also those merged into another one.")] = False,
) -> Response:
    """Clients of the caller's sites, oldest first."""
    return await show(
        request, caller, lambda tx: queries.list_clients(tx, paging, site_id, merged=merged)
    )


@router.post(
    "/client-name-searches",
    response_model=Page[Client],
    operation_id="list_clients_by_name",
    summary="List clients by name",
)
async def list_clients_by_name(body: NameSearch, request: Request, caller: SiteStaff) -> Response:
    """Clients of the caller's sites by their family name, or their only one, as it begins. Case,
    marks and blanks make no difference. Nothing is stored of the search; that clients were shown is
    noted. Somebody who may be written otherwise is looked for by `/client-searches`."""
    return await show(request, caller, lambda tx: queries.list_by_name(tx, body))


@router.get(
    "/clients/{client_id}",
    response_model=Client,
    operation_id="show_client",
    summary="Show a client",
)
async def show_client(client_id: UUID, request: Request, caller: SiteStaff) -> Response:
    """One client, with the person's data."""
    return await show(request, caller, lambda tx: queries.show_client(tx, client_id))


@router.put(
    "/clients/{client_id}/identity",
    response_model=Client,
    operation_id="correct_identity",
    summary="Correct who a client is",
)
async def correct_identity(
    client_id: UUID, body: Identity, request: Request, caller: SiteStaff
) -> Response:
    """Correct name, birth date or sex at birth; the ETag is that of the client. What was known
    before is kept, and likely duplicates are looked for anew."""
    return await update(
        request,
        caller,
        lambda tx, expected: identity.correct_identity(
            tx, client_id, expected, body, corrected_by=caller.subject
        ),
    )


@router.get(
    "/clients/{client_id}/identity-corrections",
    response_model=Page[IdentityCorrection],
    operation_id="list_identity_corrections",
    summary="List corrections of who a client is",
)
async def list_identity_corrections(
    client_id: UUID, request: Request, caller: SiteStaff, paging: Annotated[Paging, Depends()]
) -> Response:
    """What was known of the client before each correction, oldest first."""
    return await show(
        request, caller, lambda tx: queries.list_identity_corrections(tx, client_id, paging)
    )


@router.get(
    "/clients/{client_id}/contact",
    response_model=Contact,
    operation_id="show_contact",
    summary="Show contact details",
)
async def show_contact(client_id: UUID, request: Request, caller: SiteStaff) -> Response:
    """How the client wants to be reached; the ETag is needed to change it."""
    return await show(request, caller, lambda tx: queries.show_contact(tx, client_id))


@router.put(
    "/clients/{client_id}/contact",
    response_model=Contact,
    operation_id="change_contact",
    summary="Change contact details",
)
async def change_contact(
    client_id: UUID, body: ContactDetails, request: Request, caller: SiteStaff
) -> Response:
    """Replace how the client wants to be reached."""
    return await update(
        request, caller, lambda tx, expected: commands.change_contact(tx, client_id, expected, body)
    )
