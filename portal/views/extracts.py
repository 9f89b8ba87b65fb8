"""Extracts that name nobody: asked for, how far they are, and their files."""

from typing import Any

from portal.views.registry import Page, view


@view("/extracts", "extracts.html", "outcomes.list_extracts", "outcomes.add_extract")
async def extracts(page: Page) -> dict[str, Any]:
    return {"listed": await page.need("outcomes.list_extracts", cursor=page.query("cursor"))}


@view("/extracts/{extract_id}", "extract.html", "outcomes.show_extract")
async def extract(page: Page, extract_id: str) -> dict[str, Any]:
    return {"extract": await page.need("outcomes.show_extract", extract_id=extract_id)}
