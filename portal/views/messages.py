"""Messages: what went out, and what did not and why."""

from typing import Any

from portal.page import site_of
from portal.views.registry import Page, view

STATES = ("planned", "sending", "delivered", "failed", "suppressed", "cancelled")


@view("/messages", "messages.html", "notifications.list_notifications")
async def messages(page: Page) -> dict[str, Any]:
    site = await site_of(page)
    listed = await page.need(
        "notifications.list_notifications",
        site_id=site["id"],
        state=page.query("state"),
        due_on=page.query("day"),
        client_id=page.query("client"),
        cursor=page.query("cursor"),
    )
    counts: Any = ()
    if day := page.query("day"):
        counts = await page.ask(
            "notifications.summarize_notifications", site_id=site["id"], due_on=day
        )
    return {
        "site": site,
        "sites": await page.sites(),
        "listed": listed,
        "counts": counts,
        "names": await page.names(one["client_id"] for one in listed),
        "state": page.query("state"),
        "states": STATES,
        "day": page.query("day"),
    }
