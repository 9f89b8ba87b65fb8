"""Follow-ups over HTTP, for staff and for clients by link."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.outcomes.episodes.schemas import AskedFor
from services.outcomes.follow_up import commands, queries, schemas
from shared.access import Role
from shared.access.roles import SITE_STAFF
from shared.web import Allowed, Call, Page, Paged, Router, needs_if_match, of_one_client
from shared.web.holders import OwnCall, by_link, own_routes
from shared.web.problems import refusals

NOT_TAKEN = refusals({422: "The answer is none; `errors` says where"})

router = Router(tags=["Follow-up"])
ByLink = Annotated[OwnCall, Depends(by_link(queries.OF_LINK))]
own_router = own_routes("Own follow-up")

Staff = Annotated[Call, Allowed(*SITE_STAFF)]
OrService = Annotated[Call, Allowed(*SITE_STAFF, Role.SERVICE)]


@router.get("/follow-ups", summary="List follow-ups")
async def list_follow_ups(
    call: Staff,
    paging: Paged,
    of: AskedFor,
    state: Annotated[schemas.State | None, Query(description="In one state only.")] = None,
) -> Page[schemas.FollowUp]:
    """Surveys after the end of stays, in the order in which they were planned."""
    return await call.show(lambda tx: queries.list_follow_ups(tx, paging, of, state))


@router.get("/follow-ups/{follow_up_id}", summary="Show a follow-up")
@of_one_client
async def show_follow_up(follow_up_id: UUID, call: OrService) -> schemas.FollowUp:
    """One survey and what was answered; the ETag is needed to change it."""
    return await call.show(lambda tx: queries.show_follow_up(tx, follow_up_id))


@router.post("/follow-ups/{follow_up_id}/answers", summary="Enter what a client answered")
@needs_if_match
async def enter_follow_up_answers(
    follow_up_id: UUID, body: schemas.Answers, call: Staff
) -> schemas.FollowUp:
    """What the client told a person of the staff. What was not asked is left out."""
    return await call.update(
        lambda tx, expected: commands.enter_answers(tx, follow_up_id, expected, body, call.subject)
    )


@router.post("/follow-ups/{follow_up_id}/closing", summary="Close a follow-up without answers")
@needs_if_match
async def close_follow_up(
    follow_up_id: UUID, body: schemas.FollowUpClosing, call: Staff
) -> schemas.FollowUp:
    """The client does not want to answer, died, or cannot be reached; how the client is stays
    unknown."""
    return await call.update(
        lambda tx, expected: commands.close(tx, follow_up_id, expected, body, call.subject)
    )


@router.post("/follow-ups/{follow_up_id}/link", summary="Make a link for the client's answers")
@needs_if_match
async def add_follow_up_link(follow_up_id: UUID, call: OrService) -> schemas.FollowUpLink:
    """An address to hand to the client, shown this once; the one before it ends."""
    return await call.update(lambda tx, expected: commands.issue_link(tx, follow_up_id, expected))


@own_router.get("/follow-up/own", summary="Show one's own survey")
async def show_own_follow_up(call: ByLink) -> schemas.OwnFollowUp:
    """The questions, by `Authorization: Link …`. Names nobody and no place."""
    return await call.show(lambda tx: queries.show_own(tx, call.held_id))


@own_router.post("/follow-up/own", summary="Answer one's own survey", responses=NOT_TAKEN)
async def enter_own_follow_up(body: schemas.Answers, call: ByLink) -> schemas.OwnFollowUp:
    """Answer by `Authorization: Link …`; the link ends with it."""
    return await call.answer(lambda tx: commands.answer_own(tx, call.held_id, body))
