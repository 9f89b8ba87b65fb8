"""Before the clients come: clinics, cohorts, and a curriculum from the next Monday on."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from stepwell.region.api import Services, Who
from stepwell.region.plan import CohortPlan, SitePlan
from stepwell.region.walk import EVERYWHERE, Walk, together

RUN = re.compile(r"Cohort (\d+), ")


async def next_run(services: Services) -> int:
    """The number of the next run, from the names of the cohorts that earlier runs opened."""
    cohorts = await services.all("scheduling", "/cohorts", EVERYWHERE)
    earlier = (RUN.match(cohort["name"]) for cohort in cohorts)
    return 1 + max((int(found[1]) for found in earlier if found), default=0)


async def end_of_earlier_runs(services: Services, now: datetime) -> datetime:
    """When the last session of all earlier runs ends; `now` when they are over.

    A run that was interrupted leaves cohorts that still meet, and they would take new clients.
    """
    latest = now
    for cohort in await services.all("scheduling", "/cohorts", EVERYWHERE):
        if RUN.match(cohort["name"]):
            since = {"cohort_id": cohort["id"], "from": now.isoformat()}
            for session in await services.all("scheduling", "/sessions", EVERYWHERE, **since):
                latest = max(latest, datetime.fromisoformat(session["ends_at"]))
    return latest


async def open_clinics(walk: Walk) -> None:
    """Open the sites that are not open yet, and the cohorts of this run."""
    services = walk.services
    known = {site["name"]: site for site in await services.all("scheduling", "/sites", EVERYWHERE)}

    async def site(plan: SitePlan) -> None:
        walk.sites[plan.number] = known.get(plan.name) or await services.create(
            "scheduling",
            "/sites",
            EVERYWHERE,
            {"name": plan.name, "time_zone": plan.time_zone},
            key=f"site/{plan.name}",
        )

    await together(walk.region.sites, site)


async def open_cohorts(walk: Walk, starts_on: date) -> None:
    """Open the cohorts of this run and plan their sessions."""

    async def cohort(plan: CohortPlan) -> None:
        site = walk.sites[plan.site]
        manager = Who("site_manager", site["id"])
        made = await walk.services.create(
            "scheduling",
            "/cohorts",
            manager,
            {
                "site_id": site["id"],
                "name": plan.name,
                "track": plan.track,
                "gender_group": plan.gender_group,
                "capacity": plan.capacity,
                "dual_diagnosis_trained": plan.trained,
            },
            key=walk.key("cohort", plan.site, plan.name),
        )
        await walk.services.create(
            "scheduling",
            f"/cohorts/{made['id']}/curriculum",
            manager,
            {
                "starts_on": starts_on.isoformat(),
                "weeks": walk.region.size.weeks,
                "slots": list(walk.region.slots),
            },
            key=walk.key("curriculum", plan.site, plan.name),
        )
        walk.cohorts.append(made)
        walk.sessions[made["id"]] = await walk.services.all(
            "scheduling", "/sessions", manager, cohort_id=made["id"]
        )
        walk.on_step()

    await together(walk.region.cohorts, cohort)


def next_monday(now: datetime, sites: dict[int, dict[str, Any]]) -> date:
    """The first Monday after today, today being that of the site where the date is latest."""
    today = max(now.astimezone(ZoneInfo(site["time_zone"])).date() for site in sites.values())
    return today + timedelta(days=7 - today.weekday())


def next_opening(now: datetime) -> datetime:
    """When people can come next: at once from 13 to 16 h UTC on a weekday, else the next 13 h."""
    if now.weekday() < 5 and 13 <= now.hour < 16:
        return now
    day = now if now.hour < 13 else now + timedelta(days=1)
    day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)
    return day.replace(hour=13, minute=0, second=0, microsecond=0)
