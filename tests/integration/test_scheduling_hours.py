"""Weeks are forecast, warned of in time and settled; what is told wrongly is taken back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.scheduling.hours.commands import look_at_weeks
from shared.contracts.scheduling import (
    WeeklyHoursAtRisk,
    WeeklyHoursEvent,
    WeeklyHoursShort,
    WeeklyHoursShortageLifted,
)
from shared.database import ALL_SITES
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import System

NINE_HOURS = [{**EVENING, "weekday": day, "break_minutes": 0} for day in (0, 2, 3)]
WEEK = "2026-W10"
"""Monday, 2026-03-02 in Denver, to the Sunday on which the clock changes there."""
BEFORE = datetime(2026, 2, 23, 14, tzinfo=UTC)
THURSDAY_NIGHT = datetime(2026, 3, 6, 5, tzinfo=UTC)
SETTLED = datetime(2026, 3, 10, 19, tzinfo=UTC)
"""An hour after Tuesday noon: 36 hours after the Sunday, which had 23."""


@dataclass
class Program:
    """Three evenings of three hours a week in Denver, for four weeks from 2 March on."""

    clinic: Clinic
    site: UUID
    cohort: UUID
    ana: Enrolled
    sessions: list[str]

    async def look(self) -> None:
        """Do all that is due now."""
        while True:
            async with self.clinic.database.transaction(ALL_SITES) as tx:
                if await look_at_weeks(tx) == 0:
                    return

    async def record(self, nth: int, status: str = "present", who: Enrolled | None = None) -> str:
        body = {"client_id": str((who or self.ana).id), "status": status}
        path = f"/sessions/{self.sessions[nth]}/attendance"
        return str(created(await self.clinic.desk.post(path, body))["id"])

    async def told(self) -> list[tuple[str, str, int, int]]:
        """Kind, week, forecast and credited minutes of what was told of weeks, in order."""
        return [
            (type(e).__name__[11:], e.week, e.forecast_minutes, e.credited_minutes)
            for e in await self.clinic.published()
            if isinstance(e, WeeklyHoursEvent)
        ]

    async def of_week(self, week: str = WEEK, **params: Any) -> list[dict[str, Any]]:
        answer = await self.clinic.desk.get("/weekly-hours", site_id=self.site, week=week, **params)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture
async def program(system: System) -> AsyncIterator[Program]:
    async with open_clinic(system) as clinic:
        site = await clinic.site()
        cohort = await clinic.cohort(site)
        await clinic.curriculum(cohort, weeks=4, slots=NINE_HOURS)
        ana = Enrolled("ana", site)
        await clinic.tell(ana.enrolment)
        sessions = [session["id"] for session in await clinic.sessions(cohort)]
        yield Program(clinic, site, cohort, ana, sessions)


async def test_a_seat_begins_in_the_week_that_the_site_s_calendar_shows(system: System) -> None:
    """Also the database cuts weeks on the wall of the site: counted on from a Monday in hours they
    would begin on Sunday at 23:00 once the clocks have changed."""
    given = {
        "2026-03-09T05:59:59Z": date(2026, 3, 2),
        "2026-03-09T06:00:00Z": date(2026, 3, 9),
        "2026-10-26T05:59:59Z": date(2026, 10, 19),
        "2026-10-26T06:00:00Z": date(2026, 10, 26),
        "2026-11-02T06:30:00Z": date(2026, 10, 26),
        "2026-11-02T07:00:00Z": date(2026, 11, 2),
    }
    async with open_clinic(system) as clinic:
        site = await clinic.site()
        cohort = await clinic.cohort(site)
        await clinic.curriculum(cohort, weeks=52)
        for at in given:
            clinic.at(datetime.fromisoformat(at))
            await clinic.tell(Enrolled(at, site).enrolment)
        rows = await system.fetch(
            "scheduling",
            "SELECT p.placed_at, w.monday FROM program_weeks w"
            " JOIN placements p ON p.id = w.placement_id",
        )
    assert {row["placed_at"]: row["monday"] for row in rows} == {
        datetime.fromisoformat(at): monday for at, monday in given.items()
    }


async def test_a_missed_evening_puts_the_week_at_risk_once_and_it_ends_short(
    program: Program,
) -> None:
    await program.look()
    assert await program.told() == []
    program.clinic.at(THURSDAY_NIGHT)
    await program.record(0)
    await program.record(1, "no_show")
    await program.look()
    await program.record(2)
    await program.look()
    program.clinic.at(SETTLED - timedelta(hours=2))
    await program.look()
    assert await program.told() == [("AtRisk", WEEK, 360, 180)]
    program.clinic.at(SETTLED)
    await program.look()
    await program.look()
    assert await program.told() == [("AtRisk", WEEK, 360, 180), ("Short", WEEK, 360, 360)]
    (short,) = [e for e in await program.clinic.published() if isinstance(e, WeeklyHoursShort)]
    assert (short.missing_minutes, short.missing_days, short.minimum_minutes) == (180, 1, 540)


async def test_a_correction_that_makes_a_told_shortage_wrong_lifts_it_and_one_back_tells_it_again(
    program: Program,
) -> None:
    program.clinic.at(SETTLED)
    await program.record(0)
    missed = await program.record(1, "no_show")
    await program.record(2)
    await program.look()
    assert await program.told() == [("Short", WEEK, 360, 360)]
    for etag, status in (('"1"', "present"), ('"2"', "excused_absence")):
        path = f"/attendance/{missed}"
        answer = await program.clinic.desk.put(path, {"status": status}, etag=etag)
        assert answer.status_code == 200
        await program.look()
    assert [kind for kind, *_ in await program.told()] == ["Short", "ShortageLifted", "Short"]
    lifted = [e for e in await program.clinic.published() if type(e) is WeeklyHoursShortageLifted]
    assert [e.reason for e in lifted] == ["enough"]


async def test_the_coming_week_is_warned_of_once_it_is_planned_too_short(program: Program) -> None:
    """From Monday of the week before on, and not earlier: 23 February here."""
    manager = program.clinic.system.client("scheduling", "site_manager")
    await program.look()
    for nth in (0, 3):
        path = f"/sessions/{program.sessions[nth]}/cancel"
        assert (await manager.post(path, {"reason": "weather"}, etag='"1"')).status_code == 200
    await program.look()
    assert await program.told() == [("AtRisk", WEEK, 360, 0)]
    program.clinic.at(BEFORE + timedelta(days=7))
    await program.look()
    assert await program.told() == [("AtRisk", WEEK, 360, 0), ("AtRisk", "2026-W11", 360, 0)]
    await program.clinic.curriculum(
        program.cohort, starts_on="2026-03-06", weeks=1, slots=[{**NINE_HOURS[0], "weekday": 4}]
    )
    await program.look()
    assert (await program.told())[2:] == [("ShortageLifted", WEEK, 540, 0)]


async def test_a_week_without_any_session_is_warned_of(program: Program) -> None:
    program.clinic.at(BEFORE + timedelta(days=28))
    await program.look()
    assert ("AtRisk", "2026-W14", 0, 0) in await program.told()


async def test_nobody_is_warned_on_the_last_day(program: Program) -> None:
    await program.look()
    program.clinic.at(datetime(2026, 3, 8, 8, tzinfo=UTC))
    await program.record(0, "no_show")
    await program.look()
    assert [told for told in await program.told() if told[1] == WEEK] == []


async def test_a_week_on_hold_and_one_in_which_the_stay_ends_are_not_judged(
    program: Program,
) -> None:
    ben = Enrolled("ben", program.site)
    await program.clinic.tell(ben.enrolment)
    program.clinic.at(THURSDAY_NIGHT - timedelta(days=1))
    for who in (program.ana, ben):
        await program.record(0, "no_show", who)
    await program.look()
    assert [kind for kind, *_ in await program.told()] == ["AtRisk", "AtRisk"]
    await program.clinic.tell(program.ana.changed("on_hold"))
    await program.clinic.tell(ben.changed("completed"))
    await program.look()
    weeks = {one["client_id"]: one["told"] for one in await program.of_week("2026-W11")}
    assert weeks == {str(program.ana.id): None}
    lifted = [e for e in await program.clinic.published() if type(e) is WeeklyHoursShortageLifted]
    assert {e.client_id for e in lifted if e.week == WEEK} == {program.ana.id, ben.id}
    assert {e.reason for e in lifted} == {"not_judged"}
    program.clinic.at(SETTLED)
    await program.look()
    assert {one["standing"] for one in await program.of_week()} == {"not_judged"}
    events = await program.clinic.published()
    assert not any(isinstance(event, WeeklyHoursShort) for event in events)


async def test_a_week_into_which_a_hold_fell_is_not_judged_when_the_client_is_back(
    program: Program,
) -> None:
    program.clinic.at(THURSDAY_NIGHT - timedelta(days=2))
    await program.record(0, "no_show")
    await program.look()
    await program.clinic.tell(program.ana.changed("on_hold"))
    await program.look()
    program.clinic.at(THURSDAY_NIGHT - timedelta(days=1))
    await program.clinic.tell(program.ana.changed("active"))
    program.clinic.at(SETTLED)
    await program.look()
    assert [kind for kind, week, *_ in await program.told() if week == WEEK] == [
        "AtRisk",
        "ShortageLifted",
    ]
    assert [one["standing"] for one in await program.of_week()] == ["not_judged"]


async def test_a_site_sees_who_lacks_most_first_page_by_page(program: Program) -> None:
    others = [Enrolled(name, program.site) for name in ("ben", "cleo", "dan")]
    for one in others:
        await program.clinic.tell(one.enrolment)
    ben, cleo, dan = others
    program.clinic.at(THURSDAY_NIGHT)
    for nth, status in enumerate(("present", "present", "present")):
        await program.record(nth, status)
    for nth in (0, 1):
        await program.record(nth, "no_show", ben)
    await program.record(0, "late_cancel", cleo)
    await program.look()
    weeks = await program.of_week()
    assert [one["client_id"] for one in weeks][:2] == [str(ben.id), str(cleo.id)]
    assert [(one["missing_minutes"], one["standing"], one["told"]) for one in weeks[:2]] == [
        (360, "at_risk", "at_risk"),
        (180, "at_risk", "at_risk"),
    ]
    standings = {one["client_id"]: one["standing"] for one in weeks}
    assert (standings[str(program.ana.id)], standings[str(dan.id)]) == ("met", "on_track")
    paged, cursor = [], {}
    while True:
        answer = await program.clinic.desk.get(
            "/weekly-hours", site_id=program.site, week=WEEK, limit=1, **cursor
        )
        paged += answer.json()["items"]
        if answer.json()["next"] is None:
            break
        cursor = {"cursor": answer.json()["next"]}
    assert paged == weeks
    answer = await program.clinic.desk.get("/weekly-hours", site_id=program.site, week="2026-W54")
    refused(answer, 422, "bad-week", "week")


async def test_the_phase_of_the_cohort_says_what_a_week_has_to_be(program: Program) -> None:
    async with program.clinic.database.transaction("*") as tx:
        await tx.execute(
            """UPDATE cohorts SET phases = '[{"name": "1", "minimum_minutes": 600},
            {"name": "2", "minimum_minutes": 360, "maximum_minutes": 480, "minimum_days": 2}]'"""
        )
    (first,) = await program.of_week()
    assert (first["standing"], first["missing_minutes"], first["minimum_days"]) == (
        "at_risk",
        60,
        3,
    )
    await program.look()
    assert await program.told() == [("AtRisk", WEEK, 540, 0)]
    async with program.clinic.database.transaction("*") as tx:
        await tx.execute("UPDATE placements SET phase = 2")
    (second,) = await program.of_week()
    assert (second["standing"], second["over_maximum"]) == ("on_track", True)


async def test_two_workers_tell_each_shortage_once(program: Program) -> None:
    program.clinic.at(SETTLED)
    await program.record(0, "no_show")
    await asyncio.gather(program.look(), program.look())
    assert await program.told() == [("Short", WEEK, 360, 0)]
    assert [type(e) for e in await program.clinic.published()].count(WeeklyHoursAtRisk) == 0
