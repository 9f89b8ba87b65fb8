"""The region board, live in the browser."""

import re

from playwright.sync_api import expect

from tests.portal.conftest import LogIn
from tests.support.chromium import accessible
from tests.support.installed import Installed


def test_a_referral_is_on_the_board_without_loading_it_again(
    told: Installed, log_in: LogIn
) -> None:
    site = told.items("scheduling", "/sites", role="site_manager")[0]
    page = log_in("site_manager")
    page.goto("/board")
    expect(page.locator("#live")).to_have_text("Live")
    accessible(page)
    heading = page.locator("thead th").filter(has_text="Referrals under way")
    column = heading.evaluate("cell => cell.cellIndex")
    cell = page.locator(f"tr[data-live='{site['id']}']").locator("th, td").nth(column)
    before = int(cell.inner_text())
    page.evaluate("window.same = true")
    told.post(
        "intake",
        "/referrals",
        {
            "source": "self",
            "site_id": site["id"],
            "person": {"given_name": "Bo", "birth_date": "1991-01-01"},
            "contact": {"channel": "log"},
        },
        role="front_desk",
    )
    expect(cell).to_have_text(str(before + 1))
    assert page.evaluate("window.same"), "the page was not loaded again"
    cell.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("referrals open: "))
    accessible(page)


def test_a_figure_leads_to_no_list_for_whom_it_is_not_for(log_in: LogIn) -> None:
    page = log_in("regional_operations")
    page.goto("/board")
    assert page.locator("td a").count() == 0
    answer = page.goto("/board/census")
    assert answer is not None
    assert answer.status == 403
