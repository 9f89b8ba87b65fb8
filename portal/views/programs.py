"""Program measures: what each counts, what it comes to, and the cases behind a figure."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from portal.views.registry import Page, view

GROUPS = (
    *("none", "site", "cohort", "level_of_care", "dual_diagnosis", "gender_group", "age_band"),
    "month",
)


@view("/program-measures", "programs.html", "outcomes.list_program_measures")
async def measures(page: Page) -> dict[str, Any]:
    return {"defined": await page.need("outcomes.list_program_measures")}


@view("/program-measures/{measure}", "program.html", "outcomes.summarize_program_measure")
async def measure(page: Page, measure: str) -> dict[str, Any]:
    asked = asked_of(page)
    defined, figures = await page.both(
        page.need("outcomes.list_program_measures"),
        page.need("outcomes.summarize_program_measure", measure=measure, **asked),
    )
    named = next((one for one in defined["measures"] if one["id"] == measure), None)
    return {
        "asked": asked,
        "defined": named or defined["measures"][0],
        "figures": figures,
        "groups": GROUPS,
        "last": last_of(asked),
        "sites": await page.sites(),
    }


@view(
    "/program-measures/{measure}/cases", "program_cases.html", "outcomes.list_program_measure_cases"
)
async def cases(page: Page, measure: str) -> dict[str, Any]:
    asked = asked_of(page)
    listed = await page.need(
        "outcomes.list_program_measure_cases",
        measure=measure,
        group=page.query("group"),
        falls=page.query("falls"),
        cursor=page.query("cursor"),
        **asked,
    )
    names = await page.names(one["client_id"] for one in listed)
    return {
        "measure": measure,
        "asked": asked,
        "last": last_of(asked),
        "listed": listed,
        "names": names,
        "sites": await page.sites(),
    }


def asked_of(page: Page) -> dict[str, str]:
    """The months, the site and the groups of the address; the three months that are over if none
    are named, which may be sent as `YYYY-MM`, the last one included."""
    this = datetime.now(UTC).date().replace(day=1)
    begins = month_of(page.query("from"), this - timedelta(days=85))
    ends = max(begins, month_of(page.query("until"), this - timedelta(days=1)))
    by = page.query("by") if page.query("by") in GROUPS else "none"
    after = (ends + timedelta(days=32)).replace(day=1)
    return {
        "from": begins.isoformat(),
        "until": after.isoformat(),
        "by": by,
        "site_id": page.query("site"),
    }


def last_of(asked: dict[str, str]) -> str:
    """The last month that is asked for."""
    return (date.fromisoformat(asked["until"]) - timedelta(days=1)).isoformat()[:7]


def month_of(text: str, otherwise: date) -> date:
    """The first day of a month such as `2026-03`, or of another where it is none of our times."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        month = date.max
    return month if 1900 <= month.year < 2200 else otherwise.replace(day=1)
