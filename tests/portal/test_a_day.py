"""A day at a clinic in the browser: from a referral to a seat, and through a group."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from shared import clock
from stepwell.runtime import clock_file
from tests.portal.conftest import LogIn
from tests.support.chromium import accessible
from tests.support.installed import Installed

FAMILY = 'O\'Ñandú <script>alert(1)</script> & "Co"'
EVIDENCE = "As told in the interview."
RATINGS = {"1": "1", "2": "0", "3": "0", "4": "3", "5": "3", "6": "2"}


@pytest.fixture(scope="module")
def client(told: Installed) -> dict[str, str]:
    """The address of whoever arrives in the first step, for those that follow."""
    return {}


def saved(page: Page) -> None:
    """What was sent is done."""
    expect(page.locator(".done")).to_be_visible()


def test_the_front_desk_receives_somebody_and_calls_them(
    log_in: LogIn, client: dict[str, str]
) -> None:
    page = log_in("front_desk")
    page.goto("/referrals/new")
    page.get_by_label("Given name").fill("Ana")
    page.get_by_label("Family name").fill(FAMILY)
    page.get_by_label("Birth date").fill("1990-05-01")
    page.get_by_label("Email").fill("ana@example.test")
    page.get_by_role("button", name="Receive the referral").dblclick()
    saved(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Ana {FAMILY}")
    client["path"] = page.url.rpartition("/")[0]
    page.get_by_label("Outcome").select_option("reached")
    page.get_by_label("When").fill("2020-01-01T09:00")
    page.get_by_role("button", name="Record the attempt").click()
    expect(page.get_by_role("alert")).to_contain_text("This was not done.")
    expect(page.get_by_label("Outcome")).to_have_value("reached")
    accessible(page)
    page.get_by_role("button", name="Contacted").click()
    saved(page)
    page.goto("/clients")
    page.get_by_label("Family name begins with").fill("o'nandu")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name=f"Ana {FAMILY}")).to_have_count(1)
    assert "nandu" not in page.url


def test_a_counselor_screens_and_a_clinical_lead_signs(
    log_in: LogIn, client: dict[str, str]
) -> None:
    page = log_in("clinical_lead")
    page.goto(f"{client['path']}/screening")
    page.get_by_role("button", name="Begin a screening").click()
    saved(page)
    page.get_by_role("button", name="Make a link for the client").click()
    expect(page.locator(".done code")).to_contain_text("#")
    page.get_by_role("link", name="Enter with the client").click()
    for number in range(page.locator("section.card").count()):
        part = page.locator("section.card").nth(number)
        for item in part.get_by_role("combobox").all():
            item.select_option(index=1)
        part.get_by_role("button").click()
        saved(page)
    page.get_by_role("button", name="Complete the screening").click()
    saved(page)
    page.goto(f"{client['path']}/level")
    page.get_by_text("Rate by edition 3").click()
    form = page.locator("details[open]")
    for number, rating in RATINGS.items():
        form.locator(f"[name='body.ratings.{number}.rating']").select_option(rating)
        form.locator(f"[name='body.ratings.{number}.evidence']").fill(EVIDENCE)
    form.get_by_role("button", name="Determine the level").click()
    saved(page)
    expect(page.get_by_role("heading", name="Level 2.1 is recommended")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Sign", exact=True).click()
    saved(page)


def test_with_consent_and_a_payer_the_front_desk_enrols(
    told: Installed, log_in: LogIn, client: dict[str, str]
) -> None:
    today = clock_file.read(told.state.clock).date().isoformat()
    page = log_in("front_desk")
    page.goto(f"{client['path']}/consents")
    form = page.locator("section.card").filter(has_text="Consent to treatment")
    form.get_by_label("Signed on").fill(today)
    form.get_by_role("button").click()
    saved(page)
    page.goto(f"{client['path']}/coverage")
    form = page.locator("form").filter(has_text="Agree on self-pay")
    form.get_by_label("People in the household").fill("2")
    form.get_by_label("Yearly income in cents").fill("3400000")
    form.get_by_label("Signed on").fill(today)
    form.get_by_role("button").click()
    saved(page)


def test_two_people_at_one_roster_see_what_the_other_did(told: Installed, log_in: LogIn) -> None:
    site = told.items("scheduling", "/sites", role="site_manager")[0]
    active = told.items(
        "scheduling", "/placements", role="site_manager", site_id=site["id"], state="active"
    )
    zone = ZoneInfo(site["time_zone"])
    day = clock_file.read(told.state.clock).astimezone(zone).date() + timedelta(days=1)
    session = told.post(
        "scheduling",
        f"/cohorts/{active[0]['cohort_id']}/sessions",
        {
            "day": day.isoformat(),
            "starts": "07:00",
            "minutes": 60,
            "kind": "group",
            "topic": "Early group",
        },
        role="clinical_lead",
    )
    clock.write(told.state.clock, datetime.fromisoformat(session["starts_at"]))
    desk = log_in("front_desk", java_script_enabled=False)
    desk.goto(f"/today?site={site['id']}")
    group = desk.locator("article").filter(has_text="Early group")
    button = group.get_by_role("button", name="Check in: ").first
    button.focus()
    desk.keyboard.press("Enter")
    expect(group.get_by_text("checked in").first).to_be_visible()

    counselor = log_in("counselor")
    for page in (desk, counselor):
        page.goto(f"/sessions/{session['id']}")
    row = counselor.get_by_role("row").nth(1)
    row.get_by_text("Record").click()
    row.get_by_role("button", name="Save").click()
    saved(counselor)
    stale = desk.get_by_role("row").nth(1)
    stale.locator("summary").click()
    stale.get_by_label("State").select_option("no_show")
    stale.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("alert")).to_contain_text("This was not done.")
    expect(desk.get_by_role("row").nth(1)).to_contain_text("present")

    desk.goto(f"/today?site={site['id']}")
    if (rest := group.get_by_role("button", name="All others are present")).count():
        rest.click()
        saved(desk)
    expect(group.get_by_role("button", name="Check in: ")).to_have_count(0)
