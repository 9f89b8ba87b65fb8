"""A session that the program does not hold counts nowhere, and whoever was expected is told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.contracts.scheduling import (
    SessionAttended,
    SessionCancelled,
    SessionMissed,
    SessionNotHeld,
    SessionScheduled,
)
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import Client, System

THREE_A_WEEK = [{**EVENING, "weekday": day} for day in (0, 2, 3)]
FIRST = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
NEXT_MORNING = datetime(2026, 3, 3, 15, tzinfo=UTC)


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


@dataclass
class Program:
    """A cohort of Monday, Wednesday and Thursday evening in Denver, and who is in it."""

    clinic: Clinic
    site: UUID
    cohort: UUID
    clients: list[Enrolled]
    sessions: list[str]
    manager: Client

    async def cancel(
        self, session: str, reason: str = "weather", etag: str | None = '"1"'
    ) -> httpx.Response:
        path = f"/sessions/{session}/cancel"
        return await self.manager.post(path, {"reason": reason}, etag=etag)

    async def cancel_many(self, *, key: str | None = None, **body: Any) -> httpx.Response:
        given = {"site_id": str(self.site), "reason": "weather", **body}
        return await self.manager.post("/session-cancellations", given, key=key)

    async def record(self, session: str, client: Enrolled, status: str, **other: str) -> Any:
        body = {"client_id": str(client.id), "status": status, **other}
        return await self.clinic.desk.post(f"/sessions/{session}/attendance", body)

    async def shown(self, session: str) -> dict[str, Any]:
        return dict((await self.clinic.desk.get(f"/sessions/{session}")).json())

    async def told(self) -> list[SessionNotHeld]:
        return [e for e in await self.clinic.published() if isinstance(e, SessionNotHeld)]


@pytest.fixture
async def program(clinic: Clinic) -> Program:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort, weeks=4, slots=THREE_A_WEEK)
    clients = [Enrolled(name, site) for name in ("ana", "ben")]
    await clinic.tell(*(client.enrolment for client in clients))
    sessions = [session["id"] for session in await clinic.sessions(cohort)]
    manager = clinic.system.client("scheduling", "site_manager", [site])
    return Program(clinic, site, cohort, clients, sessions, manager)


async def test_everybody_who_was_expected_is_told_that_a_session_is_not_held(
    program: Program,
) -> None:
    session = program.sessions[0]
    answer = await program.cancel(session)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"'), answer.text
    cancelled = answer.json()
    assert set(cancelled.pop("client_ids")) == {str(c.id) for c in program.clients}
    assert cancelled == await program.shown(session)
    assert (cancelled["not_held_reason"], cancelled["not_held_at"]) == (
        "weather",
        "2026-02-23T14:00:00Z",
    )
    assert cancelled["roster"] == {
        "expected": 0,
        "recorded": 0,
        "present": 0,
        "missed": 0,
        "on_hold": 0,
        "not_held": 2,
    }
    told = await program.told()
    stays = {c.id: c.enrolment_id for c in program.clients}
    assert {e.client_id: e.enrolment_id for e in told} == stays
    assert {(str(e.session_id), e.reason, e.kind, e.starts_at, e.time_zone) for e in told} == {
        (session, "weather", "group", FIRST, "America/Denver")
    }


async def test_of_twelve_sessions_one_that_is_not_held_leaves_nine_of_eleven(
    program: Program,
) -> None:
    clinic, ana = program.clinic, program.clients[0]
    *others, last = program.sessions
    statuses = ["present"] * 8 + ["partial", "excused_absence", "no_show"]
    clinic.at(datetime(2026, 3, 27, 15, tzinfo=UTC))
    for session, status in zip(others, statuses, strict=True):
        starts = datetime.fromisoformat((await program.shown(session))["starts_at"])
        instants = {
            "checked_in_at": starts.isoformat(),
            "checked_out_at": (starts + timedelta(hours=2)).isoformat(),
        }
        created(
            await program.record(session, ana, status, **(instants if status == "partial" else {}))
        )
    missed = created(await program.record(last, ana, "no_show"))
    path = f"/clients/{ana.id}/attendance-summary"
    assert (await clinic.desk.get(path)).json()["attendance_rate"] == 0.75
    assert (await program.cancel(last)).status_code == 200

    summary = (await clinic.desk.get(path)).json()
    assert (summary["credited"], summary["excused"], summary["no_show"]) == (9, 1, 1)
    assert (summary["not_held"], summary["unrecorded"], summary["withdrawn"]) == (1, 0, 0)
    assert summary["attendance_rate"] == 0.8182
    assert summary["attendance_rate_excused_out"] == 0.9
    assert summary["no_show_rate"] == 0.0909
    kept = (await clinic.desk.get(f"/attendance/{missed['id']}")).json()
    assert (kept["status"], kept["counted"]) == ("no_show", False)
    about_ana = [e for e in await clinic.published() if e.key == str(ana.id)]
    assert [type(e) for e in about_ana if str(getattr(e, "session_id", None)) == last] == [
        SessionScheduled,
        SessionMissed,
        SessionNotHeld,
    ]


async def test_a_session_that_is_not_held_is_in_no_hours(program: Program) -> None:
    clinic, ana = program.clinic, program.clients[0]
    clinic.at(datetime(2026, 3, 6, 15, tzinfo=UTC))
    for session in program.sessions[:3]:
        created(await program.record(session, ana, "present"))
    path = f"/clients/{ana.id}/weekly-hours"
    before = (await clinic.desk.get(path, week="2026-W10")).json()
    assert (before["sessions"], before["planned_minutes"], before["attended_minutes"]) == (
        *(3, 495, 495),
    )
    await program.cancel(program.sessions[1], "staff_absent")
    after = (await clinic.desk.get(path, week="2026-W10")).json()
    assert (after["sessions"], after["planned_minutes"], after["attended_minutes"]) == (
        *(2, 330, 330),
    )


async def test_a_snow_day_entered_the_next_morning_takes_back_what_was_recorded(
    program: Program,
) -> None:
    clinic, (ana, ben) = program.clinic, program.clients
    clinic.at(NEXT_MORNING)
    wrong = created(await program.record(program.sessions[0], ana, "no_show"))
    made = created(await program.cancel_many(day="2026-03-02"))
    (session,) = made["sessions"]
    assert (session["id"], session["local_date"]) == (program.sessions[0], "2026-03-02")
    assert set(session["client_ids"]) == {str(ana.id), str(ben.id)}
    roster = (await clinic.desk.get(f"/sessions/{session['id']}/roster")).json()
    assert roster["not_held_reason"] == "weather"
    states = {e["client_id"]: (e["state"], e["attendance"]) for e in roster["entries"]}
    assert states[str(ana.id)][0] == "not_held"
    assert states[str(ana.id)][1]["counted"] is False
    assert states[str(ben.id)] == ("not_held", None)

    refused(await program.record(session["id"], ben, "present"), 409, "session-not-held")
    path = f"/attendance/{wrong['id']}"
    correction = await clinic.desk.put(path, {"status": "present"}, etag='"1"')
    refused(correction, 409, "session-not-held")
    entries = {"entries": [{"client_id": str(ben.id), "status": "present"}]}
    roll = await clinic.desk.post(f"/sessions/{session['id']}/roster", entries)
    refused(roll, 409, "session-not-held")
    assert not [e for e in await clinic.published() if isinstance(e, SessionAttended)]


async def test_a_day_is_the_sites_and_takes_all_its_cohorts_and_no_other_site(
    program: Program,
) -> None:
    clinic = program.clinic
    morning = await clinic.cohort(program.site, "Early")
    await clinic.curriculum(morning, weeks=1, slots=[{**EVENING, "starts": "00:15"}])
    late = await clinic.cohort(program.site, "Late")
    await clinic.curriculum(late, weeks=1, slots=[{**EVENING, "starts": "23:45"}])
    other = await clinic.site("Elsewhere")
    elsewhere = await clinic.cohort(other)
    await clinic.curriculum(elsewhere, weeks=1)
    made = created(await program.cancel_many(day="2026-03-02", reason="closure"))
    assert [s["local_start"] for s in made["sessions"]] == ["00:15", "17:30", "23:45"]
    (untouched,) = await clinic.sessions(elsewhere)
    assert untouched["not_held_at"] is None
    again = await program.cancel_many(day="2026-03-02")
    refused(again, 409, "nothing-to-cancel", "/day")
    refused(await program.cancel_many(day="2026-03-03"), 409, "nothing-to-cancel", "/day")


async def test_the_day_on_which_the_clock_changes_has_twenty_three_hours(
    clinic: Clinic,
) -> None:
    site = await clinic.site()
    cohort = await clinic.cohort(site)
    sunday = [{**EVENING, "weekday": 6, "starts": "23:30"}]
    monday = [{**EVENING, "weekday": 0, "starts": "03:00"}]
    await clinic.curriculum(cohort, weeks=1, slots=[*sunday, *monday], starts_on="2026-03-08")
    for day, starts in (("2026-03-08", "23:30"), ("2026-03-09", "03:00")):
        shown = (await clinic.desk.get("/sessions", site_id=site, day=day)).json()
        assert [(s["local_date"], s["local_start"]) for s in shown["items"]] == [(day, starts)]


async def test_several_sessions_are_cancelled_in_the_order_of_each_client_or_none_is(
    program: Program,
) -> None:
    third, first, second = program.sessions[2], program.sessions[0], program.sessions[1]
    refused(
        await program.cancel_many(session_ids=[first, str(uuid4())]),
        *(404, "not-found", "/session_ids/1"),
    )
    refused(
        await program.cancel_many(session_ids=[first, second, first]),
        *(422, "session-twice", "/session_ids/2"),
    )
    assert await program.told() == []
    made = created(await program.cancel_many(session_ids=[third, first], reason="room"))
    assert [s["id"] for s in made["sessions"]] == [first, third]
    for client in program.clients:
        mine = [str(e.session_id) for e in await program.told() if e.client_id == client.id]
        assert mine == [first, third]
    refused(
        await program.cancel_many(session_ids=[second, third]),
        *(409, "session-not-held", "/session_ids/1"),
    )
    assert (await program.shown(second))["not_held_at"] is None


async def test_a_repeated_cancellation_tells_nobody_twice(program: Program) -> None:
    first = await program.cancel_many(key="snow", day="2026-03-02")
    again = await program.cancel_many(key="snow", day="2026-03-02")
    assert created(again) == created(first)
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await program.told()) == 2
    listed = await program.clinic.desk.get(first.headers["location"])
    assert listed.json()["items"][0]["id"] == program.sessions[0]
    assert (await program.cancel(program.sessions[1])).status_code == 200
    refused(await program.cancel(program.sessions[1]), 412, "stale-version")
    refused(await program.cancel(program.sessions[1], etag='"2"'), 409, "session-not-held")
    refused(await program.cancel(program.sessions[2], etag=None), 428, "precondition-required")
    assert len(await program.told()) == 4


@pytest.mark.parametrize(
    ("now", "status"),
    [("2026-03-17T05:59:59+00:00", 200), ("2026-03-17T06:00:00+00:00", 409)],
)
async def test_a_session_can_be_cancelled_until_two_weeks_of_the_site_have_passed(
    program: Program, now: str, status: int
) -> None:
    program.clinic.at(datetime.fromisoformat(now))
    answer = await program.cancel(program.sessions[0])
    assert answer.status_code == status
    if status == 409:
        refused(answer, 409, "too-late-to-cancel")
        refused(await program.cancel_many(day="2026-03-02"), 409, "too-late-to-cancel", "/day")
        assert await program.told() == []


async def test_who_is_placed_later_is_not_expected_at_a_session_that_is_not_held(
    program: Program,
) -> None:
    await program.cancel(program.sessions[0])
    cleo = Enrolled("cleo", program.site)
    await program.clinic.tell(cleo.enrolment)
    expected = [
        str(e.session_id)
        for e in await program.clinic.published()
        if isinstance(e, SessionScheduled) and e.client_id == cleo.id
    ]
    assert expected == program.sessions[1:]
    roster = (await program.clinic.desk.get(f"/sessions/{program.sessions[0]}/roster")).json()
    assert str(cleo.id) not in {e["client_id"] for e in roster["entries"]}


async def test_who_leaves_later_is_not_told_again_of_a_session_that_is_not_held(
    program: Program,
) -> None:
    ana = program.clients[0]
    await program.cancel(program.sessions[0])
    await program.clinic.tell(ana.step_down)
    cancelled = [e for e in await program.clinic.published() if isinstance(e, SessionCancelled)]
    assert [str(e.session_id) for e in cancelled] == program.sessions[1:]


async def test_who_left_before_is_not_told_that_a_session_is_not_held(program: Program) -> None:
    ana, ben = program.clients
    await program.clinic.tell(ana.step_down)
    await program.cancel(program.sessions[0])
    assert [e.client_id for e in await program.told()] == [ben.id]


async def test_a_cohort_of_which_no_session_is_to_come_takes_nobody(program: Program) -> None:
    created(await program.cancel_many(session_ids=program.sessions, reason="closure"))
    cleo = Enrolled("cleo", program.site)
    await program.clinic.tell(cleo.enrolment)
    assert await program.clinic.names_for(cleo) == ["ClientWaitlisted"]


async def test_another_session_takes_the_time_of_one_that_is_not_held(program: Program) -> None:
    await program.cancel(program.sessions[0], "staff_absent")
    await program.clinic.curriculum(program.cohort, weeks=1)
    first, second, *_ = await program.clinic.sessions(program.cohort)
    assert first["starts_at"] == second["starts_at"]
    assert {first["not_held_reason"], second["not_held_reason"]} == {"staff_absent", None}
    summary = (
        await program.clinic.desk.get(f"/clients/{program.clients[0].id}/attendance-summary")
    ).json()
    assert summary["not_held"] == 1


async def test_who_may_cancel_and_where(program: Program) -> None:
    session = program.sessions[0]
    path, system = f"/sessions/{session}/cancel", program.clinic.system
    body = {"reason": "weather"}
    for role in ("counselor", "auditor", "service", "regional_operations"):
        caller = system.client("scheduling", role)
        refused(await caller.post(path, body, etag='"1"'), 403, "forbidden")
    stranger = system.client("scheduling", "site_manager", [uuid4()])
    refused(await stranger.post(path, body, etag='"1"'), 404, "not-found")
    day = {"site_id": str(program.site), "reason": "weather", "day": "2026-03-02"}
    refused(await stranger.post("/session-cancellations", day), 404, "not-found", "/site_id")
    refused(await program.cancel(session, "hangover"), 422, "invalid-request", "/reason")
    refused(await program.cancel_many(), 422, "invalid-request")
    both = await program.cancel_many(day="2026-03-02", session_ids=[session])
    refused(both, 422, "invalid-request")
    desk = system.client("scheduling", "front_desk", [program.site])
    assert (await desk.post(path, body, etag='"1"')).status_code == 200
    noted = await system.fetch(
        "scheduling",
        "SELECT client_id FROM platform.audit WHERE operation = 'cancel_session'",
    )
    assert {row["client_id"] for row in noted} == {c.id for c in program.clients}


async def test_attendance_and_a_cancellation_at_once_end_as_one_after_the_other(
    program: Program,
) -> None:
    """Whichever comes first: the client's last word on the session is that it was not held."""
    ana = program.clients[0]
    program.clinic.at(datetime(2026, 3, 6, 15, tzinfo=UTC))
    recorded, cancelled = await asyncio.gather(
        asyncio.gather(*(program.record(s, ana, "present") for s in program.sessions[:3])),
        asyncio.gather(*(program.cancel(s) for s in program.sessions[:3])),
    )
    assert [answer.status_code for answer in cancelled] == [200] * 3
    assert {answer.status_code for answer in recorded} <= {201, 409}
    for session, answer in zip(program.sessions, recorded, strict=False):
        about = [
            type(e)
            for e in await program.clinic.published()
            if e.key == str(ana.id) and str(getattr(e, "session_id", None)) == session
        ]
        before = [SessionAttended] if answer.status_code == 201 else []
        assert about == [SessionScheduled, *before, SessionNotHeld]
