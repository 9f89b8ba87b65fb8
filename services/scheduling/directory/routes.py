"""Regions and sites over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.directory import commands, queries, schemas
from shared.access import Role
from shared.web import Allowed, Call, Page, Paged, Reader, Router

router = Router(tags=["Sites"])

AtSite = Annotated[UUID | None, Query(description="Only at this site.")]
Manager = Annotated[Call, Allowed(Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS)]
Everywhere = Annotated[Call, Allowed(Role.REGIONAL_OPERATIONS, everywhere=True)]


@router.create("/regions", summary="Open a region")
async def open_region(body: schemas.NewRegion, call: Everywhere) -> schemas.Region:
    """Enter a region, to which sites can belong. The caller's token must cover all sites."""
    return await call.create(commands.open_region, body, location="/regions/{id}")


@router.get("/regions", summary="List regions")
async def list_regions(call: Reader, paging: Paged) -> Page[schemas.Region]:
    """The regions, oldest first; which sites belong to one, `GET /sites?region_id=` says."""
    return await call.show(lambda tx: queries.list_regions(tx, paging))


@router.get("/regions/{region_id}", summary="Show a region")
async def show_region(region_id: UUID, call: Reader) -> schemas.Region:
    """One region and its name."""
    return await call.show(lambda tx: queries.show_region(tx, region_id))


@router.put("/regions/{region_id}", summary="Change a region")
async def change_region(
    region_id: UUID, body: schemas.NewRegion, call: Everywhere
) -> schemas.Region:
    """Give a region another name. The caller's token must cover all sites."""
    return await call.update(commands.change_region, region_id, body)


@router.create("/sites", summary="Open a site")
async def open_site(
    body: schemas.NewSite, call: Annotated[Call, Allowed(Role.REGIONAL_OPERATIONS)]
) -> schemas.Site:
    """Enter a site with its time zone. The caller's token must cover all sites."""
    return await call.create(commands.open_site, body, location="/sites/{id}")


@router.get("/sites", summary="List sites")
async def list_sites(
    call: Reader,
    paging: Paged,
    region_id: Annotated[UUID | None, Query(description="Only of this region.")] = None,
) -> Page[schemas.Site]:
    """The sites that the caller may see."""
    return await call.show(lambda tx: queries.list_sites(tx, paging, region_id))


@router.get("/sites/{site_id}", summary="Show a site")
async def show_site(site_id: UUID, call: Reader) -> schemas.Site:
    """One site, its time zone and its place."""
    return await call.show(lambda tx: queries.show_site(tx, site_id))


@router.put("/sites/{site_id}", summary="Change a site")
async def change_site(site_id: UUID, body: schemas.NewSite, call: Manager) -> schemas.Site:
    """Replace what the directory says of a site; what is left out is empty afterwards.

    The zone can be changed only while no sessions are to come, as they are planned by its clock.
    """
    return await call.update(commands.change_site, site_id, body)


@router.get("/sites/{site_id}/opening-hours", summary="Show opening hours")
async def show_opening_hours(site_id: UUID, call: Reader) -> schemas.OpeningHours:
    """When a site is open each week, by its wall clock."""
    return await call.show(lambda tx: queries.show_opening_hours(tx, site_id))


@router.put("/sites/{site_id}/opening-hours", summary="Change opening hours")
async def change_opening_hours(
    site_id: UUID, body: schemas.NewOpeningHours, call: Manager
) -> schemas.OpeningHours:
    """Replace the opening hours of a site. A time over midnight is written on both days."""
    return await call.update(commands.change_opening_hours, site_id, body)
