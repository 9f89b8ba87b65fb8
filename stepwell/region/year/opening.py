"""Before and between the terms: clinics, cohorts, whom a site tells of a risk, and sessions."""

from datetime import date
from typing import Any

from stepwell.region.api import Who
from stepwell.region.walk import EVERYWHERE
from stepwell.region.year.plan import SiteInYear, Term
from stepwell.region.year.walk import YearWalk


async def open_sites(walk: YearWalk) -> None:
    """Open the clinics with their cohorts, and read the texts of the forms."""
    for site in walk.year.sites:
        walk.sites[site.number] = await walk.services.create(
            "scheduling",
            "/sites",
            EVERYWHERE,
            {"name": site.name, "time_zone": site.time_zone},
            key=f"year-{walk.year.seed}/site/{site.number}",
        )
        walk.cohorts[site.number] = [
            await _open_cohort(walk, site, nth, seats) for nth, seats in enumerate(site.seats)
        ]
    for form in await walk.services.get("intake", "/consent-forms", EVERYWHERE):
        if form["language"] == "en" and form["withdrawn_on"] is None:
            walk.consent_texts[form["form"]] = form


async def _open_cohort(walk: YearWalk, site: SiteInYear, nth: int, seats: int) -> Any:
    return await walk.services.create(
        "scheduling",
        "/cohorts",
        walk.who("site_manager", site.number),
        {
            "site_id": walk.sites[site.number]["id"],
            "name": f"Cohort {nth + 1}",
            "track": "general",
            "gender_group": None,
            "capacity": seats,
            "dual_diagnosis_trained": False,
        },
        key=f"year-{walk.year.seed}/cohort/{site.number}/{nth}",
    )


async def plan_term(walk: YearWalk, term: Term) -> None:
    """Enter the sessions of a term at all clinics."""
    for site in walk.year.sites:
        for nth, cohort in enumerate(walk.cohorts[site.number]):
            await _plan_cohort(walk, term, site, nth, cohort)


async def _plan_cohort(
    walk: YearWalk, term: Term, site: SiteInYear, nth: int, cohort: dict[str, Any]
) -> None:
    manager: Who = walk.who("site_manager", site.number)
    made = await walk.services.create(
        "scheduling",
        f"/cohorts/{cohort['id']}/curriculum",
        manager,
        {
            "starts_on": term.starts_on.isoformat(),
            "weeks": term.weeks,
            "slots": list(site.slots),
        },
        key=f"year-{walk.year.seed}/curriculum/{term.starts_on}/{site.number}/{nth}",
    )
    sessions = await walk.services.all(
        "scheduling",
        "/sessions",
        manager,
        cohort_id=cohort["id"],
        **{"from": made["first_starts_at"]},
    )
    for session in sessions:
        day = date.fromisoformat(session["local_date"])
        walk.sessions.setdefault(day, []).append((site.number, session))
