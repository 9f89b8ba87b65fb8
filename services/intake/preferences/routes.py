"""Preferences over HTTP."""

from typing import Annotated
from uuid import UUID

from services.intake.preferences import commands, queries
from services.intake.preferences.policy import PreferencesVocabulary, vocabulary
from services.intake.preferences.schemas import Preferences, StatedPreferences
from shared.access.roles import EVERY_STAFF_ROLE, SITE_STAFF
from shared.web import Allowed, Call, Router, of_one_client

router = Router(tags=["Preferences"])

SiteStaff = Annotated[Call, Allowed(*SITE_STAFF)]
PATH = "/clients/{client_id}/preferences"


@router.get(PATH, summary="Show preferences and availability")
@of_one_client
async def show_preferences(client_id: UUID, call: SiteStaff) -> Preferences:
    """When and how the client can take part. Until something was stated, nothing with ETag "0"."""
    return await call.show(lambda tx: queries.show_preferences(tx, client_id))


@router.put(PATH, summary="State preferences and availability")
async def change_preferences(
    client_id: UUID, body: StatedPreferences, call: SiteStaff
) -> Preferences:
    """Replace when and how the client can take part. The first statement is made with ETag "0"."""
    return await call.update(
        lambda tx, expected: commands.change_preferences(
            tx, client_id, expected, body, changed_by=call.subject
        )
    )


@router.get("/preference-vocabulary", summary="List the words of preferences")
async def list_preference_words(
    call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE)],
) -> PreferencesVocabulary:
    """The words in which duties, ways to come, needs and courts are stated, with their texts."""
    return vocabulary()
