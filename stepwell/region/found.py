"""What the services say afterwards about the clients of a run: the only source of the story."""

import asyncio
from dataclasses import dataclass
from typing import Any

from stepwell.region.plan import ClientPlan
from stepwell.region.walk import Walk, together

Found = dict[str, Any]


@dataclass(frozen=True)
class Client:
    """One client as the four services know them. Lists are oldest first."""

    id: str
    label: str
    site: Found
    referral: Found
    screenings: list[Found]
    flags: list[Found]
    """Risk flags, by their deadlines."""
    determinations: list[Found]
    authorizations: list[Found]
    enrolments: list[Found]
    placements: list[Found]
    attendances: list[Found]
    """As they were answered when they were recorded."""
    messages: list[Found]
    recommendations: list[Found]
    measures: tuple[Found, ...] = ()
    """The course of the stay by each measure; empty for who was never in the program."""

    def totals(self, instrument: str) -> list[int]:
        """All totals of an instrument that there are."""
        return [
            result["total"]
            for screening in self.screenings
            for result in screening["results"]
            if result["instrument"] == instrument and result["total"] is not None
        ]

    @property
    def attended(self) -> int:
        return sum(one["status"] in ("present", "partial") for one in self.attendances)

    def delivered(self, kind: str) -> list[Found]:
        """Messages of a kind that went out."""
        return [m for m in self.messages if m["kind"] == kind and m["state"] == "delivered"]


async def levels_above_program(walk: Walk) -> set[str]:
    """The levels of care that the policies place above the program's own."""
    lead = walk.who("clinical_lead", walk.region.clients[0])
    above: set[str] = set()
    for policy in await walk.services.get("intake", "/level-of-care-policies", lead):
        levels = [level["level"] for level in policy["levels"]]
        above.update(levels[levels.index(policy["program_level"]) + 1 :])
    return above


async def read_clients(walk: Walk) -> dict[int, Client]:
    """Ask all services about every client of the run; by number of the client."""
    found: dict[int, Client] = {}

    async def one(plan: ClientPlan) -> None:
        found[plan.number] = await read_client(walk, plan)

    await together(walk.region.clients, one)
    return dict(sorted(found.items()))


async def read_client(walk: Walk, plan: ClientPlan) -> Client:
    """Ask all services about one client."""
    client_id = walk.id_of(plan)
    counselor = walk.who("counselor", plan)

    async def items(service: str, path: str, **params: str) -> list[Found]:
        return await walk.services.all(service, path, counselor, **params)

    person, *lists = await asyncio.gather(
        walk.services.get("intake", f"/clients/{client_id}", counselor),
        items("intake", f"/clients/{client_id}/screenings"),
        items("intake", f"/clients/{client_id}/risk-flags"),
        items("intake", f"/clients/{client_id}/level-of-care-determinations"),
        items("intake", f"/clients/{client_id}/authorizations"),
        items("intake", f"/clients/{client_id}/enrolments"),
        items("scheduling", "/placements", client_id=client_id),
        items("notifications", "/notifications", client_id=client_id),
        items("outcomes", "/recommendations", client_id=client_id),
    )
    screenings, flags, determinations, authorizations, enrolments, *others = lists
    placements, messages, recommendations = others
    course: Found = {"measures": ()}
    if enrolments:
        path = f"/clients/{client_id}/measures"
        course = await walk.services.get("outcomes", path, counselor)
    return Client(
        id=client_id,
        label=str(person["given_name"] or person["family_name"]),
        site=walk.sites[plan.site],
        referral=walk.referrals[plan.number],
        screenings=screenings,
        flags=flags,
        determinations=determinations,
        authorizations=authorizations,
        enrolments=enrolments,
        placements=placements,
        attendances=walk.attendances.get(plan.number, []),
        messages=sorted(messages, key=lambda message: message["due_at"]),
        recommendations=recommendations,
        measures=tuple(course["measures"]),
    )


async def read_sites(walk: Walk) -> None:
    """Ask scheduling about the last day with sessions at each site, and about its first week, and
    outcomes how the site stands."""

    async def one(number: int) -> None:
        here = walk.sites[number]["id"]
        cohorts = [cohort["id"] for cohort in walk.cohorts if cohort["site_id"] == here]
        sessions = [session for cohort in cohorts for session in walk.sessions[cohort]]
        last = max(session["local_date"] for session in sessions)
        first = min(session["week"] for session in sessions)
        manager = walk.manager(number)
        walk.days[number] = await walk.services.get(
            "scheduling", f"/sites/{here}/day", manager, date=last
        )
        walk.weeks[number] = await walk.services.all(
            "scheduling", "/weekly-hours", manager, site_id=here, week=first
        )
        board = await walk.services.get("outcomes", "/board", manager, site_id=here)
        walk.boards[number] = board["total"]

    await together(walk.sites, one)
