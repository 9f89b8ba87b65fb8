"""Attendance over HTTP: recorded once, after the start, for who was expected; corrected by ETag."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared import clock
from shared.contracts.scheduling import (
    SessionAttended,
    SessionCancelled,
    SessionMissed,
    SessionScheduled,
)
from shared.database import ALL_SITES
from tests.support.merges import merged
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import System

START = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
AFTERWARDS = START + timedelta(hours=4)


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


@dataclass
class Evening:
    """A session of Monday evening in Denver, with clients who are expected."""

    clinic: Clinic
    site_id: UUID
    session_id: str
    clients: list[Enrolled]

    async def record(self, client: Enrolled, status: str, **other: str) -> httpx.Response:
        body = {"client_id": str(client.id), "status": status, **other}
        return await self.clinic.desk.post(f"/sessions/{self.session_id}/attendance", body)

    async def attendance_events(self) -> list[SessionAttended | SessionMissed]:
        return [
            event
            for event in await self.clinic.published()
            if isinstance(event, SessionAttended | SessionMissed)
        ]


@pytest.fixture
async def evening(clinic: Clinic) -> Evening:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort)
    clients = [Enrolled(name, site) for name in ("ana", "ben", "cleo", "dora", "eli")]
    await clinic.tell(*(client.enrolment for client in clients))
    session, _ = await clinic.sessions(cohort)
    clinic.at(AFTERWARDS)
    return Evening(clinic, site, session["id"], clients)


async def test_who_was_present_is_credited_with_the_session_less_its_break(
    evening: Evening,
) -> None:
    ana = evening.clients[0]
    answer = await evening.record(ana, "present")
    made = created(answer)
    assert (made["attended_minutes"], made["scheduled_minutes"], made["version"]) == (165, 165, 1)
    assert answer.headers["etag"] == '"1"'
    shown = await evening.clinic.desk.get(answer.headers["location"])
    assert shown.json() == made
    (event,) = await evening.attendance_events()
    assert isinstance(event, SessionAttended)
    assert (event.client_id, event.status, event.attended_minutes) == (ana.id, "present", 165)
    assert (event.starts_at, event.scheduled_minutes) == (START, 165)
    assert (event.time_zone, event.recorded_at) == ("America/Denver", AFTERWARDS)


async def test_who_left_early_is_credited_with_a_part(evening: Evening) -> None:
    made = created(
        await evening.record(
            evening.clients[0],
            "partial",
            checked_in_at="2026-03-02T17:25:00-07:00",
            checked_out_at="2026-03-03T02:00:00Z",
        )
    )
    assert made["attended_minutes"] == 82
    assert made["checked_in_at"] == "2026-03-03T00:25:00Z"
    (event,) = await evening.attendance_events()
    assert isinstance(event, SessionAttended)
    assert (event.status, event.attended_minutes) == ("partial", 82)


@pytest.mark.parametrize(
    ("status", "excused"), [("excused_absence", True), ("late_cancel", False), ("no_show", False)]
)
async def test_a_miss_says_whether_it_is_excused(
    evening: Evening, status: str, excused: bool
) -> None:
    made = created(await evening.record(evening.clients[0], status))
    assert made["attended_minutes"] == 0
    (event,) = await evening.attendance_events()
    assert isinstance(event, SessionMissed)
    assert (event.status, event.excused) == (status, excused)


async def test_attendance_is_refused_before_the_session_starts(evening: Evening) -> None:
    evening.clinic.at(START - timedelta(seconds=1))
    refused(await evening.record(evening.clients[0], "present"), 409, "session-not-started")
    evening.clinic.at(START)
    created(await evening.record(evening.clients[0], "present"))
    assert len(await evening.attendance_events()) == 1


async def test_attendance_is_refused_for_a_client_who_is_not_expected(evening: Evening) -> None:
    stranger = Enrolled("fay", evening.site_id)
    refused(await evening.record(stranger, "present"), 409, "client-not-placed", "/client_id")
    assert await evening.attendance_events() == []


async def test_attendance_is_refused_for_a_client_whose_placement_ended_before_the_session(
    evening: Evening,
) -> None:
    ana = evening.clients[0]
    evening.clinic.at(START - timedelta(hours=1))
    await evening.clinic.tell(ana.step_down)
    evening.clinic.at(AFTERWARDS)
    refused(await evening.record(ana, "present"), 409, "client-not-placed")


async def test_a_session_elsewhere_does_not_exist(evening: Evening) -> None:
    body = {"client_id": str(evening.clients[0].id), "status": "present"}
    path = f"/sessions/{evening.session_id}/attendance"
    elsewhere = evening.clinic.system.client("scheduling", "front_desk", [uuid4()])
    refused(await elsewhere.post(path, body), 404, "not-found")
    refused(
        await evening.clinic.desk.post(f"/sessions/{uuid4()}/attendance", body), 404, "not-found"
    )
    manager = evening.clinic.system.client("scheduling", "site_manager", [evening.site_id])
    refused(await manager.post(path, body), 403, "forbidden")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"status": "partial"}, "/checked_in_at"),
        ({"status": "present", "checked_in_at": "2026-03-03T00:30:00Z"}, "/checked_in_at"),
        (
            {
                "status": "partial",
                "checked_in_at": "2026-03-03T00:30:00Z",
                "checked_out_at": "2026-03-03T05:00:00Z",
            },
            "/checked_out_at",
        ),
    ],
)
async def test_impossible_instants_are_refused(
    evening: Evening, body: dict[str, str], pointer: str
) -> None:
    answer = await evening.record(evening.clients[0], **body)
    refused(answer, 422, "impossible-attendance", pointer)
    assert await evening.attendance_events() == []


async def test_unknown_statuses_and_fields_are_refused(evening: Evening) -> None:
    ana = evening.clients[0]
    refused(await evening.record(ana, "asleep"), 422, "invalid-request", "/status")
    refused(await evening.record(ana, "present", mood="good"), 422, "invalid-request", "/mood")
    answer = await evening.record(ana, "partial", checked_in_at="2026-03-03T00:30:00")
    refused(answer, 422, "invalid-request", "/checked_in_at")


async def test_of_many_who_record_at_once_one_wins_and_one_event_is_told(
    evening: Evening,
) -> None:
    answers = await asyncio.gather(
        *(evening.record(evening.clients[0], "present") for _ in range(8))
    )
    assert sorted(a.status_code for a in answers) == [201] + [409] * 7
    refused(await evening.record(evening.clients[0], "no_show"), 409, "already-recorded")
    assert len(await evening.attendance_events()) == 1


async def test_a_repeated_request_gets_the_same_answer(evening: Evening) -> None:
    path = f"/sessions/{evening.session_id}/attendance"
    body = {"client_id": str(evening.clients[0].id), "status": "present"}
    first = await evening.clinic.desk.post(path, body, key="again")
    second = await evening.clinic.desk.post(path, body, key="again")
    assert created(second) == created(first)
    assert len(await evening.attendance_events()) == 1


async def test_a_correction_needs_the_present_etag_and_is_told_anew(evening: Evening) -> None:
    ana = evening.clients[0]
    made = created(await evening.record(ana, "no_show"))
    path = f"/attendance/{made['id']}"
    desk = evening.clinic.desk
    correction = {"status": "present"}
    refused(await desk.put(path, correction), 428, "precondition-required")
    refused(await desk.put(path, correction, etag='"7"'), 412, "stale-version")
    corrected = await desk.put(path, correction, etag='"1"')
    assert corrected.status_code == 200
    assert corrected.headers["etag"] == '"2"'
    body = corrected.json()
    assert (body["status"], body["attended_minutes"]) == ("present", 165)
    assert body["corrected_at"] == "2026-03-03T04:30:00Z"
    refused(await desk.put(path, correction, etag='"1"'), 412, "stale-version")
    refused(await desk.put(f"/attendance/{uuid4()}", correction, etag='"1"'), 404, "not-found")
    wrong = {"status": "partial"}
    refused(await desk.put(path, wrong, etag='"2"'), 422, "impossible-attendance")
    missed, attended = await evening.attendance_events()
    assert (type(missed), type(attended)) == (SessionMissed, SessionAttended)
    assert (missed.session_id, missed.client_id) == (attended.session_id, attended.client_id)


async def test_a_group_is_recorded_at_once_or_not_at_all(evening: Evening) -> None:
    ana, ben, cleo, dora, eli = evening.clients
    path = f"/sessions/{evening.session_id}/roster"
    desk = evening.clinic.desk

    def entries(*clients: Enrolled) -> list[dict[str, Any]]:
        return [{"client_id": str(c.id), "status": "present"} for c in clients]

    stranger = Enrolled("fay", evening.site_id)
    answer = await desk.post(path, {"entries": entries(ana, stranger)})
    refused(answer, 409, "client-not-placed", "/entries/1/client_id")
    answer = await desk.post(path, {"entries": entries(ana, ben, ana)})
    refused(answer, 422, "client-twice", "/entries/2/client_id")
    wrong = [*entries(ana), {"client_id": str(ben.id), "status": "partial"}]
    answer = await desk.post(path, {"entries": wrong})
    refused(answer, 422, "impossible-attendance", "/entries/1/checked_in_at")
    assert await evening.attendance_events() == []

    made = created(await desk.post(path, {"entries": entries(ana, ben, cleo, dora)}))
    assert [r["client_id"] for r in made["recorded"]] == [str(c.id) for c in (ana, ben, cleo, dora)]
    assert len(await evening.attendance_events()) == 4
    answer = await desk.post(path, {"entries": entries(eli, ana)})
    refused(answer, 409, "already-recorded", "/entries/1/client_id")
    roster = (await desk.get(path)).json()
    recorded = {e["client_id"]: e["attendance"] for e in roster["entries"]}
    assert recorded[str(eli.id)] is None
    assert recorded[str(ana.id)] == made["recorded"][0]


async def test_the_week_sums_what_was_planned_and_what_was_attended(clinic: Clinic) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    slots = [{**EVENING, "weekday": day, "break_minutes": 0} for day in (0, 2, 6)]
    await clinic.curriculum(cohort, weeks=2, slots=slots)
    ana = Enrolled("ana", site)
    await clinic.tell(ana.enrolment)
    monday, wednesday, sunday, *_ = await clinic.sessions(cohort)
    clinic.at(datetime(2026, 3, 9, 12, tzinfo=UTC))
    for session, status in ((monday, "present"), (wednesday, "no_show"), (sunday, "present")):
        created(
            await clinic.desk.post(
                f"/sessions/{session['id']}/attendance",
                {"client_id": str(ana.id), "status": status},
            )
        )
    path = f"/clients/{ana.id}/weekly-hours"
    shown = (await clinic.desk.get(path, week="2026-W10")).json()
    assert (shown["planned_minutes"], shown["attended_minutes"], shown["sessions"]) == (
        540,
        360,
        3,
    )
    assert (shown["starts_at"], shown["ends_at"]) == (
        "2026-03-02T07:00:00Z",
        "2026-03-09T06:00:00Z",
    )
    assert shown["meets_level_minimum"] is True
    assert shown["minimum_minutes"] == 540
    empty = (await clinic.desk.get(path, week="2026-W20")).json()
    assert (empty["planned_minutes"], empty["meets_level_minimum"]) == (0, False)
    refused(await clinic.desk.get(path, week="2026-W54"), 422, "bad-week", "week")
    summary = (await clinic.desk.get(f"/clients/{ana.id}/attendance-summary")).json()
    assert (summary["credited"], summary["no_show"], summary["unrecorded"]) == (2, 1, 0)
    assert (summary["attendance_rate"], summary["no_show_rate"]) == (0.6667, 0.3333)


async def test_attendance_is_summed_up_by_stay(clinic: Clinic) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort, weeks=2)
    ana = Enrolled("ana", site)
    back = Enrolled("ana", site, id=ana.id)
    await clinic.tell(ana.enrolment)
    first, second = await clinic.sessions(cohort)
    for session, status, stay in ((first, "no_show", ana), (second, "present", back)):
        clinic.at(datetime.fromisoformat(session["starts_at"]))
        created(
            await clinic.desk.post(
                f"/sessions/{session['id']}/attendance",
                {"client_id": str(ana.id), "status": status},
            )
        )
        if stay is ana:
            await clinic.tell(ana.changed("completed"))
            await clinic.tell(back.enrolment)
    told = [
        (type(event), event.enrolment_id)
        for event in await clinic.published()
        if isinstance(event, SessionScheduled | SessionMissed | SessionAttended)
    ]
    former, present = ana.enrolment_id, back.enrolment_id
    assert told == [
        *[(SessionScheduled, former)] * 2,
        (SessionMissed, former),
        (SessionScheduled, present),
        (SessionAttended, present),
    ]
    path = f"/clients/{ana.id}/attendance-summary"
    latest = (await clinic.desk.get(path)).json()
    assert (latest["enrolment_id"], latest["attendance_rate"]) == (str(back.enrolment_id), 1.0)
    assert (latest["credited"], latest["no_show"]) == (1, 0)
    summed = (await clinic.desk.get(path, enrolment_id=former)).json()
    assert (summed["enrolment_id"], summed["attendance_rate"]) == (str(former), 0.0)
    assert (summed["credited"], summed["no_show"], summed["withdrawn"]) == (0, 1, 0)
    nobody = (await clinic.desk.get(path, enrolment_id=UUID(int=4))).json()
    assert (nobody["enrolment_id"], nobody["attendance_rate"]) == (None, None)


async def test_attendance_is_summed_up_of_the_stay_that_goes_on_before_a_later_one_that_ended(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort, weeks=2)
    ana, other = Enrolled("ana", site), Enrolled("other", site)
    await clinic.tell(ana.enrolment)
    clinic.at(clock.now() + timedelta(hours=1))
    await clinic.tell(other.enrolment)
    await clinic.tell(other.changed("completed"))
    await clinic.tell(merged(ana.id, other.id, site))
    for asked in (ana, other):
        summed = (await clinic.desk.get(f"/clients/{asked.id}/attendance-summary")).json()
        assert summed["enrolment_id"] == str(ana.enrolment_id)


async def test_the_week_is_that_of_the_site_where_the_client_was_then(clinic: Clinic) -> None:
    here, there = await clinic.site("Here"), await clinic.site("There")
    for site in (here, there):
        cohort = await clinic.cohort(site)
        await clinic.curriculum(cohort, weeks=3)
    ana = Enrolled("ana", here)
    await clinic.tell(ana.enrolment)
    clinic.at(datetime(2026, 3, 10, 12, tzinfo=UTC))
    await clinic.tell(ana.step_down)
    await clinic.tell(Enrolled("ana", there, id=ana.id).enrolment)
    path = f"/clients/{ana.id}/weekly-hours"
    shown = {
        week: (await clinic.desk.get(path, week=week)).json() for week in ("2026-W10", "2026-W12")
    }
    assert {week: (one["site_id"], one["planned_minutes"]) for week, one in shown.items()} == {
        "2026-W10": (str(here), 165),
        "2026-W12": (str(there), 165),
    }


async def test_an_appointment_whose_attendance_is_recorded_is_not_cancelled(
    evening: Evening,
) -> None:
    clinic, ana = evening.clinic, evening.clients[0]
    clinic.at(START - timedelta(minutes=1))
    async with clinic.database.transaction(ALL_SITES) as tx:
        clinic.at(START + timedelta(minutes=1))
        created(await evening.record(ana, "present"))
        await clinic.tell_in(tx, ana.step_down)
    roster = (await clinic.desk.get(f"/sessions/{evening.session_id}/roster")).json()
    (shown,) = (e for e in roster["entries"] if e["client_id"] == str(ana.id))
    assert (shown["state"], shown["attendance"]["status"]) == ("scheduled", "present")
    cancelled = [e for e in await clinic.published() if isinstance(e, SessionCancelled)]
    assert evening.session_id not in {str(e.session_id) for e in cancelled}
    assert len(cancelled) == 1
