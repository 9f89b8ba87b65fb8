"""Before the clients come: clinics, cohorts, and a curriculum from the next Monday on."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from stepwell.region.api import Services, Who
from stepwell.region.equipping import equip, region_id
from stepwell.region.plan import CohortPlan, SitePlan
from stepwell.region.walk import EVERYWHERE, Walk, together

RUN = re.compile(r"Cohort (\d+), ")


async def latest_run(services: Services) -> tuple[int, list[dict[str, Any]]]:
    """The number of the latest run and its cohorts; 0 before the first. The names tell."""
    cohorts: dict[int, list[dict[str, Any]]] = {0: []}
    for cohort in await services.all("scheduling", "/cohorts", EVERYWHERE):
        if found := RUN.match(cohort["name"]):
            cohorts.setdefault(int(found[1]), []).append(cohort)
    latest = max(cohorts)
    return latest, cohorts[latest]


async def plan_what_never_met(
    services: Services, cohorts: Iterable[dict[str, Any]], slots: Sequence[Any], now: datetime
) -> None:
    """Give the cohorts without sessions a week that is over.

    A run that was interrupted while it opened its cohorts leaves some without sessions, and they
    would take new clients.
    """
    for cohort in cohorts:
        manager = Who("site_manager", cohort["site_id"])
        if not await services.all("scheduling", "/sessions", manager, cohort_id=cohort["id"]):
            await services.create(
                "scheduling",
                f"/cohorts/{cohort['id']}/curriculum",
                manager,
                {
                    "starts_on": (now.date() - timedelta(weeks=2)).isoformat(),
                    "weeks": 1,
                    "slots": list(slots),
                },
                key=f"never-met/{cohort['id']}",
            )


async def end_of_sessions(
    services: Services, cohorts: Iterable[dict[str, Any]], now: datetime
) -> datetime:
    """When the last session of some cohorts ends; `now` when they are over.

    A run that was interrupted leaves cohorts that still meet, and they would take new clients. The
    runs before it need no look: it began after their end.
    """
    ends = [now]
    for cohort in cohorts:
        since = {"cohort_id": cohort["id"], "from": now.isoformat()}
        sessions = await services.all("scheduling", "/sessions", EVERYWHERE, **since)
        ends += [datetime.fromisoformat(session["ends_at"]) for session in sessions]
    return max(ends)


async def open_clinics(walk: Walk) -> None:
    """Open the sites that are not open yet, with rooms and counselors for this run's cohorts."""
    services = walk.services
    region = await region_id(walk)
    known = {site["name"]: site for site in await services.all("scheduling", "/sites", EVERYWHERE)}

    async def site(plan: SitePlan) -> None:
        walk.sites[plan.number] = known.get(plan.name) or await services.create(
            "scheduling",
            "/sites",
            EVERYWHERE,
            {"name": plan.name, "time_zone": plan.time_zone, "region_id": region},
            key=f"site/{plan.name}",
        )

    await together(walk.region.sites, site)
    await equip(walk)


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
                "slots": [
                    {**slot, **walk.equipment[plan.site, plan.name]} for slot in walk.region.slots
                ],
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
