"""While a stay is on hold a miss counts nowhere; appointments and the seat are kept."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.intake import EpisodeState, EpisodeStateChanged
from shared.contracts.scheduling import SessionAttended, SessionMissed
from shared.database import ALL_SITES
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic
from tests.support.system import System

THREE_A_WEEK = [{**EVENING, "weekday": day} for day in (0, 2, 3)]
MONDAY, WEDNESDAY, THURSDAY = (datetime(2026, 3, day, 0, 30, tzinfo=UTC) for day in (3, 5, 6))
END_OF_WEEK = datetime(2026, 3, 7, 12, tzinfo=UTC)


@dataclass
class Stay:
    """One client of a cohort of Monday, Wednesday and Thursday evening in Denver."""

    clinic: Clinic
    site: UUID
    cohort: UUID
    client: Enrolled
    sessions: list[str]

    def change(self, to: EpisodeState, at: datetime) -> EpisodeStateChanged:
        return self.client.changed(to).model_copy(update={"changed_at": at})

    async def record(self, nth: int, status: str) -> dict[str, Any]:
        body = {"client_id": str(self.client.id), "status": status}
        answer = await self.clinic.desk.post(f"/sessions/{self.sessions[nth]}/attendance", body)
        return created(answer)

    async def misses(self) -> list[tuple[int, bool]]:
        """Which session was told to be missed, and whether on hold, in order."""
        return [
            (self.sessions.index(str(event.session_id)), event.on_hold)
            for event in await self.clinic.published()
            if isinstance(event, SessionMissed)
        ]

    async def roster(self, nth: int) -> dict[str, Any]:
        path = f"/sessions/{self.sessions[nth]}/roster"
        (entry,) = (await self.clinic.desk.get(path)).json()["entries"]
        return dict(entry)

    async def summary(self) -> dict[str, Any]:
        path = f"/clients/{self.client.id}/attendance-summary"
        return dict((await self.clinic.desk.get(path)).json())

    async def hours(self) -> tuple[int, int]:
        path = f"/clients/{self.client.id}/weekly-hours"
        shown = (await self.clinic.desk.get(path, week="2026-W10")).json()
        return shown["planned_minutes"], shown["attended_minutes"]


@pytest.fixture
async def stay(system: System) -> AsyncIterator[Stay]:
    async with open_clinic(system) as clinic:
        site = await clinic.site()
        cohort = await clinic.cohort(site)
        await clinic.curriculum(cohort, weeks=2, slots=THREE_A_WEEK)
        client = Enrolled("ana", site)
        await clinic.tell(client.enrolment)
        sessions = [session["id"] for session in await clinic.sessions(cohort)]
        yield Stay(clinic, site, cohort, client, sessions)


async def test_a_miss_while_on_hold_says_so_and_counts_nowhere(stay: Stay) -> None:
    await stay.clinic.tell(stay.change("on_hold", WEDNESDAY - timedelta(hours=9)))
    stay.clinic.at(END_OF_WEEK)
    await stay.record(0, "present")
    missed = await stay.record(1, "no_show")
    assert missed["counted"] is False
    assert await stay.misses() == [(1, True)]
    assert [(await stay.roster(n))["on_hold"] for n in (0, 1, 2)] == [False, True, True]
    assert (await stay.roster(1))["attendance"]["counted"] is False
    summary = await stay.summary()
    assert (summary["credited"], summary["no_show"], summary["unrecorded"]) == (1, 0, 0)
    assert (summary["on_hold"], summary["attendance_rate"]) == (2, 1.0)
    assert await stay.hours() == (165, 165)
    (_, wednesday, *_) = await stay.clinic.sessions(stay.cohort)
    assert (wednesday["roster"]["missed"], wednesday["roster"]["on_hold"]) == (0, 1)


async def test_sessions_after_the_hold_count_again(stay: Stay) -> None:
    await stay.clinic.tell(stay.change("on_hold", MONDAY))
    await stay.clinic.tell(stay.change("active", WEDNESDAY))
    stay.clinic.at(END_OF_WEEK)
    for nth in (0, 1, 2):
        await stay.record(nth, "no_show")
    assert await stay.misses() == [(0, True), (1, False), (2, False)]
    assert (await stay.summary())["no_show"] == 2
    assert await stay.hours() == (330, 0)


async def test_appointments_and_the_seat_are_kept_while_on_hold(stay: Stay) -> None:
    before = await stay.clinic.names_for(stay.client)
    await stay.clinic.tell(stay.change("on_hold", MONDAY))
    assert await stay.clinic.names_for(stay.client) == before
    (placement,) = (await stay.clinic.desk.get("/placements")).json()["items"]
    assert placement["state"] == "active"


async def test_who_comes_while_on_hold_is_credited(stay: Stay) -> None:
    await stay.clinic.tell(stay.change("on_hold", MONDAY))
    stay.clinic.at(END_OF_WEEK)
    assert (await stay.record(0, "present"))["counted"] is True
    (event,) = [e for e in await stay.clinic.published() if isinstance(e, SessionAttended)]
    assert (event.attended_minutes, event.enrolment_id) == (165, stay.client.enrolment_id)
    assert await stay.hours() == (165, 165)


async def test_a_miss_that_was_recorded_before_the_hold_was_known_is_told_again(
    stay: Stay,
) -> None:
    stay.clinic.at(END_OF_WEEK)
    for nth, status in enumerate(("no_show", "late_cancel", "present")):
        await stay.record(nth, status)
    await stay.clinic.tell(stay.change("on_hold", WEDNESDAY))
    assert await stay.misses() == [(0, False), (1, False), (1, True)]
    await stay.clinic.tell(stay.change("active", THURSDAY))
    assert await stay.misses() == [(0, False), (1, False), (1, True)]
    assert (await stay.roster(2))["on_hold"] is False


async def test_the_end_of_a_hold_that_is_known_late_is_told_again(stay: Stay) -> None:
    await stay.clinic.tell(stay.change("on_hold", MONDAY))
    stay.clinic.at(END_OF_WEEK)
    for nth in (0, 1):
        await stay.record(nth, "no_show")
    await stay.clinic.tell(stay.change("active", WEDNESDAY))
    assert await stay.misses() == [(0, True), (1, True), (1, False)]


async def test_a_hold_and_its_end_in_one_batch(stay: Stay) -> None:
    stay.clinic.at(END_OF_WEEK)
    await stay.record(0, "no_show")
    await stay.record(1, "no_show")
    await stay.clinic.tell(stay.change("on_hold", MONDAY), stay.change("active", WEDNESDAY))
    assert (await stay.misses())[2:] == [(0, True), (1, True), (1, False)]
    assert [(await stay.roster(n))["on_hold"] for n in (0, 1)] == [True, False]


async def test_a_corrected_miss_is_told_with_its_hold(stay: Stay) -> None:
    await stay.clinic.tell(stay.change("on_hold", MONDAY))
    stay.clinic.at(END_OF_WEEK)
    made = await stay.record(0, "present")
    path = f"/attendance/{made['id']}"
    corrected = await stay.clinic.desk.put(path, {"status": "no_show"}, etag='"1"')
    assert (corrected.status_code, corrected.json()["counted"]) == (200, False)
    assert await stay.misses() == [(0, True)]


async def test_a_seat_that_is_found_while_on_hold_begins_on_hold(stay: Stay) -> None:
    site = await stay.clinic.site("Elsewhere")
    ben = Enrolled("ben", site)
    await stay.clinic.tell(ben.enrolment)
    await stay.clinic.tell(ben.changed("on_hold"))
    cohort = await stay.clinic.cohort(site)
    await stay.clinic.curriculum(cohort, weeks=1)
    (session,) = await stay.clinic.sessions(cohort)
    assert session["roster"]["on_hold"] == 1
    await stay.clinic.tell(ben.changed("enrolled"))
    (session,) = await stay.clinic.sessions(cohort)
    assert session["roster"]["on_hold"] == 0


@pytest.mark.parametrize("end", ["lost", "died", "completed", "stepped_down"])
async def test_a_hold_ends_with_the_stay(stay: Stay, end: EpisodeState) -> None:
    await stay.clinic.tell(stay.change("on_hold", MONDAY))
    await stay.clinic.tell(stay.change(end, WEDNESDAY))
    assert await stay.clinic.system.fetch("scheduling", "SELECT FROM holds") == []
    assert [(await stay.roster(n))["on_hold"] for n in (0, 1)] == [True, False]


async def test_a_miss_and_a_hold_at_once_end_as_one_after_the_other(stay: Stay) -> None:
    """The last word on the miss is that it was on hold, whichever came first."""
    stay.clinic.at(END_OF_WEEK)
    await asyncio.gather(
        stay.clinic.tell(stay.change("on_hold", MONDAY)),
        *(stay.record(nth, "no_show") for nth in (0, 1, 2)),
    )
    latest = dict(await stay.misses())
    assert latest == {0: True, 1: True, 2: True}


async def test_a_miss_that_waited_for_a_hold_to_begin_says_so(stay: Stay) -> None:
    stay.clinic.at(END_OF_WEEK)
    async with stay.clinic.database.transaction(ALL_SITES) as tx:
        await stay.clinic.tell_in(tx, stay.change("on_hold", MONDAY))
        recording = asyncio.create_task(stay.record(0, "no_show"))
        await stay.clinic.system.until(
            "scheduling",
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'",
            is_=1,
        )
    assert (await recording)["counted"] is False
    assert await stay.misses() == [(0, True)]
