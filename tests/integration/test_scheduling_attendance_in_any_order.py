"""In whatever order clients come, go, are recorded, corrected and leave, and a session is not held:
what is told is what is kept, once, and nothing that was said is lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from shared.contracts.scheduling import AttendanceCorrected, SessionAttended, SessionMissed
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic
from tests.support.system import System

START = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
SCHEDULED = 165
PARTIAL = {
    "checked_in_at": (START + timedelta(minutes=10)).isoformat(),
    "checked_out_at": (START + timedelta(minutes=60)).isoformat(),
}
CREDITED = {"present": SCHEDULED, "partial": 50 * SCHEDULED // 180, "no_show": 0}
WHO = st.sampled_from(range(2))
STATUS = st.sampled_from(sorted(CREDITED))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([10, 45, 60, 120]), st.just("")),
        st.tuples(st.sampled_from(["come", "go", "leave"]), WHO, st.just("")),
        st.tuples(st.sampled_from(["record", "correct"]), WHO, STATUS),
        st.tuples(st.sampled_from(["close", "close", "not held"]), st.just(0), st.just("")),
    ),
    min_size=8,
    max_size=16,
)


@dataclass
class Seat:
    """What must be true of one client at the session; minutes count from its start."""

    client: Enrolled
    expected: bool = True
    came: int | None = None
    left: int | None = None
    said: list[tuple[str, int]] = field(default_factory=list)

    def follows(self) -> tuple[str, int]:
        """What the check-ins say once the session is over."""
        if self.came is None:
            return "no_show", 0
        left = 180 if self.left is None else min(self.left, 180)
        late, early = max(self.came, 0), 180 - left
        if late <= 5 and early <= 5:
            return "present", SCHEDULED
        credited = (left - late) * SCHEDULED // 180
        return "partial", credited if credited >= 30 else 0


@dataclass
class Session:
    """One session of a group of two, and the model of it."""

    clinic: Clinic
    id: str
    seats: list[Seat]
    minute: int = -90
    held: bool = True

    async def take(self, step: tuple[str, int, str]) -> None:
        """Take a step, which is accepted exactly where the model says so."""
        what, number, status = step
        if what == "wait":
            self.minute += number
            self.clinic.at(START + timedelta(minutes=self.minute))
            return
        seat, desk, path = self.seats[number], self.clinic.desk, f"/sessions/{self.id}"
        who = {"client_id": str(seat.client.id)}
        open_ = self.held and seat.expected and not seat.said
        begun = self.minute >= (60 if status == "partial" else 0)
        noted = {"status": status, **(PARTIAL if status == "partial" else {})}
        if what == "leave":
            await self.clinic.tell(seat.client.step_down)
            seat.expected = seat.expected and (self.minute >= 0 or not self.held)
        elif what == "not held":
            answer = await self.clinic.regional.get(path)
            manager = self.clinic.system.client("scheduling", "site_manager")
            etag = answer.headers["etag"]
            answer = await manager.post(f"{path}/cancel", {"reason": "weather"}, etag=etag)
            assert (answer.status_code == 200) is self.held, answer.text
            self.held = False
        elif what == "come":
            answer = await desk.post(f"{path}/check-ins", who)
            accepted = open_ and seat.came is None and -60 <= self.minute < 180
            assert (answer.status_code == 201) is accepted, answer.text
            seat.came = self.minute if accepted else seat.came
        elif what == "go":
            answer = await desk.post(f"{path}/check-outs", who)
            since = seat.came if seat.came is not None and seat.left is None else 1_000
            accepted = open_ and max(since, 0) < self.minute <= 240
            assert (answer.status_code == 201) is accepted, answer.text
            seat.left = self.minute if accepted else seat.left
        elif what == "record":
            answer = await desk.post(f"{path}/attendance", {**who, **noted})
            assert (answer.status_code == 201) is (open_ and begun), answer.text
            seat.said += [(status, CREDITED[status])] if open_ and begun else []
        elif what == "correct" and seat.said:
            rows = await self.rows()
            row = rows[str(seat.client.id)]
            where, etag = f"/attendance/{row['id']}", f'"{row["version"]}"'
            answer = await desk.put(where, noted, etag=etag)
            assert (answer.status_code == 200) is (self.held and begun), answer.text
            seat.said += [(status, CREDITED[status])] if self.held and begun else []
        elif what == "close":
            answer = await desk.post(f"{path}/attendance/from-check-ins", {})
            accepted = self.held and self.minute >= 180
            assert (answer.status_code == 201) is accepted, answer.text
            for one in self.seats if accepted else ():
                if one.expected and not one.said:
                    one.said.append(one.follows())

    async def rows(self) -> dict[str, dict[str, Any]]:
        """What is recorded, by client."""
        roster = (await self.clinic.desk.get(f"/sessions/{self.id}/roster")).json()
        return {e["client_id"]: e["attendance"] for e in roster["entries"] if e["attendance"]}

    async def check(self) -> None:
        """What is kept, what is told and what was said before are the same, and as the model has
        it."""
        rows = await self.rows()
        events = await self.clinic.published()
        for seat in self.seats:
            told = [e for e in events if e.key == str(seat.client.id)]
            states = [e for e in told if isinstance(e, SessionAttended | SessionMissed)]
            assert [(e.status, getattr(e, "attended_minutes", 0)) for e in states] == seat.said
            corrected = [e for e in told if isinstance(e, AttendanceCorrected)]
            pairs = [
                tuple((s.status, s.attended_minutes) for s in (e.before, e.after))
                for e in corrected
            ]
            assert pairs == list(zip(seat.said, seat.said[1:], strict=False))
            row = rows.get(str(seat.client.id))
            assert (row is None) is (not seat.said)
            if row is None:
                continue
            assert row["attended_minutes"] <= row["scheduled_minutes"] == SCHEDULED
            assert row["counted"] is self.held
            shown = await self.clinic.desk.get(f"/attendance/{row['id']}/history")
            versions = shown.json()["versions"]
            assert [v["version"] for v in versions] == list(range(1, len(seat.said) + 1))
            assert [(v["status"], v["attended_minutes"]) for v in versions] == seat.said


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


async def open_session(clinic: Clinic) -> Session:
    """A group of two that meets once."""
    clinic.at(START - timedelta(days=7))
    site = await clinic.site(f"Site {uuid4()}")
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort, weeks=1, slots=[EVENING])
    clients = [Enrolled(name, site) for name in ("ana", "ben")]
    await clinic.tell(*(client.enrolment for client in clients))
    (session,) = await clinic.sessions(cohort)
    made = Session(clinic, session["id"], [Seat(client) for client in clients])
    await made.take(("wait", 0, ""))
    return made


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    steps=[
        ("wait", 45, ""),
        ("come", 0, ""),
        ("wait", 60, ""),
        ("come", 1, ""),
        ("wait", 60, ""),
        ("go", 1, ""),
        ("record", 0, "present"),
        ("leave", 1, ""),
        ("wait", 120, ""),
        ("close", 0, ""),
        ("correct", 0, "no_show"),
        ("correct", 1, "partial"),
        ("close", 0, ""),
        ("not held", 0, ""),
        ("correct", 0, "present"),
        ("not held", 0, ""),
    ]
)
@given(steps=STEPS)
async def test_in_any_order_what_is_told_is_what_is_kept(
    clinic: Clinic, steps: list[tuple[str, int, str]]
) -> None:
    session = await open_session(clinic)
    for step in steps:
        await session.take(step)
    await session.check()


async def test_who_closes_a_roll_twice_at_once_records_everybody_once(clinic: Clinic) -> None:
    session = await open_session(clinic)
    await session.take(("wait", 300, ""))
    path = f"/sessions/{session.id}/attendance/from-check-ins"
    answers = await asyncio.gather(*(clinic.desk.post(path, {}) for _ in range(6)))
    first = created(answers[0])
    assert [created(answer) for answer in answers] == [first] * 6
    for seat in session.seats:
        seat.said.append(("no_show", 0))
    await session.check()
