"""Waitlist and seats: who waits where and why, offers, and a seat out of turn with its reason."""

from typing import Any

from portal.page import site_of
from portal.views.registry import Page, view


@view(
    "/waitlist",
    "waitlist.html",
    "scheduling.list_waiting_clients",
    "scheduling.record_seat_acceptance",
    "scheduling.record_seat_refusal",
    "scheduling.add_seat_offer_link",
)
async def waitlist(page: Page) -> dict[str, Any]:
    site = await site_of(page)
    waiting, offers = await page.both(
        page.need(
            "scheduling.list_waiting_clients", site_id=site["id"], cursor=page.query("cursor")
        ),
        page.whole("scheduling.list_seat_offers", site_id=site["id"], state="open"),
    )
    names = await page.names(one["client_id"] for one in (*waiting, *offers))
    sites = await page.sites()
    return {"site": site, "sites": sites, "waiting": waiting, "offers": offers, "names": names}


@view(
    "/clients/{client_id}/seat",
    "seat.html",
    "scheduling.preview_placement",
    "scheduling.open_seat_offer",
    "scheduling.confirm_placement",
)
async def seat(page: Page, client_id: str) -> dict[str, Any]:
    preview = await page.need("scheduling.preview_placement", client_id=client_id)
    cohorts, names = await page.both(
        page.whole("scheduling.list_cohorts", site_id=preview["site_id"]),
        page.names([client_id]),
    )
    return {
        "client_id": client_id,
        "preview": preview,
        "cohorts": {one["id"]: one for one in cohorts},
        "names": names,
        "waiting": page.query("waiting"),
        "placement": page.query("placement"),
    }
