"""Sessions get rooms and staff, are moved, added and given to others; nobody is taken twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import orjson
import pytest

from services.scheduling.appointments.commands import Booking, Busy, book
from services.scheduling.appointments.rules import Asked
from services.scheduling.sessions.cancelling import NEXT_ENTERED, close_next_day
from services.scheduling.sessions.changing import assign
from services.scheduling.sessions.commands import NEXT_DUE, materialize_next
from services.scheduling.sessions.jobs import closing_job
from shared import clock
from shared.contracts.scheduling import SessionNotHeld, SessionScheduled
from shared.database import ALL_SITES, insert
from shared.jobs import JobContext
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import Client, System

SHORT = {**EVENING, "minutes": 60, "break_minutes": 0}


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


@dataclass
class House:
    """A site in Denver with a manager, and what stands in its directory."""

    clinic: Clinic
    site: UUID
    manager: Client

    async def put(self, table: str, **row: Any) -> UUID:
        row_id: UUID = row.setdefault("id", uuid4())
        await self.do(*insert(table, row))
        return row_id

    async def do(self, statement: str, *given: object) -> None:
        async with self.clinic.database.transaction(ALL_SITES) as tx:
            await tx.execute(statement, *given)

    async def put_only(self, table: str, **row: Any) -> None:
        await self.do(*insert(table, row))

    async def room(self, kind: str = "room", capacity: int = 20, **other: Any) -> UUID:
        name, at = str(uuid4()), clock.now()
        given = {"name": name, "kind": kind, "capacity": capacity, "created_at": at, **other}
        return await self.put("rooms", site_id=self.site, **given)

    async def therapist(
        self, credentials: tuple[tuple[str, str | None], ...] = (), hours: Any = ()
    ) -> UUID:
        held = [{"credential": name, "expires_on": day} for name, day in credentials]
        works = [
            {"weekday": day, "starts_minute": a, "ends_minute": b, "site_id": str(self.site)}
            for day, a, b in hours
        ]
        person = await self.put(
            "staff",
            name="x",
            languages=[],
            trainings=[],
            credentials=orjson.dumps(held).decode(),
            hours=orjson.dumps(works).decode(),
            created_at=clock.now(),
        )
        await self.put_only("staff_sites", staff_id=person, site_id=self.site, home=True)
        return person

    async def plan(self, cohort: UUID, *slots: dict[str, Any], **other: Any) -> httpx.Response:
        body = {"starts_on": "2026-03-02", "weeks": 1, "slots": slots, **other}
        return await self.manager.post(f"/cohorts/{cohort}/curriculum", body)

    async def change(
        self, session: str, what: str, body: dict[str, Any], etag: str = '"1"'
    ) -> httpx.Response:
        return await self.manager.post(f"/sessions/{session}/{what}", body, etag=etag)

    async def told(self) -> list[SessionScheduled]:
        return [e for e in await self.clinic.published() if isinstance(e, SessionScheduled)]


@pytest.fixture
async def house(clinic: Clinic) -> House:
    site = await clinic.site()
    return House(clinic, site, clinic.system.client("scheduling", "site_manager", [site]))


async def test_a_session_gets_room_and_staff_and_whoever_is_expected_is_told_once(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    one, other = [await clinic.cohort(site, name) for name in ("One", "Other")]
    for cohort in (one, other):
        await clinic.curriculum(cohort, weeks=1)
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)
    placed = [e for e in await clinic.published() if isinstance(e, SessionScheduled)]
    (mine,) = placed
    theirs = one if mine.cohort_id == other else other
    (elsewhere,) = await clinic.sessions(theirs)
    room, therapist, helper = uuid4(), uuid4(), uuid4()
    times = mine.starts_at, mine.ends_at
    async with clinic.database.transaction(ALL_SITES) as tx:
        await assign(tx, {mine.session_id: Asked(*times, None, room, therapist, (helper,))})
    told = [e for e in await clinic.published() if isinstance(e, SessionScheduled)]
    assert [(e.room_id, e.facilitator_id, e.cofacilitator_ids) for e in told] == [
        (None, None, []),
        (room, therapist, [helper]),
    ]
    with pytest.raises(Busy) as busy:
        async with clinic.database.transaction(ALL_SITES) as tx:
            await assign(tx, {UUID(elsewhere["id"]): Asked(*times, facilitator_id=helper)})
    assert [(t.resource_id, t.kind, t.taken_for) for t in busy.value.taken] == [
        (helper, "facilitator", mine.session_id)
    ]
    assert f"session {mine.session_id}" in busy.value.detail


async def test_a_plan_gives_every_session_its_room_and_staff_or_is_refused_by_the_rule(
    house: House,
) -> None:
    clinic = house.clinic
    cohort = await clinic.cohort(house.site)
    await house.do(
        "UPDATE cohorts SET credentials = '{LAC}', cofacilitated = true WHERE id = $1",
        cohort,
    )
    small, online = await house.room(capacity=10), await house.room("telehealth")
    room = await house.room()
    expiring = await house.therapist((("LAC", "2026-03-02"),))
    helper = await house.therapist((("LAC", None),), [(1, 17 * 60, 21 * 60)])
    slot = {**EVENING, "room_id": str(room), "facilitator_id": str(expiring)}
    staffed = {**slot, "cofacilitator_ids": [str(helper)]}

    async def wrong(slug: str, field: str, weeks: int = 1, **other: Any) -> None:
        answer = await house.plan(cohort, {**staffed, **other}, weeks=weeks)
        refused(answer, 422, slug, f"/slots/0/{field}")

    await wrong("room-too-small", "room_id", room_id=str(small))
    await wrong("room-not-at-site", "room_id", room_id=str(uuid4()))
    await wrong("room-of-other-modality", "room_id", room_id=str(online), modality="in_person")
    await wrong("cofacilitator-needed", "cofacilitator_ids", cofacilitator_ids=[])
    await wrong("facilitator-unsuited", "facilitator_id", facilitator_id=str(uuid4()))
    await wrong("facilitator-unsuited", "facilitator_id", weeks=2)
    await wrong("cofacilitator-unsuited", "cofacilitator_ids", starts="18:30")
    await house.put_only(
        "opening_hours", site_id=house.site, weekday=1, opens_minute=480, closes_minute=1230
    )
    await wrong("outside-opening-hours", "starts", starts="17:45")
    assert await clinic.sessions(cohort) == []

    made = created(await house.plan(cohort, staffed))
    (session,) = await clinic.sessions(cohort)
    assert (session["room_id"], session["facilitator_id"]) == (str(room), str(expiring))
    assert session["cofacilitator_ids"] == [str(helper)]
    assert (made["sessions"], made["left_out"], made["conflicts"]) == (1, [], [])

    other = await clinic.cohort(house.site, "Other")
    answer = await house.plan(other, {**SHORT, "room_id": str(room)})
    refused(answer, 409, "busy", "/slots/0/room_id")
    assert (
        f"taken from 2026-03-03T00:30Z to 2026-03-03T03:30Z for session {session['id']}"
        in (answer.json()["detail"])
    )
    assert await clinic.sessions(other) == []
    created(await house.plan(other, {**SHORT, "room_id": str(await house.room("telehealth"))}))
    assert {one["modality"] for one in await clinic.sessions(other)} == {"telehealth"}


async def test_closed_days_are_left_out_and_modules_take_turns_by_a_rule(house: House) -> None:
    cohort = await house.clinic.cohort(house.site)
    await house.put_only(
        "closed_days",
        site_id=house.site,
        day=date(2026, 3, 9),
        name="Founders' day",
        kind="holiday",
    )
    rule = {**EVENING, "weekday": None, "rrule": "FREQ=WEEKLY;BYDAY=MO,WE"}
    first, second = (
        {**rule, "module": n, "topic": f"Module {n}", "kind": kind, "phases": [n]}
        for n, kind in ((1, "psychoeducation"), (2, "life_skills"))
    )
    made = created(await house.plan(cohort, second, first, weeks=2))
    assert made["left_out"] == [{"day": "2026-03-09", "name": "Founders' day"}]
    assert (made["sessions"], made["weekly_minutes"]) == (3, 330)
    sessions = await house.clinic.sessions(cohort)
    assert [(s["local_date"], s["topic"], s["kind"], s["phases"]) for s in sessions] == [
        ("2026-03-02", "Module 1", "psychoeducation", [1]),
        ("2026-03-04", "Module 2", "life_skills", [2]),
        ("2026-03-11", "Module 2", "life_skills", [2]),
    ]
    closed = await house.plan(cohort, EVENING, starts_on="2026-03-09")
    refused(closed, 422, "nothing-planned", "/slots")


async def test_a_plan_without_an_end_is_made_week_by_week_until_it_is_ended(house: House) -> None:
    clinic = house.clinic
    cohort = await clinic.cohort(house.site)
    room, therapist = await house.room(), await house.therapist()
    slot = {**EVENING, "room_id": str(room), "facilitator_id": str(therapist)}
    made = created(await house.plan(cohort, slot, weeks=None))
    assert (made["sessions"], made["materialized_until"]) == (13, "2026-06-01")
    ana = Enrolled("ana", house.site)
    await clinic.tell(ana.enrolment)
    other = await clinic.cohort(house.site, "Other")
    on_the_day = {**SHORT, "facilitator_id": str(therapist)}
    created(await house.plan(other, on_the_day, starts_on="2026-06-01"))

    async def work() -> int:
        async with clinic.database.transaction(ALL_SITES) as tx:
            due = await tx.fetchval(NEXT_DUE)
            return await materialize_next(tx) if due <= tx.now else -1

    assert await work() == -1
    clinic.at(datetime(2026, 3, 9, 7, tzinfo=UTC))
    assert (await work(), await work()) == (1, -1)
    shown = (await clinic.desk.get(f"/cohorts/{cohort}/curriculum/{made['id']}")).json()
    assert (shown["sessions"], shown["materialized_until"]) == (14, "2026-06-08")
    *_, before, last = await clinic.sessions(cohort)
    assert (before["facilitator_id"], last["local_date"]) == (str(therapist), "2026-06-01")
    assert (last["room_id"], last["facilitator_id"]) == (str(room), None)
    assert (await house.told())[-1].session_id == UUID(last["id"])

    path = f"/cohorts/{cohort}/curriculum/{made['id']}/end"
    body = {"last_day": "2026-05-24", "reason": "other"}
    early = {**body, "last_day": "2026-03-08"}
    refused(await house.manager.post(path, early, etag='"2"'), 422, "time-is-past", "/last_day")
    late = (await house.manager.post(path, {**body, "last_day": "2026-06-10"}, etag='"2"')).json()
    assert (late["materialized_until"], late["ends_on"]) == ("2026-06-08", "2026-06-10")
    clinic.at(datetime(2026, 3, 16, 7, tzinfo=UTC))
    assert await work() == 1
    async with clinic.database.transaction(ALL_SITES) as tx:
        assert await tx.fetchval(NEXT_DUE) is None
    assert (await clinic.sessions(cohort))[-1]["local_date"] == "2026-06-08"
    longer = {**body, "last_day": "2026-06-11"}
    refused(await house.manager.post(path, longer, etag='"4"'), 422, "plan-has-ended", "/last_day")
    ended = (await house.manager.post(path, body, etag='"4"')).json()
    assert (ended["materialized_until"], ended["ends_on"]) == ("2026-05-25", "2026-05-24")
    gone = [s for s in await clinic.sessions(cohort) if s["not_held_at"] is not None]
    assert [s["local_date"] for s in gone] == ["2026-05-25", "2026-06-01", "2026-06-08"]


async def test_a_session_is_held_at_another_time_in_another_room_by_others(house: House) -> None:
    clinic = house.clinic
    cohort = await clinic.cohort(house.site)
    room, online = await house.room(), await house.room("telehealth", join_url="https://meet/x")
    therapist, other = await house.therapist(), await house.therapist()
    slot = {**EVENING, "room_id": str(room), "facilitator_id": str(therapist)}
    created(await house.plan(cohort, slot, {**slot, "weekday": 1}))
    ana, ben = Enrolled("ana", house.site), Enrolled("ben", house.site)
    await clinic.tell(ana.enrolment, ben.enrolment)
    before = len(await house.told())
    first, second = await clinic.sessions(cohort)

    moved = await house.change(first["id"], "reschedule", {"day": "2026-03-04", "starts": "09:00"})
    assert (moved.status_code, moved.headers["etag"]) == (200, '"2"'), moved.text
    assert (moved.json()["starts_at"], moved.json()["room_id"]) == (
        "2026-03-04T16:00:00Z",
        str(room),
    )
    stale = await house.change(first["id"], "staff", {"facilitator_id": str(other)})
    assert stale.status_code == 412
    given = await house.change(first["id"], "staff", {"facilitator_id": str(other)}, '"2"')
    assert given.json()["facilitator_id"] == str(other)
    there = await house.change(first["id"], "room", {"room_id": str(online)}, '"3"')
    assert (there.json()["modality"], there.json()["join_url"]) == ("telehealth", "https://meet/x")
    told = (await house.told())[before:]
    assert [(e.modality, e.facilitator_id, e.moved_from is not None) for e in told] == [
        *[("in_person", therapist, True)] * 2,
        *[("in_person", other, False)] * 2,
        *[("telehealth", other, False)] * 2,
    ]
    assert all("meet" not in e.model_dump_json() for e in told)
    assert {e.client_id for e in told[:2]} == {ana.id, ben.id}

    async def wrong(status: int, slug: str, pointer: str, body: dict[str, Any]) -> None:
        answer = await house.change(second["id"], "reschedule", body)
        refused(answer, status, slug, pointer)

    await wrong(409, "sessions-overlap", "/starts", {"day": "2026-03-04", "starts": "09:30"})
    await wrong(422, "time-is-past", "/day", {"day": "2026-02-20", "starts": "09:30"})
    await wrong(422, "no-such-time", "/starts", {"day": "2026-03-08", "starts": "02:30"})
    away = asyncpg.Range(datetime(2026, 3, 12, tzinfo=UTC), datetime(2026, 3, 14, tzinfo=UTC))
    await house.put("staff_leave", staff_id=therapist, during=away, entered_at=clock.now())
    on_leave = {"day": "2026-03-12", "starts": "09:00"}
    await wrong(422, "facilitator-unsuited", "/starts", on_leave)
    twice = {"day": "2026-11-01", "starts": "01:30"}
    await wrong(422, "time-shown-twice", "/fold", twice)
    late = await house.change(second["id"], "reschedule", {**twice, "fold": 1})
    assert late.json()["starts_at"] == "2026-11-01T08:30:00Z"
    clinic.at(datetime(2026, 3, 4, 16, tzinfo=UTC))
    refused(await house.change(first["id"], "room", {"room_id": None}, '"4"'), 409, "session-began")


async def test_a_client_with_another_session_is_expected_once_that_one_goes_away(
    house: House,
) -> None:
    clinic = house.clinic
    cohort = await clinic.cohort(house.site)
    created(await house.plan(cohort, EVENING))
    ana = Enrolled("ana", house.site)
    await clinic.tell(ana.enrolment)
    own = await house.put(
        "sessions",
        site_id=house.site,
        starts_at=datetime(2026, 3, 5, 16, tzinfo=UTC),
        ends_at=datetime(2026, 3, 5, 17, tzinfo=UTC),
        time_zone="America/Denver",
        local_start=datetime.combine(date(2026, 3, 5), time(9)),
        kind="individual",
        topic="x",
        break_minutes=0,
    )
    (placement,) = await clinic.system.fetch("scheduling", "SELECT id FROM placements")
    await house.put_only(
        "appointments",
        session_id=own,
        client_id=ana.id,
        site_id=house.site,
        placement_id=placement["id"],
        state="scheduled",
        scheduled_at=clock.now(),
    )
    async with clinic.database.transaction(ALL_SITES) as tx:
        await book(tx, [Booking(own, ana.id, "client")])
    extra = {**SHORT, "day": "2026-03-05", "starts": "09:30"}
    del extra["weekday"]
    made = created(await house.manager.post(f"/cohorts/{cohort}/sessions", extra))
    (conflict,) = made["conflicts"]
    assert (conflict["client_id"], conflict["other_session_id"]) == (str(ana.id), str(own))
    listed = await clinic.desk.get("/sessions/conflicts", site_id=house.site)
    assert listed.json()["items"] == [conflict]
    assert made["roster"]["expected"] == 0

    moved = await house.change(str(own), "reschedule", {"day": "2026-03-05", "starts": "10:30"})
    assert moved.status_code == 200, moved.text
    mine = [e for e in await house.told() if e.client_id == ana.id]
    assert [e.session_id for e in mine][-2:] == [own, UUID(made["id"])]
    assert mine[-2].cohort_id == cohort
    listed = await clinic.desk.get("/sessions/conflicts", site_id=house.site)
    assert listed.json()["items"] == []
    back = await house.change(
        str(own), "reschedule", {"day": "2026-03-05", "starts": "10:00"}, '"2"'
    )
    refused(back, 409, "busy", "/starts")
    assert f"The client {ana.id} is taken" in back.json()["detail"]


async def test_a_site_closes_for_some_days_once_whatever_dies_in_between(house: House) -> None:
    clinic = house.clinic
    cohort = await clinic.cohort(house.site)
    created(await house.plan(cohort, *({**EVENING, "weekday": d} for d in range(5)), weeks=2))
    ana = Enrolled("ana", house.site)
    await clinic.tell(ana.enrolment)
    body = {
        "site_id": str(house.site),
        "first_day": "2026-03-03",
        "last_day": "2026-03-04",
        "reason": "weather",
    }
    shown = await house.manager.post("/site-closures/preview", body)
    assert shown.json() == {
        "site_id": str(house.site),
        "sessions": 2,
        "clients": 1,
        "session_minutes": 330,
        "client_minutes": 330,
        "short_weeks": [
            {
                "client_id": str(ana.id),
                "week": "2026-W10",
                "planned_minutes": 825,
                "remaining_minutes": 495,
                "minimum_minutes": 540,
            }
        ],
    }
    past = {**body, "first_day": "2026-02-22"}
    refused(await house.manager.post("/site-closures", past), 422, "time-is-past", "/first_day")
    made = created(await house.manager.post("/site-closures", body))
    assert (made["sessions"], made["sessions_done"], made["finished_at"]) == (2, 0, None)
    refused(
        await house.manager.post(
            f"/cohorts/{cohort}/sessions",
            {"day": "2026-03-04", "starts": "09:00", "minutes": 60, "kind": "group", "topic": "x"},
        ),
        422,
        "site-closed",
        "/day",
    )
    for dies in (True, False):
        with contextlib.suppress(ZeroDivisionError):
            async with clinic.database.transaction(ALL_SITES) as tx:
                assert await tx.fetchval(NEXT_ENTERED) <= tx.now
                await close_next_day(tx)
                assert 1 / (not dies)
    halfway = (await clinic.desk.get(f"/site-closures/{made['id']}")).json()
    assert (halfway["sessions_done"], halfway["finished_at"]) == (1, None)
    again = created(await house.manager.post("/site-closures", body))
    context = JobContext(clinic.database, clinic.system.settings("scheduling", topics=False))
    await asyncio.gather(*(closing_job.run(context) for _ in range(2)))
    while await closing_job.run(context):  # of two that were entered at one instant either is first
        pass
    done = (await clinic.desk.get(f"/site-closures/{made['id']}")).json()
    assert done["sessions_done"] == 2
    assert done["finished_at"] is not None
    twice = (await clinic.desk.get(f"/site-closures/{again['id']}")).json()
    assert (twice["sessions"], twice["sessions_done"]) == (1, 1)
    told = [e for e in await clinic.published() if isinstance(e, SessionNotHeld)]
    assert [(e.client_id, e.starts_at.day) for e in told] == [(ana.id, 4), (ana.id, 5)]


async def test_a_group_of_adolescents_is_held_against_the_hours_of_adolescents(
    house: House,
) -> None:
    clinic = house.clinic
    teens = await clinic.cohort(house.site, "Teens", eligibility={"age_bands": ["adolescent"]})
    two_hours = {**EVENING, "minutes": 120, "break_minutes": 0}
    slots = [{**two_hours, "weekday": day} for day in (0, 2, 4)]
    made = created(await house.plan(teens, *slots, weeks=1))
    assert (made["weekly_minutes"], made["meets_level_minimum"]) == (360, True)
    ana = Enrolled("ana", house.site, age_band="adolescent")
    away = Enrolled("away", house.site, age_band="adolescent")
    await clinic.tell(ana.enrolment, away.enrolment)
    await clinic.tell(away.changed("on_hold"))
    day = {"first_day": "2026-03-04", "last_day": "2026-03-04", "reason": "weather"}
    preview = await house.manager.post(
        "/site-closures/preview", {"site_id": str(house.site), **day}
    )
    assert preview.json()["short_weeks"] == [
        {
            "client_id": str(ana.id),
            "week": "2026-W10",
            "planned_minutes": 360,
            "remaining_minutes": 240,
            "minimum_minutes": 360,
        }
    ]


async def test_of_two_who_want_one_room_or_one_therapist_at_a_time_one_gets_it(
    house: House,
) -> None:
    clinic = house.clinic
    room, therapist = await house.room(), await house.therapist()
    there = await clinic.site("There")
    await house.put_only("staff_sites", staff_id=therapist, site_id=there, home=False)
    here = [await clinic.cohort(house.site, str(n)) for n in range(3)]
    elsewhere = [await clinic.cohort(there, str(n)) for n in range(2)]
    for what in ("room_id", "facilitator_id"):
        given = {"room_id": str(room), "facilitator_id": str(therapist)}[what]
        day = {"room_id": "2026-03-02", "facilitator_id": "2026-03-03"}[what]
        body = {**SHORT, "day": day, "starts": "09:00", what: given}
        del body["weekday"]
        cohorts = here if what == "room_id" else [here[0], *elsewhere]
        answers = await asyncio.gather(
            *(clinic.regional.post(f"/cohorts/{cohort}/sessions", body) for cohort in cohorts)
        )
        assert sorted(a.status_code for a in answers) == [201, 409, 409]
        for answer in answers:
            if answer.status_code == 409:
                refused(answer, 409, "busy", f"/{what}")
    manager = clinic.system.client("scheduling", "site_manager", [there])
    later = {**body, "day": "2026-03-04"}
    created(await clinic.regional.post(f"/cohorts/{here[1]}/sessions", later))
    hidden = await manager.post(f"/cohorts/{elsewhere[0]}/sessions", later)
    refused(hidden, 409, "busy", "/facilitator_id")
    assert "2026-03-04T17:00Z for another site." in hidden.json()["detail"]
