"""Preferences over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.intake.preferences import commands, queries
from services.intake.preferences.policy import PreferencesVocabulary, vocabulary
from services.intake.preferences.schemas import Preferences, StatedPreferences
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import show, update

router = APIRouter(tags=["Preferences"])

SiteStaff = Annotated[
    Caller,
    Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER),
]
PATH = "/clients/{client_id}/preferences"


@router.get(
    PATH,
    response_model=Preferences,
    operation_id="show_preferences",
    summary="Show preferences and availability",
)
async def show_preferences(client_id: UUID, request: Request, caller: SiteStaff) -> Response:
    """When and how the client can take part. Until something was stated, nothing with ETag "0"."""
    return await show(request, caller, lambda tx: queries.show_preferences(tx, client_id))


@router.put(
    PATH,
    response_model=Preferences,
    operation_id="change_preferences",
    summary="State preferences and availability",
)
async def change_preferences(
    client_id: UUID, body: StatedPreferences, request: Request, caller: SiteStaff
) -> Response:
    """Replace when and how the client can take part. The first statement is made with ETag "0"."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.change_preferences(
            tx, client_id, expected, body, changed_by=caller.subject
        ),
    )


@router.get(
    "/preference-vocabulary",
    response_model=PreferencesVocabulary,
    operation_id="list_preference_words",
    summary="List the words of preferences",
)
async def list_words(
    caller: Annotated[Caller, Allowed(*EVERY_STAFF_ROLE)],
) -> PreferencesVocabulary:
    """The words in which duties, ways to come, needs and courts are stated, with their texts."""
    return vocabulary()
