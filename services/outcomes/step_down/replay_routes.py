"""Comparing two versions of a policy over the past."""

from typing import Annotated
from uuid import UUID

from services.outcomes.step_down import replays
from services.outcomes.step_down.replay_schemas import NewReplay, Replay, ReplayedStay
from shared.access import Role
from shared.web import Allowed, Call, Page, Paged, Router

router = Router(prefix="/policy-replays", tags=["Recommendations"])

Comparing = Annotated[Call, Allowed(Role.CLINICAL_LEAD, Role.REGIONAL_OPERATIONS)]


@router.post("", status_code=201, summary="Compare two versions of a policy")
async def add_policy_replay(body: NewReplay, call: Comparing) -> Replay:
    """Hold both against every stay at their level, day by day, in the background. Nobody is
    recommended anything by it."""
    return await call.create(
        lambda tx: replays.request_replay(tx, body, by=call.subject),
        location=lambda made: f"/policy-replays/{made.id}",
    )


@router.get("/{replay_id}", summary="Show how far a comparison is and what it came to")
async def show_policy_replay(replay_id: UUID, call: Comparing) -> Replay:
    """Stays by kind, how much earlier or later, and how often clinicians agreed; counts below 11
    are told to the clinic only."""
    in_clinic = call.caller.role == Role.CLINICAL_LEAD
    return await call.show(
        lambda tx: replays.show_replay(tx, replay_id, by=call.subject, in_clinic=in_clinic)
    )


@router.get("/{replay_id}/stays", summary="List whom two versions recommend something")
async def list_replayed_stays(
    replay_id: UUID, call: Annotated[Call, Allowed(Role.CLINICAL_LEAD)], paging: Paged
) -> Page[ReplayedStay]:
    """Who, what and when by each version, and what a clinician decided."""
    return await call.show(lambda tx: replays.list_stays(tx, replay_id, paging, by=call.subject))
