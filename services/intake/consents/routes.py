"""Consents over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake.consents import commands, queries
from services.intake.consents.answers import (
    AllowedNow,
    Consent,
    ConsentEvent,
    ConsentInFull,
    FormText,
)
from services.intake.consents.policy.forms import forms
from services.intake.consents.policy.vocabulary import Vocabulary, vocabulary
from services.intake.consents.schemas import NewConsent, NewConsentEvent, NewRevocation
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Page, Paging, create, show, update
from shared.web.writes import needs_if_match

router = APIRouter(tags=["Consents"])

Entering = Annotated[
    Caller,
    Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER),
]
Reader = Annotated[
    Caller,
    Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER, Role.AUDITOR),
]
FullReader = Annotated[
    Caller,
    Allowed(Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER, Role.AUDITOR),
]
Anybody = Annotated[Caller, Allowed(*EVERY_STAFF_ROLE)]
PATH = "/clients/{client_id}/consents"


@router.get(
    "/consent-forms",
    response_model=list[FormText],
    operation_id="list_consent_forms",
    summary="List the forms of consent",
)
async def list_forms(caller: Anybody) -> list[FormText]:
    """Each version of each form in each language, with its text, its elements and its digest."""
    return [FormText.of(form, language) for form in forms().values() for language in form.languages]


@router.get(
    "/consent-vocabulary",
    response_model=Vocabulary,
    operation_id="list_consent_words",
    summary="List the words of consents",
)
async def list_words(caller: Anybody) -> Vocabulary:
    """The words for information, purposes, recipients and events, with their texts."""
    return vocabulary()


@router.post(
    PATH,
    status_code=201,
    response_model=Consent,
    operation_id="record_consent",
    summary="Record a signed consent",
)
async def record_consent(
    client_id: UUID, body: NewConsent, request: Request, caller: Entering
) -> Response:
    """Keep what the client signed. What lacks an element of its form is refused, and so is what
    combines forms. A new consent to treatment, for treatment, payment and operations, or to contact
    channels takes the place of the former one."""
    return await create(
        request,
        caller,
        lambda tx: commands.grant_consent(tx, client_id, body, entered_by=caller.subject),
        location=lambda made: f"/consents/{made.id}",
    )


@router.get(
    PATH,
    response_model=Page[Consent],
    operation_id="list_consents",
    summary="List consents",
)
async def list_consents(
    client_id: UUID, request: Request, caller: Reader, paging: Annotated[Paging, Depends()]
) -> Response:
    """A client's consents with their states, oldest first, without whom they name."""
    return await show(request, caller, lambda tx: queries.list_consents(tx, client_id, paging))


@router.get(
    f"{PATH}/in-force",
    response_model=AllowedNow,
    operation_id="show_consents_in_force",
    summary="Show what is allowed now",
)
async def show_in_force(client_id: UUID, request: Request, caller: Reader) -> Response:
    """What the client's consents allow at this instant, by form, and how the client may be reached;
    without whom they name."""
    return await show(request, caller, lambda tx: queries.show_allowed_now(tx, client_id))


@router.get(
    "/consents/{consent_id}",
    response_model=ConsentInFull,
    operation_id="show_consent",
    summary="Show a consent in full",
)
async def show_consent(consent_id: UUID, request: Request, caller: FullReader) -> Response:
    """One consent with the text that was signed, its scope, whom it names, and how it ended."""
    return await show(request, caller, lambda tx: queries.show_consent(tx, consent_id))


@router.post(
    "/consents/{consent_id}/revocation",
    response_model=Consent,
    operation_id="record_consent_revocation",
    summary="Revoke a consent",
)
@needs_if_match
async def record_revocation(
    consent_id: UUID, body: NewRevocation, request: Request, caller: Entering
) -> Response:
    """The client took the consent back: it holds no more, from the arrival of the client's word
    on."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.revoke_consent(
            tx, consent_id, expected, body, recorded_by=caller.subject
        ),
    )


@router.post(
    "/clients/{client_id}/consent-events",
    status_code=201,
    response_model=ConsentEvent,
    operation_id="record_consent_event",
    summary="Record an event that ends consents",
)
async def record_event(
    client_id: UUID, body: NewConsentEvent, request: Request, caller: Entering
) -> Response:
    """An event came, such as the final disposition of a case: consents that were given up to it
    expire."""
    return await create(
        request,
        caller,
        lambda tx: commands.record_consent_event(tx, client_id, body, recorded_by=caller.subject),
        location=lambda made: f"/clients/{client_id}/consents",
    )
