"""The region board: how every site stands, and the list behind a figure; live by a stream."""

from typing import Any

from portal.page import CLINICIANS
from portal.views.registry import Page, view

FOR_CLINICIANS = (
    *("measures_overdue", "recommendations_open", "flags_open", "flags_late"),
    *("flags_under_a_day", "flags_one_to_seven_days", "flags_over_seven_days"),
)
"""Figures that everybody sees, and whose lists outcomes shows to clinicians only."""


@view("/board", "board.html", "outcomes.show_board")
async def board(page: Page) -> dict[str, Any]:
    shown = await page.need("outcomes.show_board", region_id=page.query("region"))
    sites = await page.sites()
    unnamed: dict[str, str] = {"name": ""}
    shown["sites"].sort(key=lambda one: sites.get(one["site_id"], unnamed)["name"].lower())
    closed = () if page.role in CLINICIANS else FOR_CLINICIANS
    return {"board": shown, "sites": sites, "live": page.query("region"), "closed": closed}


@view("/board/{figure}", "board_list.html", "outcomes.list_board_figure")
async def figure(page: Page, figure: str) -> dict[str, Any]:
    listed = await page.need(
        "outcomes.list_board_figure",
        figure=figure,
        site_id=page.query("site"),
        cursor=page.query("cursor"),
    )
    names = await page.names(one["client_id"] for one in listed)
    return {"figure": figure, "listed": listed, "names": names, "sites": await page.sites()}
