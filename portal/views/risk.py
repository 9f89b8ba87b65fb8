"""Risk flags, and one, which an alert by mail leads to; risks of treatment, and one."""

from typing import Any

from portal.page import site_of
from portal.views.registry import Page, view

STATES = ("open", "overdue", "all")


@view("/flags", "flags.html", "intake.list_risk_flags")
async def flags(page: Page) -> dict[str, Any]:
    site = await site_of(page)
    state = page.query("state") if page.query("state") in STATES else "open"
    listed = await page.need(
        "intake.list_risk_flags", site_id=site["id"], state=state, cursor=page.query("cursor")
    )
    ordered = sorted(listed, key=lambda one: (one["severity"] != "high", one["acknowledge_by"]))
    return {
        "site": site,
        "sites": await page.sites(),
        "listed": listed,
        "flags": ordered,
        "names": await page.names(one["client_id"] for one in listed),
        "state": state,
        "states": STATES,
    }


@view(
    "/alerts/{flag_id}",
    "flag.html",
    "intake.show_risk_flag",
    "intake.record_risk_acknowledgement",
)
async def flag(page: Page, flag_id: str) -> dict[str, Any]:
    return await _with_client(
        page, "flag", await page.need("intake.show_risk_flag", flag_id=flag_id)
    )


OF_TREATMENT = ("raised", "acknowledged", "resolved")


@view("/risks", "risks.html", "outcomes.list_risks")
async def risks(page: Page) -> dict[str, Any]:
    site = await site_of(page)
    state = page.query("state") if page.query("state") in OF_TREATMENT else OF_TREATMENT[0]
    listed = await page.need(
        "outcomes.list_risks", site_id=site["id"], state=state, cursor=page.query("cursor")
    )
    return {
        "site": site,
        "sites": await page.sites(),
        "listed": listed,
        "names": await page.names(one["client_id"] for one in listed),
        "state": state,
        "states": OF_TREATMENT,
    }


@view(
    "/risks/{risk_id}",
    "risk.html",
    "outcomes.show_risk",
    "outcomes.record_risk_acknowledgement",
    "outcomes.close_risk",
)
async def risk(page: Page, risk_id: str) -> dict[str, Any]:
    return await _with_client(page, "risk", await page.need("outcomes.show_risk", risk_id=risk_id))


async def _with_client(page: Page, name: str, one: dict[str, Any]) -> dict[str, Any]:
    """What is about a client, with the client's name and the time zone of the site."""
    sites = await page.sites()
    zone = sites.get(one["site_id"], {"time_zone": "UTC"})["time_zone"]
    return {name: one, "names": await page.names([one["client_id"]]), "zone": zone}
