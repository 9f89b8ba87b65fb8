"""What each clinic has before its cohorts meet: a region, a room and a person for each of them."""

from collections import Counter
from typing import Any

from stepwell.region.plan import CohortPlan
from stepwell.region.walk import EVERYWHERE, Walk, together

REGION = "Front Range"
PLACES_BESIDE_CLIENTS = 1
"""A room has a place for whoever holds the session, too."""


async def region_id(walk: Walk) -> str:
    """The region of all clinics, opened if there is none yet."""
    known = await walk.services.all("scheduling", "/regions", EVERYWHERE)
    found = next((one for one in known if one["name"] == REGION), None)
    opened = found or await walk.services.create(
        "scheduling", "/regions", EVERYWHERE, {"name": REGION}, key="region"
    )
    return str(opened["id"])


async def equip(walk: Walk) -> None:
    """Know a room and a counselor for each cohort of a clinic, and enter those that are missing."""
    counted: Counter[int] = Counter()
    wanted: list[tuple[int, int, CohortPlan]] = []
    for plan in walk.region.cohorts:
        counted[plan.site] += 1
        wanted.append((plan.site, counted[plan.site], plan))
    known = {
        number: (
            await walk.services.all("scheduling", "/rooms", walk.manager(number), site_id=here),
            await walk.services.all("scheduling", "/staff", walk.manager(number), site_id=here),
        )
        for number in counted
        if (here := walk.sites[number]["id"])
    }

    async def one(place: tuple[int, int, CohortPlan]) -> None:
        number, n, plan = place
        here = walk.sites[number]["id"]
        rooms, staff = known[number]
        room = {
            "site_id": here,
            "name": f"Room {n}",
            "kind": "room",
            "capacity": plan.capacity + PLACES_BESIDE_CLIENTS,
        }
        person = {
            "name": f"Counselor {n}",
            "home_site_id": here,
            "site_ids": [here],
            "credentials": [{"credential": "lac", "expires_on": None}],
            "trainings": ["dual_diagnosis"] if plan.trained else [],
        }
        walk.equipment[plan.site, plan.name] = {
            "room_id": await _known(walk, number, "/rooms", rooms, room),
            "facilitator_id": await _known(walk, number, "/staff", staff, person),
        }

    await together(wanted, one)


async def _known(
    walk: Walk, site: int, path: str, known: list[dict[str, Any]], wanted: dict[str, Any]
) -> str:
    found = next((one for one in known if one["name"] == wanted["name"]), None)
    made = found or await walk.services.create(
        "scheduling", path, walk.manager(site), wanted, key=f"{path}/{site}/{wanted['name']}"
    )
    return str(made["id"])
