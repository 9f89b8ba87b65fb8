"""Logging in and out, in a real browser."""

from tests.portal.conftest import LogIn
from tests.support.chromium import accessible


def test_whoever_logs_in_sees_their_first_page_and_holds_no_token(log_in: LogIn) -> None:
    page = log_in("front_desk")
    assert page.url.endswith("/today")
    accessible(page)
    (cookie,) = [c for c in page.context.cookies() if c["name"].startswith("stepwell-1")]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert "." not in cookie["value"], "no token is in it"
    assert (
        page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
    )


def test_the_browsers_back_button_shows_nothing_after_logging_out(log_in: LogIn) -> None:
    page = log_in("front_desk")
    page.get_by_role("button", name="Log out").click()
    assert page.get_by_text("Nobody is logged in.").is_visible()
    page.go_back()
    assert page.get_by_text("front desk").count() == 0 or "authorize" in page.url
    answer = page.goto("/today")
    assert answer is not None
    assert "/authorize" in page.url
