"""A week is planned in the background, and a person publishes it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import time
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.scheduling.plans.jobs import plan_job
from shared import clock
from shared.contracts.intake import AvailableTime, PreferencesChanged
from shared.contracts.scheduling import SessionScheduled
from shared.database import ALL_SITES
from shared.jobs import JobContext
from tests.support.merges import merged
from tests.support.scheduling import (
    Clinic,
    Enrolled,
    authorized,
    created,
    open_clinic,
    refused,
)
from tests.support.system import System

WEEK = "2026-W10"
STAFF = """
INSERT INTO staff (id, name, languages, trainings, credentials, hours, created_at)
VALUES ($1, 'Somebody', '{}', '{}', '[]', $2, now())
"""


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


class Week:
    """A site with a cohort of a Monday evening, one client, a room, an office and two people."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.people = [uuid4(), uuid4()]
        self.client = Enrolled("Ada", UUID(int=0))

    async def begin(self) -> "Week":
        self.site = await self.clinic.site()
        self.cohort = await self.clinic.cohort(self.site)
        await self.clinic.curriculum(self.cohort, weeks=1)
        self.client = Enrolled("Ada", self.site)
        await self.clinic.tell(self.client.enrolment)
        day = {"starts_minute": 480, "ends_minute": 1260, "site_id": str(self.site)}
        hours = json.dumps([{"weekday": weekday, **day} for weekday in range(1, 6)])
        async with self.clinic.database.transaction(ALL_SITES) as tx:
            for person in self.people:
                await tx.execute(STAFF, person, hours)
                await tx.execute("INSERT INTO staff_sites VALUES ($1, $2, true)", person, self.site)
            for name, capacity in (("Large", 12), ("Office", 3)):
                await tx.execute(
                    "INSERT INTO rooms (id, site_id, name, kind, capacity, created_at)"
                    " VALUES ($1, $2, $3, 'room', $4, now())",
                    uuid4(),
                    self.site,
                    name,
                    capacity,
                )
        (session,) = await self.clinic.sessions(self.cohort)
        self.session = session["id"]
        return self

    async def plan(self) -> str:
        body = {"site_ids": [str(self.site)], "week": WEEK}
        run = created(await self.clinic.regional.post("/plan-runs", body))
        assert run["state"] == "queued"
        settings = self.clinic.system.settings("scheduling", topics=False)
        assert await plan_job.run(JobContext(self.clinic.database, settings)) == 1
        return str(run["id"])

    async def shown(self, path: str) -> dict[str, Any]:
        answer = await self.clinic.regional.get(f"/plan-runs/{path}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def booked(self) -> list[tuple[str, str]]:
        rows = await self.clinic.system.fetch(
            "scheduling", "SELECT kind, resource_id::text FROM bookings ORDER BY 1, 2"
        )
        return [tuple(row) for row in rows]

    async def leave(self, person: UUID) -> None:
        async with self.clinic.database.transaction(ALL_SITES) as tx:
            await tx.execute(
                "INSERT INTO staff_leave VALUES ($1, $2, '[2026-03-02, 2026-03-07)', now())",
                uuid4(),
                person,
            )


@pytest.fixture
async def week(clinic: Clinic) -> Week:
    return await Week(clinic).begin()


async def test_a_draft_staffs_groups_and_places_each_client_and_a_person_publishes_it(week: Week):
    run = await week.plan()
    assert (await week.shown(run))["state"] == "drafted"
    draft = await week.shown(f"{run}/plan")
    assert (draft["proved"], draft["unplaced"]) == (True, [])
    (session,) = draft["sessions"]
    assert session["changes"] == ["facilitator", "room"]
    individual, family = sorted(draft["places"], key=lambda place: place["kind"], reverse=True)
    assert {individual["kind"], family["kind"]} == {"individual", "family"}
    await week.clinic.tell(authorized(week.client, 12, adds_up="session"))
    before = len(await week.clinic.published())

    answer = await week.clinic.regional.post(f"/plan-runs/{run}/publish", {})
    refused(answer, 409, "units-exceeded", "/excess_reason")
    assert len(await week.clinic.published()) == before
    reason = {"excess_reason": "authorization_requested"}
    answer = await week.clinic.regional.post(f"/plan-runs/{run}/publish", reason)
    assert (answer.status_code, answer.json()["state"]) == (201, "published"), answer.text
    told = (await week.clinic.published())[before:]
    assert all(isinstance(event, SessionScheduled) for event in told)
    assert sorted(event.kind for event in told) == ["family", "group", "individual"]
    assert {event.client_id for event in told} == {week.client.id}
    kinds = [kind for kind, _ in await week.booked()]
    assert kinds == ["client"] * 3 + ["facilitator"] * 3 + ["room"] * 3

    again = await week.clinic.regional.post(f"/plan-runs/{run}/publish", {})
    refused(again, 409, "plan-not-ready")
    other = await week.shown(f"{await week.plan()}/plan")
    assert other["sessions"][0]["changes"] == []
    assert other["places"] == []


def able_to_come(client_id: UUID, site_id: UUID, zone: str, **of: Any) -> PreferencesChanged:
    """A client of that zone says when to be able to come."""
    return PreferencesChanged(
        client_id=client_id,
        site_id=site_id,
        time_zone=zone,
        available=[AvailableTime(**of)],
        telehealth=False,
        needs_transport=False,
        needs_child_care=False,
        language="en",
        gender_group=None,
        changed_at=clock.now(),
    )


async def test_a_client_s_sessions_are_planned_within_the_hours_stated_in_any_record(week: Week):
    former = uuid4()
    noon = {"weekday": 3, "starts_at": time(12), "ends_at": time(14)}
    await week.clinic.tell(able_to_come(former, week.site, "America/New_York", **noon))
    await week.clinic.tell(merged(week.client.id, former, week.site))
    draft = await week.shown(f"{await week.plan()}/plan")
    assert draft["unplaced"] == []
    first, second = sorted((place["starts_at"], place["ends_at"]) for place in draft["places"])
    assert "2026-03-04T17:00:00Z" <= first[0] < first[1] <= second[0]
    assert second[1] <= "2026-03-04T19:00:00Z"


async def test_nobody_is_planned_at_night_where_a_site_has_stated_no_hours(week: Week):
    async with week.clinic.database.transaction(ALL_SITES) as tx:
        await tx.execute("UPDATE staff SET hours = '[]'")
    night = {"weekday": 3, "starts_at": time(5), "ends_at": time(10)}
    await week.clinic.tell(able_to_come(week.client.id, week.site, "America/Denver", **night))
    draft = await week.shown(f"{await week.plan()}/plan")
    assert draft["unplaced"] == []
    begins = sorted(place["starts_at"] for place in draft["places"])
    assert "2026-03-04T15:00:00Z" <= begins[0] < begins[1] <= "2026-03-04T16:00:00Z"


async def test_what_changed_since_is_named_and_nothing_is_written(week: Week):
    run = await week.plan()
    await week.leave(week.people[0])
    before = await week.booked()
    answer = await week.clinic.regional.post(f"/plan-runs/{run}/publish", {})
    refused(answer, 409, "plan-outdated")
    assert f"person {week.people[0]}" in answer.json()["detail"]
    assert await week.booked() == before


async def test_what_has_no_place_says_which_rules_are_in_conflict(week: Week):
    for person in week.people:
        await week.leave(person)
    draft = await week.shown(f"{await week.plan()}/plan")
    lead = next(one for one in draft["unplaced"] if one["post"] == "facilitator")
    assert lead["id"] == week.session
    assert {(rule["rule"], rule["of"]) for rule in lead["conflict"]} == {
        ("leave", str(person)) for person in week.people
    }


async def test_a_run_whose_worker_was_stopped_is_taken_again(week: Week):
    body = {"site_ids": [str(week.site)], "week": WEEK}
    run = created(await week.clinic.regional.post("/plan-runs", body))["id"]
    settings = week.clinic.system.settings("scheduling", topics=False)
    async with week.clinic.database.transaction(ALL_SITES) as tx:
        await tx.execute("LOCK TABLE rooms")  # so that it cannot be done before it is stopped
        working = asyncio.ensure_future(plan_job.run(JobContext(week.clinic.database, settings)))
        await week.clinic.system.until("scheduling", "SELECT state FROM plan_runs", is_="running")
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
    assert (await week.shown(run))["state"] == "queued"
    stopped = await week.clinic.regional.post(f"/plan-runs/{run}/stop", {})
    assert stopped.status_code == 201
    assert await plan_job.run(JobContext(week.clinic.database, settings)) == 1
    assert (await week.shown(f"{run}/plan"))["sessions"][0]["facilitator_id"] is not None


async def test_only_the_region_plans_and_sees_only_runs_of_its_sites(week: Week):
    body = {"site_ids": [str(week.site)], "week": WEEK}
    refused(await week.clinic.desk.post("/plan-runs", body), 403, "forbidden")
    wrong = {"site_ids": [str(uuid4())], "week": WEEK}
    refused(await week.clinic.regional.post("/plan-runs", wrong), 404, "not-found", "/site_ids/0")
    run = created(await week.clinic.regional.post("/plan-runs", body))["id"]
    elsewhere = week.clinic.system.client("scheduling", "site_manager", [uuid4()])
    refused(await elsewhere.get(f"/plan-runs/{run}"), 404, "not-found")
    refused(await week.clinic.regional.get(f"/plan-runs/{run}/plan"), 404, "not-found")
