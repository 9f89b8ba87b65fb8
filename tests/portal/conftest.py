"""One running system with its story for all scenarios, and one browser."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from stepwell.runtime.disposable import free_base
from tests.support.chromium import chromium
from tests.support.installed import Installed


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The system after its story, started by the command that people start it with."""
    installed = Installed(tmp_path_factory.mktemp("portal") / "state", free_base())
    try:
        installed.up()
        yield installed
        assert installed.down() in (0, 130)
    finally:
        if installed.process is not None and installed.process.poll() is None:
            installed.process.kill()
        installed.run("reset")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for all scenarios."""
    with chromium() as started:
        yield started


LogIn = Callable[..., Page]


@pytest.fixture
def log_in(told: Installed, browser: Browser) -> Iterator[LogIn]:
    """Logs somebody in, in a browser of their own."""
    opened = []

    def log_in(role: str, *, site: str = "", **options: object) -> Page:
        context = browser.new_context(base_url=f"http://127.0.0.1:{told.base}", **options)  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        page.goto(f"/login?as={role}")
        page.get_by_label("by their ids").fill(site)
        page.get_by_role("button", name="Log in").click()
        return page

    yield log_in
    for context in opened:
        context.close()


def refer(told: Installed, site: str) -> None:
    """Somebody refers themselves to a site."""
    referral = {
        "source": "self",
        "site_id": site,
        "person": {"given_name": "Bo", "birth_date": "1991-01-01"},
        "contact": {"channel": "log"},
    }
    told.post("intake", "/referrals", referral, role="front_desk")


def live_board(page: Page, site: str, figure: str) -> Locator:
    """A site's figure on the board, which is live."""
    page.goto("/board")
    expect(page.locator("#live")).to_have_text("Live")
    heading = page.locator("thead th").filter(has_text=figure)
    column = heading.evaluate("cell => cell.cellIndex")
    return page.locator(f"tr[data-live='{site}']").locator("th, td").nth(column)
