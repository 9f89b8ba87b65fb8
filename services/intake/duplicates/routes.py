"""Likely duplicates and merges over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

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
from shared.access import Allowed, Caller, Role
from shared.web import Page, Paging, create, show, update
from shared.web.writes import needs_if_match

router = APIRouter(tags=["Duplicates"])

SiteStaff = Annotated[
    Caller,
    Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER),
]
Merging = Annotated[Caller, Allowed(Role.CLINICAL_LEAD, Role.SITE_MANAGER)]


@router.post(
    "/client-searches",
    response_model=LikelyDuplicates,
    operation_id="list_clients_alike",
    summary="Look for somebody before entering them",
)
async def list_clients_alike(body: ClientSearch, request: Request, caller: SiteStaff) -> Response:
    """Clients of the caller's sites who are likely the person, with reasons. Nothing is stored of
    the person; that clients were shown is noted."""
    return await show(request, caller, lambda tx: queries.search_clients(tx, body.person))


@router.get(
    "/clients/{client_id}/likely-duplicates",
    response_model=LikelyDuplicates,
    operation_id="list_likely_duplicates",
    summary="List likely duplicates of a client",
)
async def list_likely_duplicates(client_id: UUID, request: Request, caller: SiteStaff) -> Response:
    """Other clients who are likely the same person, the likeliest first, with what speaks for it
    and against it. Whoever was found to be somebody else is left out."""
    return await show(
        request, caller, lambda tx: queries.likely_duplicates(tx, client_id, caller.sites)
    )


@router.post(
    "/client-merges",
    status_code=201,
    response_model=Merge,
    operation_id="merge_clients",
    summary="Merge two clients",
)
async def merge_clients(body: NewMerge, request: Request, caller: Merging) -> Response:
    """Let one client go on for two that are one person. Nothing is moved: what was entered for the
    other one stays with it, and an undo brings back what was before."""
    return await create(
        request,
        caller,
        lambda tx: commands.merge_clients(tx, body, merged_by=caller.subject),
        location=lambda made: f"/client-merges/{made.id}",
    )


@router.get(
    "/client-merges/{merge_id}",
    response_model=Merge,
    operation_id="show_merge",
    summary="Show a merge",
)
async def show_merge(merge_id: UUID, request: Request, caller: SiteStaff) -> Response:
    """One merge; the ETag is needed to undo it."""
    return await show(request, caller, lambda tx: queries.show_merge(tx, merge_id))


@router.get(
    "/clients/{client_id}/merges",
    response_model=Page[Merge],
    operation_id="list_merges",
    summary="List a client's merges",
)
async def list_merges(
    client_id: UUID, request: Request, caller: SiteStaff, paging: Annotated[Paging, Depends()]
) -> Response:
    """The merges that the client took part in, also those that were undone, oldest first."""
    return await show(request, caller, lambda tx: queries.merges_of(tx, client_id, paging))


@router.post(
    "/client-merges/{merge_id}/undo",
    response_model=Merge,
    operation_id="undo_merge",
    summary="Undo a merge",
)
@needs_if_match
async def undo_merge(
    merge_id: UUID, body: MergeUndo, request: Request, caller: Merging
) -> Response:
    """Let both clients stand for themselves again, exactly as they were."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.undo_merge(
            tx, merge_id, expected, body, undone_by=caller.subject
        ),
    )


@router.post(
    "/client-distinctions",
    status_code=201,
    response_model=Distinction,
    operation_id="record_distinct_clients",
    summary="Note that two clients are two people",
)
async def record_distinct_clients(
    body: NewDistinction, request: Request, caller: SiteStaff
) -> Response:
    """Leave the two out of each other's likely duplicates from now on."""
    return await create(
        request,
        caller,
        lambda tx: commands.distinguish_clients(tx, body, decided_by=caller.subject),
        location=lambda made: f"/clients/{made.one.client_id}/likely-duplicates",
    )
