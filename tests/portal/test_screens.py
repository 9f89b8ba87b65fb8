"""Every screen: nothing that axe finds, in light and dark, and no wider than a small phone."""

import pytest

from tests.portal.conftest import LogIn
from tests.support.chromium import accessible
from tests.support.installed import Installed

SCREENS = {
    "clinical_lead": (
        *("/today", "/referrals", "/referrals?state=accepted", "/referrals/new", "/clients"),
        *("/waitlist", "/flags?state=all", "/week", "/messages?state=delivered"),
        *("/clients/{client}", "/clients/{client}/stay", "/clients/{client}/risk"),
        *("/clients/{client}/referral", "/clients/{client}/duplicates"),
        *("/clients/{client}/screening", "/clients/{client}/level"),
        *("/clients/{client}/consents", "/clients/{client}/coverage"),
    ),
    "site_manager": ("/week?by=therapists",),
    "auditor": ("/audit?client={client}",),
    "operator": ("/flow", "/flow?service=outcomes"),
}


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
        wider = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wider, f"{page.url} is wider than the window"


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


def test_a_page_says_what_is_not_to_be_had_while_a_service_is_away(
    told: Installed, log_in: LogIn
) -> None:
    page = log_in("clinical_lead")
    client = told.items("outcomes", "/recommendations")[0]["client_id"]
    told.kill("outcomes")
    answer = page.goto(f"/clients/{client}")
    assert answer is not None
    assert answer.status == 200
    assert page.get_by_text("The service outcomes does not answer now").count() == 2
    for _ in range(60):
        page.wait_for_timeout(500)
        page.reload()
        if page.get_by_role("heading", name="Engagement").count():
            return
    raise AssertionError("the service did not come back")
