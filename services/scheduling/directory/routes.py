"""Sites over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.scheduling.directory import commands, queries
from services.scheduling.directory.schemas import NewSite, Site
from shared.access import Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Allowed, Call, Page, Paging, Router

router = Router(prefix="/sites", tags=["Sites"])

Reader = Annotated[Call, Allowed(*EVERY_STAFF_ROLE, Role.SERVICE)]


@router.post("", status_code=201, summary="Open a site")
async def open_site(
    body: NewSite, call: Annotated[Call, Allowed(Role.REGIONAL_OPERATIONS)]
) -> Site:
    """Enter a site with its time zone. The caller's token must cover all sites."""
    return await call.create(
        lambda tx: commands.open_site(tx, body), location=lambda made: f"/sites/{made.id}"
    )


@router.get("", summary="List sites")
async def list_sites(call: Reader, paging: Annotated[Paging, Depends()]) -> Page[Site]:
    """The sites that the caller may see."""
    return await call.show(lambda tx: queries.list_sites(tx, paging))


@router.get("/{site_id}", summary="Show a site")
async def show_site(site_id: UUID, call: Reader) -> Site:
    """One site and its time zone."""
    return await call.show(lambda tx: queries.show_site(tx, site_id))
