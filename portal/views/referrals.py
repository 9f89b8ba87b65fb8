"""Referrals: the inbox by state and clock, and a new one."""

from typing import Any

from portal.page import site_of
from portal.views.registry import Page, view

STATES = (
    *("received", "contacted", "screening", "assessed"),
    *("accepted", "redirected", "declined", "lost"),
)
SOURCES = (
    *("residential", "inpatient", "withdrawal_management", "court", "employer"),
    *("physician", "family", "self", "other"),
)
DUE = ("overdue", "soon", "later")


@view("/referrals", "referrals.html", "intake.list_referrals")
async def referrals(page: Page) -> dict[str, Any]:
    site = await site_of(page)
    due = page.query("due")
    about = {"site_id": site["id"], "cursor": page.query("cursor")}
    if due:
        listed = running = await page.need("intake.list_running_clocks", due=due, **about)
        found = [{**one, "id": one["referral_id"], "source": None} for one in listed]
    else:
        listed, running = await page.both(
            page.need("intake.list_referrals", state=page.query("state"), **about),
            page.whole("intake.list_running_clocks", site_id=site["id"]),
        )
        found = listed
    return {
        "site": site,
        "sites": await page.sites(),
        "listed": listed,
        "found": found,
        "running": running,
        "clocks": {one["referral_id"]: one for one in running},
        "names": await page.names(one["client_id"] for one in found),
        "states": STATES,
        "dues": DUE,
        "state": page.query("state"),
        "due": due,
    }


@view("/referrals/new", "referral_new.html", "intake.receive_referral", "intake.receive_referral")
async def new_referral(page: Page) -> dict[str, Any]:
    return {"site": await site_of(page), "sites": await page.sites(), "sources": SOURCES}


@view("/referrals/{referral_id}", "referrals.html", "intake.show_referral")
async def referral(page: Page, referral_id: str) -> dict[str, Any]:
    found = await page.need("intake.show_referral", referral_id=referral_id)
    return {"elsewhere": f"/clients/{found['client_id']}/referral"}
