"""Wordings: in which words, and in which languages, a site asks the questions of an instrument."""

from typing import Annotated
from uuid import UUID

from services.intake.questionnaires import site_wordings
from services.intake.questionnaires.schemas import InstrumentId, Language, Version
from services.intake.questionnaires.wording_schemas import NewWording, SiteWording
from shared.access import Role
from shared.access.roles import SITE_STAFF
from shared.web import Allowed, Call, Router

router = Router(tags=["Wordings"])

PATH = "/sites/{site_id}/wordings/{instrument}/{version}/{language}"
SiteStaff = Annotated[Call, Allowed(*SITE_STAFF)]


@router.get(PATH, summary="Show a wording")
async def show_wording(
    site_id: UUID, instrument: InstrumentId, version: Version, language: Language, call: SiteStaff
) -> SiteWording:
    """The wording in force at a site: its own, else the one we ship, else none.

    The ETag is needed to change it; it is `"0"` where the site has none of its own.
    """
    return await call.show(
        lambda tx: site_wordings.show_wording(tx, site_id, instrument, version, language)
    )


@router.put(PATH, summary="Change a wording")
async def change_wording(
    site_id: UUID,
    instrument: InstrumentId,
    version: Version,
    language: Language,
    body: NewWording,
    call: Annotated[Call, Allowed(Role.CLINICAL_LEAD, Role.SITE_MANAGER)],
) -> SiteWording:
    """Let the site ask in its own words, from now on, with what allows it to. Plain text only."""
    return await call.update(
        lambda tx, expected: site_wordings.change_wording(
            tx, site_id, instrument, version, language, expected, body, changed_by=call.subject
        )
    )
