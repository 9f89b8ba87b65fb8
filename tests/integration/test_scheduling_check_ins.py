"""Clients come and go before attendance is final: by staff, at a kiosk, by a link to join."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.scheduling.attendance.check_ins import LETTERS
from services.scheduling.attendance.jobs import no_shows_job
from services.scheduling.attendance.policy import attendance_policy
from shared.contracts.scheduling import (
    AttendanceCorrected,
    SessionAttended,
    SessionMissed,
)
from shared.jobs import JobContext
from tests.support.data import read_anew
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import System

START = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
END = START + timedelta(hours=3)
THREE_A_WEEK = [{**EVENING, "weekday": day} for day in (0, 2, 3)]
NAMES = ("ana", "ben", "cleo", "dora", "eli")
Told = SessionAttended | SessionMissed | AttendanceCorrected


@dataclass
class Evening:
    """Sessions of Monday, Wednesday and Thursday evening in Denver, and who is expected."""

    clinic: Clinic
    site: UUID
    sessions: list[str]
    clients: dict[str, Enrolled]
    made: dict[str, Any] = field(default_factory=dict)

    def at(self, minutes: float) -> datetime:
        """Move the clock to so many minutes after the start of the first session."""
        instant = START + timedelta(minutes=minutes)
        self.clinic.at(instant)
        return instant

    async def post(self, path: str, name: str, session: int = 0, **other: Any) -> httpx.Response:
        body = {"client_id": str(self.clients[name].id), **other}
        return await self.clinic.desk.post(f"/sessions/{self.sessions[session]}/{path}", body)

    async def close(self, session: int = 0) -> httpx.Response:
        path = f"/sessions/{self.sessions[session]}/attendance/from-check-ins"
        return await self.clinic.desk.post(path, {})

    async def give_pass(self, name: str, session: int = 0, etag: str = '"1"') -> httpx.Response:
        body = {"client_id": str(self.clients[name].id)}
        path = f"/sessions/{self.sessions[session]}/passes"
        return await self.clinic.desk.post(path, body, etag=etag)

    async def roster(self, name: str, session: int = 0) -> dict[str, Any]:
        shown = await self.clinic.desk.get(f"/sessions/{self.sessions[session]}/roster")
        client = str(self.clients[name].id)
        (entry,) = (e for e in shown.json()["entries"] if e["client_id"] == client)
        return dict(entry)

    async def told(self, name: str | None = None) -> list[Told]:
        client = None if name is None else self.clients[name].id
        return [
            event
            for event in await self.clinic.published()
            if isinstance(event, Told) and client in (None, event.client_id)
        ]


@pytest.fixture
async def evening(system: System) -> AsyncIterator[Evening]:
    async with open_clinic(system) as clinic:
        site = await clinic.site()
        cohort = await clinic.cohort(site)
        await clinic.curriculum(cohort, weeks=2, slots=THREE_A_WEEK)
        clients = {name: Enrolled(name, site) for name in NAMES}
        await clinic.tell(*(client.enrolment for client in clients.values()))
        sessions = [session["id"] for session in await clinic.sessions(cohort)]
        yield Evening(clinic, site, sessions, clients)


async def test_a_roll_follows_from_who_came_and_left_when(evening: Evening) -> None:
    evening.at(-10)
    came = created(await evening.post("check-ins", "ana"))
    assert (came["checked_in_at"], came["checked_in_by"]) == ("2026-03-03T00:20:00Z", "staff")
    evening.at(5)
    created(await evening.post("check-ins", "ben"))
    evening.at(30)
    created(await evening.post("check-ins", "cleo"))
    created(await evening.post("check-ins", "dora", at=(START - timedelta(minutes=1)).isoformat()))
    assert (await evening.roster("cleo"))["check_in"]["checked_in_at"] == "2026-03-03T01:00:00Z"
    evening.at(90)
    created(await evening.post("check-outs", "dora"))
    refused(await evening.close(), 409, "session-not-over")
    evening.at(178)
    created(await evening.post("check-outs", "ana"))
    assert await evening.told() == [], "nothing is told before attendance is recorded"

    evening.at(180)
    roll = created(await evening.close())
    by_client = {one["client_id"]: one for one in roll["recorded"]}
    found = {
        name: (r["status"], r["attended_minutes"], r["minutes_late"], r["minutes_left_early"])
        for name, client in evening.clients.items()
        for r in (by_client[str(client.id)],)
    }
    assert found == {
        "ana": ("present", 165, 0, 0),
        "ben": ("present", 165, 0, 0),
        "cleo": ("partial", 137, 30, 0),
        "dora": ("partial", 82, 0, 90),
        "eli": ("no_show", 0, 0, 0),
    }
    (late,) = await evening.told("cleo")
    assert isinstance(late, SessionAttended)
    assert (late.minutes_late, late.minutes_left_early, late.attended_minutes) == (30, 0, 137)
    assert len(await evening.told()) == 5
    assert created(await evening.close()) == roll, "asked again it changes nothing"
    assert len(await evening.told()) == 5


async def test_what_staff_recorded_stays_when_the_roll_follows(evening: Evening) -> None:
    evening.at(0)
    created(await evening.post("check-ins", "ana"))
    evening.at(200)
    created(await evening.post("attendance", "ana", status="late_cancel"))
    refused(await evening.post("check-outs", "ana"), 409, "already-recorded", "/client_id")
    created(await evening.close())
    assert (await evening.roster("ana"))["attendance"]["status"] == "late_cancel"
    assert (await evening.roster("ben"))["attendance"]["status"] == "no_show"


async def test_who_came_for_a_time_that_moves_is_not_there_for_the_new_one(
    evening: Evening,
) -> None:
    evening.at(-30)
    created(await evening.post("check-ins", "ana"))
    shown = (await evening.clinic.desk.get(f"/sessions/{evening.sessions[0]}")).json()
    path = f"/sessions/{evening.sessions[0]}/reschedule"
    later = {"day": f"{START - timedelta(hours=7):%Y-%m-%d}", "starts": "21:00", "minutes": 60}
    moved = await evening.clinic.desk.post(path, later, etag=f'"{shown["version"]}"')
    assert moved.status_code == 200, moved.text
    assert (await evening.roster("ana"))["check_in"] is None


async def test_who_cannot_have_come_or_left_is_refused(evening: Evening) -> None:
    evening.at(-61)
    refused(await evening.post("check-ins", "ana"), 422, "impossible-attendance", "/at")
    evening.at(10)
    refused(await evening.post("check-outs", "ana"), 409, "not-checked-in", "/client_id")
    later = (START + timedelta(minutes=11)).isoformat()
    refused(await evening.post("check-ins", "ana", at=later), 422, "impossible-attendance", "/at")
    created(await evening.post("check-ins", "ana"))
    refused(await evening.post("check-ins", "ana"), 409, "already-noted", "/client_id")
    before = START.isoformat()
    refused(await evening.post("check-outs", "ana", at=before), 422, "impossible-attendance", "/at")
    stranger = Enrolled("fay", evening.site)
    evening.clients["fay"] = stranger
    refused(await evening.post("check-ins", "fay"), 409, "client-not-placed", "/client_id")
    evening.at(241)
    refused(await evening.post("check-outs", "ana"), 422, "impossible-attendance", "/at")
    refused(await evening.post("check-ins", "ben"), 422, "impossible-attendance", "/at")
    longer = {"checked_in_at": START.isoformat(), "checked_out_at": None}
    longer["checked_out_at"] = (END + timedelta(minutes=61)).isoformat()
    answer = await evening.post("attendance", "ben", status="partial", **longer)
    refused(answer, 422, "impossible-attendance", "/checked_out_at")
    body = {"client_id": str(stranger.id)}
    refused(
        await evening.clinic.desk.post(f"/sessions/{uuid4()}/check-ins", body), 404, "not-found"
    )
    assert await evening.told() == []


async def test_nobody_comes_to_a_session_that_is_not_held(evening: Evening) -> None:
    path = f"/sessions/{evening.sessions[0]}/cancel"
    manager = evening.clinic.system.client("scheduling", "site_manager", [evening.site])
    assert (await manager.post(path, {"reason": "weather"}, etag='"1"')).status_code == 200
    evening.at(200)
    refused(await evening.post("check-ins", "ana"), 409, "session-not-held")
    refused(await evening.close(), 409, "session-not-held")


def typed(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_client_checks_in_and_out_at_the_kiosk_of_the_site(evening: Evening) -> None:
    system = evening.clinic.system
    answer = await evening.give_pass("ana")
    assert answer.status_code == 200, answer.text
    code, address = answer.json()["code"], answer.json()["address"]
    assert address is None
    assert set(code) <= set(LETTERS)
    refused(await evening.give_pass("ana", etag='"9"'), 412, "stale-version")
    kiosk = system.client("scheduling", "kiosk", [evening.site])
    evening.at(-5)
    came = typed(await kiosk.post("/kiosk/check-ins", {"code": f" {code.lower()} "}))
    assert (came["client_id"], came["checked_in_by"]) == (str(evening.clients["ana"].id), "kiosk")
    answer = await kiosk.post("/kiosk/check-ins", {"code": code})
    refused(answer, 409, "already-noted", "/code")
    elsewhere = system.client("scheduling", "kiosk", [uuid4()], subject="another kiosk")
    answer = await elsewhere.post("/kiosk/check-outs", {"code": code})
    refused(answer, 422, "code-not-valid", "/code")
    everywhere = system.client("scheduling", "kiosk")
    refused(await everywhere.post("/kiosk/check-ins", {"code": code}), 403, "not-at-one-site")
    evening.at(170)
    assert typed(await kiosk.post("/kiosk/check-outs", {"code": code}))["checked_out_by"] == (
        "kiosk"
    )
    evening.at(180)
    refused(await kiosk.post("/kiosk/check-outs", {"code": code}), 422, "code-not-valid")
    rows = await system.fetch("scheduling", "SELECT secret_hash FROM passes")
    assert [len(row["secret_hash"]) for row in rows] == [32]
    kept = "SELECT subject FROM platform.idempotency_keys WHERE operation LIKE '%kiosk%'"
    assert await system.fetch("scheduling", kept) == [], "no hash of what was typed is kept"


async def test_a_kiosk_that_tries_very_often_has_to_wait(evening: Evening) -> None:
    kiosk = evening.clinic.system.client("scheduling", "kiosk", [evening.site])
    code = (await evening.give_pass("ana")).json()["code"]
    evening.at(0)
    for _ in range(10):
        answer = await kiosk.post("/kiosk/check-ins", {"code": "222222"})
        refused(answer, 422, "code-not-valid", "/code")
    answer = await kiosk.post("/kiosk/check-ins", {"code": code})
    refused(answer, 429, "too-many-requests")
    assert 0 < int(answer.headers["retry-after"]) <= 6
    other = evening.clinic.system.client("scheduling", "kiosk", [evening.site], subject="other")
    typed(await other.post("/kiosk/check-ins", {"code": code}))


async def open_room(evening: Evening, session: int = 0) -> None:
    """Let a session be one by telehealth, in a room with a link."""
    room, site, one = uuid4(), evening.site, evening.sessions[session]
    await evening.clinic.system.execute_as_owner(
        "scheduling",
        f"""
        SET stepwell.sites = '*';
        UPDATE sessions SET modality = 'telehealth' WHERE id = '{one}';
        INSERT INTO rooms (id, site_id, name, kind, capacity, join_url, created_at)
        VALUES ('{room}', '{site}', 'Video', 'telehealth', 12, 'https://video.example.test/r',
          '2026-01-01Z');
        INSERT INTO bookings (session_id, resource_id, kind, site_id, during)
        SELECT id, '{room}', 'room', site_id, tstzrange(starts_at, ends_at) FROM sessions
        WHERE id = '{one}';
        """,
    )


async def join(evening: Evening, secret: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=str(evening.clinic.desk.http.base_url)) as nobody:
        return await nobody.post("/telehealth/joins", headers={"Authorization": f"Link {secret}"})


async def test_a_client_joins_by_a_link_and_is_checked_in_by_it(evening: Evening) -> None:
    await open_room(evening)
    former = (await evening.give_pass("ana")).json()
    given = (await evening.give_pass("ana")).json()
    assert (given["code"], given["address"].partition("#")[0]) == (None, "/telehealth")
    secret = given["address"].partition("#")[2]
    refused(await join(evening, secret), 422, "impossible-attendance", "/at")
    evening.at(-3)
    refused(await join(evening, former["address"].partition("#")[2]), 401, "link-not-valid")
    refused(await join(evening, "x" * 43), 401, "link-not-valid")
    joined = await join(evening, secret)
    assert joined.status_code == 200, joined.text
    assert joined.json()["join_url"] == "https://video.example.test/r"
    evening.at(40)
    assert (await join(evening, secret)).json() == joined.json(), "who comes back was here before"
    came = (await evening.roster("ana"))["check_in"]
    assert (came["checked_in_at"], came["checked_in_by"]) == ("2026-03-03T00:27:00Z", "telehealth")
    gone = (await evening.give_pass("ben")).json()["address"].partition("#")[2]
    both = await asyncio.gather(*(join(evening, gone) for _ in range(2)))
    assert [answer.status_code for answer in both] == [200, 200], "two windows of one browser"
    evening.at(180)
    refused(await join(evening, secret), 401, "link-not-valid")


async def test_the_page_to_join_on_lets_nothing_else_in_and_joins_when_asked_to(
    evening: Evening,
) -> None:
    base = str(evening.clinic.desk.http.base_url)
    async with httpx.AsyncClient(base_url=base) as nobody:
        page, script = await nobody.get("/telehealth"), await nobody.get("/telehealth/page.js")
    assert page.headers["content-type"].startswith("text/html")
    for answer in (page, script):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "//" not in answer.text, "nothing is fetched from elsewhere"
    assert 'src="/telehealth/page.js"' in page.text
    assert script.text.index("addEventListener") < script.text.index("fetch(")


async def test_who_is_not_expected_any_more_comes_in_by_no_link_and_no_code(
    evening: Evening,
) -> None:
    await open_room(evening)
    secret = (await evening.give_pass("ana")).json()["address"].partition("#")[2]
    code = (await evening.give_pass("ana", 1)).json()["code"]
    evening.at(-10)
    assert (await join(evening, secret)).status_code == 200
    await evening.clinic.tell(evening.clients["ana"].step_down)
    refused(await join(evening, secret), 401, "link-not-valid")
    kiosk = evening.clinic.system.client("scheduling", "kiosk", [evening.site])
    refused(await kiosk.post("/kiosk/check-ins", {"code": code}), 422, "code-not-valid")


async def test_a_correction_keeps_what_was_said_and_tells_both(evening: Evening) -> None:
    evening.at(200)
    made = created(await evening.post("attendance", "ana", status="no_show"))
    path = f"/attendance/{made['id']}"
    lead = evening.clinic.system.client("scheduling", "clinical_lead", subject="lead-1")
    came, left = (START + timedelta(minutes=minutes) for minutes in (20, 180))
    partial = {"checked_in_at": came.isoformat(), "checked_out_at": left.isoformat()}
    answer = await lead.put(path, {"status": "partial", **partial}, etag='"1"')
    assert answer.json()["minutes_late"] == 20
    evening.at(210)
    assert (await lead.put(path, {"status": "present"}, etag='"2"')).status_code == 200
    refused(await lead.put(path, {"status": "partial"}, etag='"3"'), 422, "impossible-attendance")
    history = (await evening.clinic.desk.get(f"{path}/history")).json()
    said = [
        (v["version"], v["status"], v["attended_minutes"], v["recorded_at"])
        for v in history["versions"]
    ]
    assert said == [
        (1, "no_show", 0, "2026-03-03T03:50:00Z"),
        (2, "partial", 146, "2026-03-03T03:50:00Z"),
        (3, "present", 165, "2026-03-03T04:00:00Z"),
    ]
    assert [v["recorded_by"] for v in history["versions"]][1:] == ["lead-1", "lead-1"]
    refused(await evening.clinic.desk.get(f"/attendance/{uuid4()}/history"), 404, "not-found")

    told = await evening.told("ana")
    assert [type(event) for event in told] == [
        SessionMissed,
        AttendanceCorrected,
        SessionAttended,
        AttendanceCorrected,
        SessionAttended,
    ]
    first, second = (event for event in told if isinstance(event, AttendanceCorrected))
    assert (first.before.status, first.after.status) == ("no_show", "partial")
    assert (first.after.checked_in_at, first.after.attended_minutes) == (came, 146)
    assert second.before == first.after
    assert (second.after.status, second.after.checked_in_at) == ("present", None)


async def test_a_miss_is_made_up_once_and_in_its_week(evening: Evening) -> None:
    evening.at(60 * 24 * 9)
    missed = created(await evening.post("attendance", "ana", status="no_show"))["id"]
    other = created(await evening.post("attendance", "ben", status="no_show"))["id"]

    async def make_up(session: int, miss: str | UUID, status: str = "present") -> httpx.Response:
        return await evening.post("attendance", "ana", session, status=status, makes_up=str(miss))

    refused(await make_up(3, missed), 409, "cannot-be-made-up", "/makes_up")
    refused(await make_up(1, other), 409, "cannot-be-made-up", "/makes_up")
    refused(await make_up(1, uuid4()), 409, "cannot-be-made-up", "/makes_up")
    refused(await make_up(1, missed, "no_show"), 422, "impossible-attendance", "/makes_up")
    made = created(await make_up(1, missed))
    assert made["makes_up"] == missed
    shown = (await evening.clinic.desk.get(f"/attendance/{missed}")).json()
    assert (shown["made_up_by"], shown["status"]) == (made["id"], "no_show")
    refused(await make_up(2, missed), 409, "cannot-be-made-up", "/makes_up")
    refused(await make_up(2, made["id"]), 409, "cannot-be-made-up", "/makes_up")
    *_, told = await evening.told("ana")
    assert isinstance(told, SessionAttended)
    assert str(told.makes_up_session_id) == evening.sessions[0]

    desk = evening.clinic.desk
    answer = await desk.put(f"/attendance/{missed}", {"status": "present"}, etag='"1"')
    refused(answer, 409, "miss-made-up")
    excused = await desk.put(f"/attendance/{missed}", {"status": "excused_absence"}, etag='"1"')
    assert excused.status_code == 200, "who is excused is still made up"
    undone = await desk.put(f"/attendance/{made['id']}", {"status": "present"}, etag='"1"')
    assert undone.json()["makes_up"] is None
    *_, corrected, _ = await evening.told("ana")
    assert isinstance(corrected, AttendanceCorrected)
    before, after = corrected.before, corrected.after
    assert (str(before.makes_up_session_id), after.makes_up_session_id) == (
        evening.sessions[0],
        None,
    )
    again = {"status": "present", "makes_up": missed}
    answers = await asyncio.gather(
        make_up(2, missed), desk.put(f"/attendance/{made['id']}", again, etag='"2"')
    )
    assert sorted(answer.status_code // 100 for answer in answers) == [2, 4]
    week = await desk.get(f"/clients/{evening.clients['ana'].id}/weekly-hours", week="2026-W10")
    assert (week.json()["planned_minutes"], week.json()["attended_minutes"]) == (
        495,
        330 if answers[0].status_code == 201 else 165,
    )
    if answers[0].status_code != 201:
        created(await evening.post("attendance", "ana", 2, status="present"))
    by = (await desk.get(f"/attendance/{missed}")).json()["made_up_by"]
    held = 1 if by == made["id"] else 2
    manager = evening.clinic.system.client("scheduling", "site_manager", [evening.site])
    path = f"/sessions/{evening.sessions[held]}/cancel"
    assert (await manager.post(path, {"reason": "other"}, etag='"1"')).status_code == 200
    assert (await desk.get(f"/attendance/{missed}")).json()["made_up_by"] is None
    other_one = (await evening.roster("ana", 3 - held))["attendance"]
    etag = f'"{other_one["version"]}"'
    answer = await desk.put(f"/attendance/{other_one['id']}", again, etag=etag)
    assert answer.status_code == 200, "what is not held makes up for nothing"


async def test_who_did_not_come_is_a_no_show_by_itself_where_the_site_wants_it(
    evening: Evening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = JobContext(evening.clinic.database, evening.clinic.system.settings("scheduling"))

    async def work_off() -> datetime | None:
        async with evening.clinic.database.transaction("*") as tx:
            due = await no_shows_job.next_due(tx)
        while due is not None and await no_shows_job.run(context):
            pass
        async with evening.clinic.database.transaction("*") as tx:
            return await no_shows_job.next_due(tx)

    evening.at(200)
    assert await work_off() is None, "no site wants it"
    shipped = Path(__file__).parents[2] / "services/scheduling/attendance/data/attendance.yaml"
    own = tmp_path / "sites" / str(evening.site) / "scheduling" / "attendance"
    own.mkdir(parents=True)
    text = shipped.read_text().replace("no_show_minutes_after: null", "no_show_minutes_after: 30")
    (own / "attendance.yaml").write_text(text)
    read_anew(monkeypatch, attendance_policy, folder=tmp_path)
    evening.at(-60)
    created(await evening.post("check-ins", "ana"))
    assert await work_off() == END + timedelta(minutes=30)
    evening.at(209)
    created(await evening.post("attendance", "ben", status="present"))
    assert await work_off() == END + timedelta(minutes=30)
    assert len(await evening.told()) == 1
    evening.at(210)
    assert await work_off() == END + timedelta(days=2, minutes=30)
    assert (await evening.roster("ana"))["attendance"] is None, "who came is left to staff"
    missed = (await evening.roster("cleo"))["attendance"]
    assert (missed["status"], missed["recorded_by"]) == ("no_show", None)
    told = [event for event in await evening.told() if isinstance(event, SessionMissed)]
    assert len(told) == 3
    refused(await evening.post("check-ins", "cleo", at=START.isoformat()), 409, "already-recorded")


async def test_a_session_of_one_client_is_told_with_the_cohort_of_the_seat(
    evening: Evening,
) -> None:
    ana, own = evening.clients["ana"].id, uuid4()
    await evening.clinic.system.execute_as_owner(
        "scheduling",
        f"""
        SET stepwell.sites = '*';
        INSERT INTO sessions (id, site_id, starts_at, ends_at, time_zone, kind, topic,
          break_minutes)
        VALUES ('{own}', '{evening.site}', '2026-03-02T16:00Z', '2026-03-02T17:00Z',
          'America/Denver', 'individual', 'Plan', 0);
        INSERT INTO appointments (session_id, client_id, site_id, placement_id, state, scheduled_at)
        SELECT '{own}', client_id, site_id, id, 'scheduled', placed_at FROM placements
        WHERE client_id = '{ana}';
        """,
    )
    evening.sessions.append(str(own))
    evening.at(0)
    made = created(await evening.post("attendance", "ana", -1, status="no_show"))
    path = f"/attendance/{made['id']}"
    await evening.clinic.desk.put(path, {"status": "present"}, etag='"1"')
    (cohort,) = {event.cohort_id for event in await evening.told("ana")}
    rows = await evening.clinic.system.fetch("scheduling", "SELECT id FROM cohorts")
    assert [row["id"] for row in rows] == [cohort]
