"""Every screen: nothing that axe finds, in light and dark, and no wider than a small phone."""

import pytest
from playwright.sync_api import expect

from tests.portal.conftest import LogIn, live_board, refer
from tests.support.chromium import accessible
from tests.support.installed import Installed

SCREENS = {
    "clinical_lead": (
        *("/today", "/referrals", "/referrals?state=accepted", "/referrals/new", "/clients"),
        *("/waitlist", "/flags?state=all", "/week", "/messages?state=delivered"),
        *("/clients/{client}", "/clients/{client}/stay", "/clients/{client}/risk"),
        *("/clients/{client}/course", "/risks", "/tasks", "/texts", "/program-measures"),
        *("/program-measures/completion?by=site", "/program-measures/completion/cases"),
        *("/clients/{client}/referral", "/clients/{client}/duplicates"),
        *("/clients/{client}/screening", "/clients/{client}/level"),
        *("/clients/{client}/consents", "/clients/{client}/coverage"),
    ),
    "site_manager": ("/week?by=therapists",),
    "regional_operations": ("/extracts", "/week"),
    "auditor": ("/audit?client={client}",),
    "operator": ("/flow", "/flow?service=outcomes"),
}

WIDER = "document.documentElement.scrollWidth > window.innerWidth"
CUT_OFF = """[...document.querySelectorAll("table")].filter((one) =>
  one.getBoundingClientRect().right > window.innerWidth
  || getComputedStyle(one.parentElement).overflowX !== "visible").length"""


@pytest.mark.parametrize("role", SCREENS)
def test_axe_finds_nothing_on_any_screen(told: Installed, log_in: LogIn, role: str) -> None:
    client = told.items("outcomes", "/recommendations")[0]["client_id"]
    page = log_in(role)
    for screen in SCREENS[role]:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 900})
        answer = page.goto(screen.format(client=client))
        assert answer is not None
        assert answer.status == 200, page.url
        assert len(answer.body()) < 150_000
        accessible(page)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 320, "height": 640})
        accessible(page, "color-contrast", "target-size")
        assert not page.evaluate(WIDER), f"{page.url} is wider than the window"
        page.set_viewport_size({"width": 3840, "height": 2160})
        assert not page.evaluate(WIDER), page.url


def test_pages_print_their_tables_whole_and_without_the_way_around(log_in: LogIn) -> None:
    page = log_in("site_manager")
    page.set_viewport_size({"width": 1040, "height": 720})  # A4 across, less its margins
    for screen in ("/board", "/week", "/program-measures/completion"):
        page.goto(screen)
        page.emulate_media(media="print")
        assert not page.locator("nav, form, button").filter(visible=True).count()
        assert page.locator("table").first.is_visible()
        assert not page.evaluate(CUT_OFF), page.url
        page.emulate_media(media="screen")


def test_the_same_page_speaks_spanish(log_in: LogIn) -> None:
    page = log_in("front_desk")
    page.get_by_role("link", name="Español").click()
    assert page.locator("html").get_attribute("lang") == "es"
    assert page.get_by_role("link", name="Lista de espera").is_visible()
    accessible(page)


def test_a_page_for_another_role_says_so(log_in: LogIn) -> None:
    page = log_in("operator")
    answer = page.goto("/clients")
    assert answer is not None
    assert answer.status == 403
    assert page.get_by_text("Your role, operator, may not see this page").is_visible()


def test_a_clinician_breaks_the_glass_and_an_auditor_sees_it(
    told: Installed, log_in: LogIn
) -> None:
    sites = told.items("scheduling", "/sites", role="site_manager")
    away = told.items("intake", "/clients", site_id=sites[1]["id"])[0]["id"]
    page = log_in("counselor", site=sites[0]["id"])
    answer = page.goto(f"/clients/{away}")
    assert answer is not None
    assert answer.status == 404
    page.get_by_label("Reason").fill("Found unconscious at the station.")
    page.get_by_role("button", name="Break the glass").click()
    assert page.get_by_text("You read this record in an emergency.").is_visible()
    auditor = log_in("auditor")
    auditor.goto(f"/audit?client={away}")
    assert auditor.get_by_text("Found unconscious at the station.").count() > 0


def test_while_a_service_is_away_pages_say_so_and_no_figure_is_lost(
    told: Installed, log_in: LogIn
) -> None:
    page = log_in("clinical_lead")
    client = told.items("outcomes", "/recommendations")[0]["client_id"]
    site = told.items("scheduling", "/sites", role="site_manager")[0]["id"]
    board = log_in("site_manager")
    cell = live_board(board, site, "Referrals under way")
    before = int(cell.inner_text())
    told.kill("outcomes")
    flow = log_in("operator")
    flow.goto("/flow?service=notifications")
    lag = flow.get_by_role("table").nth(1).locator("tr")
    expect(lag.filter(has_text="intake").get_by_role("cell").last).to_have_text("0")
    expect(lag.filter(has_text="outcomes")).to_contain_text("the publisher does not answer")
    refer(told, site)
    answer = page.goto(f"/clients/{client}")
    assert answer is not None
    assert answer.status == 200
    assert page.get_by_text("The service outcomes does not answer now").count() == 1
    assert page.locator("li.message").count() > 0, "what others know is shown"
    expect(cell).to_have_text(str(before + 1), timeout=60_000)
    expect(board.locator("#live")).to_have_text("Live")
    page.reload()
    assert page.locator("li.session").count() > 0
