"""Today at a site: groups by time, who is expected, who came; one click a client or a group."""

from datetime import date, timedelta
from typing import Any

from portal.page import site_of
from portal.views.registry import Page, view

REASONS = ("closure", "weather", "staff_absent", "room", "emergency", "too_few", "other")
STATUSES = ("present", "partial", "excused_absence", "late_cancel", "no_show")


@view(
    "/today",
    "today.html",
    "scheduling.show_day",
    "scheduling.record_check_in",
    "scheduling.record_check_out",
    "scheduling.record_attendance",
    "scheduling.record_roll",
    "scheduling.record_roll_from_check_ins",
)
async def today(page: Page) -> dict[str, Any]:
    site = await site_of(page)
    day = await page.need("scheduling.show_day", site_id=site["id"], date=page.query("date"))
    names = await page.names(
        client["client_id"] for session in day["sessions"] for client in session["clients"]
    )
    shown = date.fromisoformat(day["day"])
    around = [(shown + timedelta(days=n)).isoformat() for n in (-1, 1)]
    return {"site": site, "sites": await page.sites(), "day": day, "names": names, "around": around}


@view(
    "/sessions/{session_id}",
    "session.html",
    "scheduling.show_roster",
    "scheduling.record_check_in",
    "scheduling.record_check_out",
    "scheduling.record_attendance",
    "scheduling.correct_attendance",
    "scheduling.cancel_session",
    "scheduling.change_session_staff",
    "scheduling.change_session_time",
)
async def session(page: Page, session_id: str) -> dict[str, Any]:
    roster, one = await page.both(
        page.need("scheduling.show_roster", session_id=session_id),
        page.need("scheduling.show_session", session_id=session_id),
    )
    manages = page.may("scheduling.change_session_staff") and page.query("change")
    names = {} if manages else await page.names(e["client_id"] for e in roster["entries"])
    staff = ()
    if manages:
        staff = await page.whole("scheduling.list_staff", site_id=one["site_id"])
    return {
        "roster": roster,
        "one": one,
        "names": names,
        "staff": staff,
        "changing": manages,
        "reasons": REASONS,
        "statuses": STATUSES,
    }
