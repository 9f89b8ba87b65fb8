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


@view(
    "/texts",
    "texts.html",
    "notifications.list_rules",
    "notifications.show_template_preview",
    "notifications.show_rule_preview",
)
async def texts(page: Page) -> dict[str, Any]:
    site = await site_of(page)
    book = await page.need("notifications.list_rules", site_id=site["id"])
    steps = [step for one in book["rules"] for step in one["rule"].get("steps", ())]
    would = page.found["messages"] if page.found and "messages" in page.found else ()
    return {
        "site": site,
        "sites": await page.sites(),
        "rules": book["rules"],
        "templates": sorted({s.get("template") or s["kind"] for s in steps if s["to"] == "client"}),
        "text": page.found if page.found and "subject" in page.found else None,
        "tried": page.found if page.found and "messages" in page.found else None,
        "would": would,
        "names": await page.names(one["client_id"] for one in would),
    }
