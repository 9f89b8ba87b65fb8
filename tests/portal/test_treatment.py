"""Goals, risks of treatment, extracts, and texts that are tried out."""

from datetime import date, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from stepwell.runtime import clock_file
from tests.portal.conftest import LogIn
from tests.support.installed import Installed

HOSTILE = "<b>call her mother</b> & 'Co'"


@pytest.fixture(scope="module")
def client(told: Installed) -> str:
    """Somebody in the program."""
    stays = told.items("intake", "/enrolments", state="active")
    return str(stays[0]["client_id"])


def saved(page: Page) -> None:
    """What was sent is done."""
    expect(page.locator(".done")).to_be_visible()


def today(told: Installed) -> date:
    return clock_file.read(told.state.clock).date()


def test_a_stay_is_told_from_the_latest_on_by_day_and_messages_stand_among_the_rest(
    log_in: LogIn, client: str
) -> None:
    page = log_in("counselor")
    times: list[datetime] = []
    kinds: set[str] = set()
    earlier: str | None = ""
    while earlier is not None:
        page.goto(f"/clients/{client}{earlier}")
        instants = page.locator(".timeline time").evaluate_all("all => all.map(e => e.dateTime)")
        times += map(datetime.fromisoformat, instants)
        kinds |= {*page.locator(".timeline > li").evaluate_all("all => all.map(e => e.className)")}
        link = page.get_by_role("link", name="Show what was earlier")
        earlier = link.get_attribute("href") if link.count() else None
    assert len(times) > 5
    assert times == sorted(times, reverse=True)
    assert {"referral", "stay", "session", "message"} <= kinds
    desk = log_in("front_desk")
    desk.goto(f"/clients/{client}")
    expect(desk.get_by_text("Your role does not see this.")).to_be_visible()
    assert desk.locator("li.message").count() > 0
    assert desk.locator("li.score, li.risk, li.decision").count() == 0


def test_a_goal_is_set_once_however_often_it_is_sent_and_met_by_keyboard(
    log_in: LogIn, client: str
) -> None:
    page = log_in("counselor")
    page.goto(f"/clients/{client}/course")
    form = page.locator("form").filter(has_text="Set the goal")
    form.get_by_label("Goal").fill(HOSTILE)
    form.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("This was not done.")
    expect(form.get_by_label("Goal")).to_have_value(HOSTILE)
    form.get_by_label("Goal").fill("call_list_made")
    form.get_by_role("button").dblclick()
    saved(page)
    met = page.get_by_role("button", name="Met: call list made")
    expect(met).to_have_count(1)
    stale = page.context.new_page()
    stale.goto(page.url)
    met.focus()
    page.keyboard.press("Enter")
    saved(page)
    stale.get_by_role("button", name="Given up: call list made").click()
    expect(stale.get_by_role("alert")).to_be_visible()
    expect(stale.get_by_role("button", name="Given up: call list made")).to_have_count(0)


def test_a_risk_of_treatment_is_acknowledged_and_resolved(
    told: Installed, log_in: LogIn, client: str
) -> None:
    used = {"source": "client", "finding": "use", "used_on": str(today(told) - timedelta(days=1))}
    told.post("outcomes", f"/clients/{client}/substance-use-reports", used, role="counselor")
    page = log_in("counselor")
    page.goto(f"/clients/{client}/risk")
    page.get_by_role("link", name="return to use").first.click()
    for box, button in (("What is done", "Acknowledge"), ("How it ended", "Resolve")):
        page.get_by_label(box).select_option(index=1)
        page.get_by_role("button", name=button).click()
        saved(page)
    assert page.locator("main form").count() == 0
    manager = log_in("site_manager")
    answer = manager.goto(page.url)
    assert answer is not None
    assert answer.status == 403


def test_a_clinical_lead_steps_somebody_down_whom_nothing_is_recommended(
    told: Installed, log_in: LogIn, client: str
) -> None:
    decided = {one["client_id"] for one in told.items("outcomes", "/recommendations")}
    stays = told.items("intake", "/enrolments", state="active", level_of_care="2.1")
    other = next(one["client_id"] for one in stays if one["client_id"] not in {*decided, client})
    counselor = log_in("counselor")
    counselor.goto(f"/clients/{other}/course")
    assert counselor.get_by_text("Step down without a recommendation").count() == 0
    page = log_in("clinical_lead")
    page.goto(f"/clients/{other}/course")
    page.get_by_text("Step down without a recommendation").click()
    form = page.locator("form").filter(has_text="Step down")
    form.get_by_label("Reason").select_option("client_preference")
    form.get_by_role("button").dblclick()
    saved(page)
    expect(page.locator("li.decision")).to_have_count(1)
    expect(page.locator("li.decision")).to_contain_text("client preference")


def test_a_text_is_tried_out_and_a_refusal_stands_at_its_field(log_in: LogIn) -> None:
    page = log_in("site_manager")
    page.goto("/messages")
    page.get_by_role("link", name="Texts and rules").click()
    page.get_by_label("Text").select_option("session_reminder")
    page.get_by_label("Language").select_option("es")
    page.get_by_role("button", name="Show the text").click()
    expect(page.locator(".as-sent")).to_have_attribute("lang", "es")
    page.get_by_label("Rule").select_option("session_reminder")
    page.get_by_label("Days ahead").fill("99")
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_label("Days ahead")).to_have_attribute("aria-invalid", "true")


def test_an_extract_is_asked_for_waited_for_and_downloaded(told: Installed, log_in: LogIn) -> None:
    page = log_in("regional_operations")
    page.goto("/extracts")
    page.get_by_label("Stays that began").fill(str(today(told) - timedelta(days=365)))
    page.get_by_label("and before this day").fill(str(today(told)))
    page.get_by_role("button", name="Make an extract").click()
    saved(page)
    for _ in range(60):
        if page.get_by_role("link", name="stays.csv").count():
            break
        page.wait_for_timeout(500)
        page.goto(page.url)
    with page.expect_download() as download:
        page.get_by_role("link", name="stays.csv").click()
    assert download.value.path().stat().st_size > 0
    other = log_in("site_manager")
    answer = other.goto(page.url)
    assert answer is not None
    assert answer.status == 403
