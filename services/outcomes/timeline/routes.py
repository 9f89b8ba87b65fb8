"""What happened to a client, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.outcomes.timeline import queries
from services.outcomes.timeline.schemas import Happened
from shared.access.roles import CLINICIANS
from shared.web import Allowed, Call, Earlier, Router, Timeline, of_one_client

router = Router(tags=["Timeline"])


@router.get("/clients/{client_id}/timeline", summary="Show what happened to a client, newest first")
@of_one_client
async def show_timeline(
    client_id: UUID,
    call: Annotated[Call, Allowed(*CLINICIANS)],
    part: Annotated[Earlier, Depends()],
) -> Timeline[Happened]:
    """Referrals, stays, scores, sessions, recommendations and decisions, goals, risks and reports
    of all records of the person, by when they happened; recommendations with every criterion."""
    return await call.show(lambda tx: queries.show_timeline(tx, client_id, part))
