"""Sites over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.scheduling.directory import commands, queries
from services.scheduling.directory.schemas import NewSite, Site
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Page, Paging, create, show

router = APIRouter(prefix="/sites", tags=["Sites"])

Reader = Annotated[Caller, Allowed(*EVERY_STAFF_ROLE, Role.SERVICE)]


@router.post(
    "", status_code=201, response_model=Site, operation_id="open_site", summary="Open a site"
)
async def open_site(
    body: NewSite,
    request: Request,
    caller: Annotated[Caller, Allowed(Role.REGIONAL_OPERATIONS)],
) -> Response:
    """Enter a site with its time zone. The caller's token must cover all sites."""
    return await create(
        request,
        caller,
        lambda tx: commands.open_site(tx, body),
        location=lambda made: f"/sites/{made.id}",
    )


@router.get("", response_model=Page[Site], operation_id="list_sites", summary="List sites")
async def list_sites(
    request: Request, caller: Reader, paging: Annotated[Paging, Depends()]
) -> Response:
    """The sites that the caller may see."""
    return await show(request, caller, lambda tx: queries.list_sites(tx, paging))


@router.get("/{site_id}", response_model=Site, operation_id="show_site", summary="Show a site")
async def show_site(site_id: UUID, request: Request, caller: Reader) -> Response:
    """One site and its time zone."""
    return await show(request, caller, lambda tx: queries.show_site(tx, site_id))
