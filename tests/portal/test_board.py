"""The region board, live in the browser."""

import re
import time

from playwright.sync_api import expect

from tests.portal.conftest import LogIn, live_board, refer
from tests.support.chromium import accessible
from tests.support.installed import Installed

WATCH = """([site, column, wanted]) => {
  const row = document.querySelector(`tr[data-live="${site}"]`);
  window.seen = new Promise((resolve) => new MutationObserver((_, watch) => {
    if (row.cells[column].innerText.trim() !== wanted) return;
    watch.disconnect();
    resolve(Date.now());
  }).observe(row, { childList: true, subtree: true }));
}"""
"""`seen` comes to the instant at which the page shows the figure."""


def test_a_referral_is_on_the_board_within_a_second_without_loading_it_again(
    told: Installed, log_in: LogIn
) -> None:
    site = told.items("scheduling", "/sites", role="site_manager")[0]
    page = log_in("site_manager")
    cell = live_board(page, site["id"], "Referrals under way")
    accessible(page)
    page.evaluate("window.same = true")
    took = []
    for _ in range(3):
        wanted = int(cell.inner_text()) + 1
        page.evaluate(WATCH, [site["id"], cell.evaluate("one => one.cellIndex"), str(wanted)])
        began = time.time()
        refer(told, site["id"])
        took.append(page.evaluate("window.seen") / 1_000 - began)
        expect(cell).to_have_text(str(wanted))
    assert page.evaluate("window.same"), "the page was not loaded again"
    assert sorted(took)[1] <= 1.0, f"from the request on it took {took} seconds"
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
