"""Consents over HTTP."""

from typing import Annotated
from uuid import UUID

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
from shared.access import Role
from shared.access.roles import CLINICIANS, EVERY_STAFF_ROLE, SITE_STAFF
from shared.web import Allowed, Call, Page, Paged, Router, of_one_client
from shared.web.writes import needs_if_match

router = Router(tags=["Consents"])

Entering = Annotated[Call, Allowed(*SITE_STAFF)]
Reader = Annotated[Call, Allowed(*SITE_STAFF, Role.AUDITOR)]
FullReader = Annotated[Call, Allowed(*CLINICIANS, Role.SITE_MANAGER, Role.AUDITOR)]
Anybody = Annotated[Call, Allowed(*EVERY_STAFF_ROLE)]
PATH = "/clients/{client_id}/consents"


@router.get("/consent-forms", summary="List the forms of consent")
async def list_consent_forms(call: Anybody) -> list[FormText]:
    """Each version of each form in each language, with its text, its elements and its digest."""
    return [FormText.of(form, language) for form in forms().values() for language in form.languages]


@router.get("/consent-vocabulary", summary="List the words of consents")
async def list_consent_words(call: Anybody) -> Vocabulary:
    """The words for information, purposes, recipients and events, with their texts."""
    return vocabulary()


@router.post(PATH, status_code=201, summary="Record a signed consent")
async def record_consent(client_id: UUID, body: NewConsent, call: Entering) -> Consent:
    """Keep what the client signed. What lacks an element of its form is refused, and so is what
    combines forms. A new consent to treatment, for treatment, payment and operations, or to contact
    channels takes the place of the former one."""
    return await call.create(
        lambda tx: commands.grant_consent(tx, client_id, body, entered_by=call.subject),
        location=lambda made: f"/consents/{made.id}",
    )


@router.get(PATH, summary="List consents")
@of_one_client
async def list_consents(client_id: UUID, call: Reader, paging: Paged) -> Page[Consent]:
    """A client's consents with their states, oldest first, without whom they name."""
    return await call.show(lambda tx: queries.list_consents(tx, client_id, paging))


@router.get(f"{PATH}/in-force", summary="Show what is allowed now")
@of_one_client
async def show_consents_in_force(client_id: UUID, call: Reader) -> AllowedNow:
    """What the client's consents allow at this instant, by form, and how the client may be reached;
    without whom they name."""
    return await call.show(lambda tx: queries.show_allowed_now(tx, client_id))


@router.get("/consents/{consent_id}", summary="Show a consent in full")
@of_one_client
async def show_consent(consent_id: UUID, call: FullReader) -> ConsentInFull:
    """One consent with the text that was signed, its scope, whom it names, and how it ended."""
    return await call.show(lambda tx: queries.show_consent(tx, consent_id))


@router.post("/consents/{consent_id}/revocation", summary="Revoke a consent")
@needs_if_match
async def record_consent_revocation(
    consent_id: UUID, body: NewRevocation, call: Entering
) -> Consent:
    """The client took the consent back: it holds no more, from the arrival of the client's word
    on."""
    return await call.update(
        lambda tx, expected: commands.revoke_consent(
            tx, consent_id, expected, body, recorded_by=call.subject
        )
    )


@router.post(
    "/clients/{client_id}/consent-events",
    status_code=201,
    summary="Record an event that ends consents",
)
async def record_consent_event(
    client_id: UUID, body: NewConsentEvent, call: Entering
) -> ConsentEvent:
    """An event came, such as the final disposition of a case: consents that were given up to it
    expire."""
    return await call.create(
        lambda tx: commands.record_consent_event(tx, client_id, body, recorded_by=call.subject),
        location=lambda made: f"/clients/{client_id}/consents",
    )
