"""Risk flags; what an alert by mail leads to; tasks of staff; risks of treatment, and one."""

from typing import Any

from portal.api import Away, Refused
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
    "/alerts/{alert_id}",
    "alert.html",
    "notifications.show_staff_task",
    "notifications.record_task_acknowledgement",
    "intake.record_risk_acknowledgement",
    "outcomes.record_risk_acknowledgement",
    "outcomes.close_risk",
)
async def alert(page: Page, alert_id: str) -> dict[str, Any]:
    """What an alert by mail is about: a flag, a risk of treatment, or a task. The mail does not say
    which."""
    if flag := await page.ask("intake.show_risk_flag", flag_id=alert_id):
        return await _with_client(page, "flag", flag)
    if risk := await page.ask("outcomes.show_risk", risk_id=alert_id):
        return await _with_client(page, "risk", risk)
    try:
        task = await page.need("notifications.show_staff_task", task_id=alert_id)
    except Refused as refused:
        if "away" in (flag.why, risk.why):
            raise Away(flag.service if flag.why == "away" else risk.service) from None
        if refused.status == 404 and not page.may("intake.show_risk_flag"):
            raise Refused("intake", 403, {}) from None
        raise
    return await _with_client(page, "task", task)


@view("/tasks", "tasks.html", "notifications.list_staff_tasks")
async def tasks(page: Page) -> dict[str, Any]:
    site = await site_of(page)
    listed = await page.need(
        "notifications.list_staff_tasks", site_id=site["id"], cursor=page.query("cursor")
    )
    return {
        "site": site,
        "sites": await page.sites(),
        "listed": listed,
        "names": await page.names(one["client_id"] for one in listed),
    }


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
