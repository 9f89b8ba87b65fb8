"""Likely duplicates and merges over HTTP."""

from typing import Annotated
from uuid import UUID

from services.intake.duplicates import commands, queries
from services.intake.duplicates.schemas import (
    ClientSearch,
    Distinction,
    LikelyDuplicates,
    Merge,
    MergeUndo,
    NewDistinction,
    NewMerge,
)
from shared.access import Role
from shared.access.roles import SITE_STAFF
from shared.web import Allowed, Call, Page, Paged, Router, of_one_client
from shared.web.writes import needs_if_match

router = Router(tags=["Duplicates"])

SiteStaff = Annotated[Call, Allowed(*SITE_STAFF)]
Merging = Annotated[Call, Allowed(Role.CLINICAL_LEAD, Role.SITE_MANAGER)]


@router.post("/client-searches", summary="Look for somebody before entering them")
async def list_clients_alike(body: ClientSearch, call: SiteStaff) -> LikelyDuplicates:
    """Clients of the caller's sites who are likely the person, with reasons. Nothing is stored of
    the person; that clients were shown is noted."""
    return await call.show(lambda tx: queries.search_clients(tx, body.person))


@router.get("/clients/{client_id}/likely-duplicates", summary="List likely duplicates of a client")
@of_one_client
async def list_likely_duplicates(client_id: UUID, call: SiteStaff) -> LikelyDuplicates:
    """Other clients who are likely the same person, the likeliest first, with what speaks for it
    and against it. Whoever was found to be somebody else is left out."""
    return await call.show(lambda tx: queries.likely_duplicates(tx, client_id, call.caller.sites))


@router.post("/client-merges", status_code=201, summary="Merge two clients")
async def merge_clients(body: NewMerge, call: Merging) -> Merge:
    """Let one client go on for two that are one person. Nothing is moved: what was entered for the
    other one stays with it, and an undo brings back what was before."""
    return await call.create(
        lambda tx: commands.merge_clients(tx, body, merged_by=call.subject),
        location=lambda made: f"/client-merges/{made.id}",
    )


@router.get("/client-merges/{merge_id}", summary="Show a merge")
async def show_merge(merge_id: UUID, call: SiteStaff) -> Merge:
    """One merge; the ETag is needed to undo it."""
    return await call.show(lambda tx: queries.show_merge(tx, merge_id))


@router.get("/clients/{client_id}/merges", summary="List a client's merges")
@of_one_client
async def list_merges(client_id: UUID, call: SiteStaff, paging: Paged) -> Page[Merge]:
    """The merges that the client took part in, also those that were undone, oldest first."""
    return await call.show(lambda tx: queries.merges_of(tx, client_id, paging))


@router.post("/client-merges/{merge_id}/undo", summary="Undo a merge")
@needs_if_match
async def undo_merge(merge_id: UUID, body: MergeUndo, call: Merging) -> Merge:
    """Let both clients stand for themselves again, exactly as they were."""
    return await call.update(
        lambda tx, expected: commands.undo_merge(
            tx, merge_id, expected, body, undone_by=call.subject
        )
    )


@router.post(
    "/client-distinctions", status_code=201, summary="Note that two clients are two people"
)
async def record_distinct_clients(body: NewDistinction, call: SiteStaff) -> Distinction:
    """Leave the two out of each other's likely duplicates from now on."""
    return await call.create(
        lambda tx: commands.distinguish_clients(tx, body, decided_by=call.subject),
        location=lambda made: f"/clients/{made.one.client_id}/likely-duplicates",
    )
