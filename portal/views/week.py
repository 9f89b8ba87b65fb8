"""The week plan: rooms and therapists, conflicts, and a draft beside what is published."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from portal.page import site_of
from portal.views.registry import Page, view

LATEST_RUNS = 20
"""So many plans are shown, the newest first."""


@view("/week", "week.html", "scheduling.show_week", "scheduling.add_plan_run")
async def week(page: Page) -> dict[str, Any]:
    site = await site_of(page)
    wanted = page.query("week")
    if not wanted:
        day = await page.need("scheduling.show_day", site_id=site["id"])
        return {"elsewhere": f"/week?site={site['id']}&week={week_of(day['day'])}"}
    grid, conflicts, runs = await page.both(
        page.need("scheduling.show_week", week=wanted, site_id=site["id"]),
        page.ask("scheduling.list_conflicts", site_id=site["id"]),
        page.whole("scheduling.list_plan_runs"),
    )
    by = "therapists" if page.query("by") == "therapists" else "rooms"
    sessions = [one for day in grid["days"] for one in day["sessions"]]
    return {
        "site": site,
        "sites": await page.sites(),
        "grid": grid,
        "conflicts": conflicts,
        "in_conflict": {one["session_id"] for one in conflicts["items"]} if conflicts else set(),
        "runs": runs,
        "latest": list(runs)[: -LATEST_RUNS - 1 : -1],
        "by": by,
        "rows": rows_of(sessions, by),
    }


def week_of(day: str) -> str:
    """The ISO week of a date."""
    year, number, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{number:02}"


def rows_of(sessions: Iterable[Mapping[str, Any]], by: str) -> dict[str, list[Mapping[str, Any]]]:
    """The sessions of each room, or of each therapist, by name; what has none comes last."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for one in sessions:
        if by == "rooms":
            named = [one["room"]["name"]] if one["room"] else [""]
        else:
            named = [person["name"] for person in one["therapists"]] or [""]
        for name in named:
            rows.setdefault(name, []).append(one)
    return dict(sorted(rows.items(), key=lambda row: (not row[0], row[0].lower())))


@view(
    "/plans/{run_id}",
    "plan.html",
    "scheduling.show_plan_run",
    "scheduling.publish_plan",
    "scheduling.stop_plan_run",
)
async def plan(page: Page, run_id: str) -> dict[str, Any]:
    run, draft = await page.both(
        page.need("scheduling.show_plan_run", run_id=run_id),
        page.ask("scheduling.show_plan", run_id=run_id),
    )
    site = page.query("site") or (run["site_ids"] or [""])[0]
    staff = await page.whole("scheduling.list_staff", site_id=site) if site else ()
    return {
        "run": run,
        "draft": draft,
        "people": {p["id"]: p["name"] for p in staff},
        "sites": await page.sites(),
    }
