"""Primary therapists over HTTP."""

from typing import Annotated
from uuid import UUID

from services.scheduling.placement.schemas import ExplainedPlacement
from services.scheduling.therapists import commands
from services.scheduling.therapists.schemas import NewTherapist
from shared.access import Role
from shared.web import Allowed, Call, Router

router = Router(tags=["Therapists"])


@router.put("/placements/{placement_id}/therapist", summary="Change a client's primary therapist")
async def change_therapist(
    placement_id: UUID,
    body: NewTherapist,
    call: Annotated[Call, Allowed(Role.CLINICAL_LEAD, Role.SITE_MANAGER)],
) -> ExplainedPlacement:
    """Let a person of the site's staff be answerable for a client's treatment while the seat lasts;
    refused where the person's caseload is full. Needs the placement's ETag as If-Match."""
    return await call.update(commands.change_therapist, placement_id, body)
