"""The rules of a zone change: sessions keep the time on the wall, and whoever comes is told."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.directory import commands
from services.scheduling.sessions import changing, jobs
from services.scheduling.sessions import commands as sessions
from shared.contracts.scheduling import SessionScheduled
from shared.database import ALL_SITES
from shared.jobs import JobContext
from tests.support.directory import room
from tests.support.scheduling import EVENING, Clinic, Enrolled, open_clinic
from tests.support.system import System
from tests.support.zone_rules import VANCOUVER_UNTIL_2026, before_the_change, rules_from

VANCOUVER = "America/Vancouver"
BACK_TO_BACK = [
    {**EVENING, "minutes": 60, "break_minutes": 0},
    {**EVENING, "starts": "18:30", "minutes": 60, "break_minutes": 0},
]


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


class Agreeing:
    """A database whose rules are as old as the process's."""

    async def difference(self, *_: Any) -> None:
        return None


@pytest.fixture
def by_edition(monkeypatch: pytest.MonkeyPatch) -> Any:
    def as_of(edition: str) -> None:
        for module in (commands, sessions, changing):
            monkeypatch.setattr(module, "edition", lambda: edition)

    monkeypatch.setattr(commands, "ZONES", Agreeing())
    as_of("2025.2")
    return as_of


@pytest.fixture
def older_rules(tmp_path: Path) -> Iterator[None]:
    before_the_change(tmp_path, VANCOUVER, VANCOUVER_UNTIL_2026)
    rules_from(tmp_path)
    yield
    rules_from()


async def follow(clinic: Clinic) -> int:
    """Let the job do its work; how many sessions moved."""
    before = await all_starts(clinic)
    context = JobContext(clinic.database, clinic.system.settings("scheduling", topics=False))
    while await jobs.zone_rules_job.run(context):
        pass
    after = await all_starts(clinic)
    return sum(after[session] != before[session] for session in before)


async def all_starts(clinic: Clinic) -> dict[UUID, datetime]:
    rows = await clinic.system.fetch("scheduling", "SELECT id, starts_at FROM sessions")
    return {row["id"]: row["starts_at"] for row in rows}


async def is_due(clinic: Clinic) -> bool:
    async with clinic.database.transaction(ALL_SITES) as tx:
        return await changing.next_due(tx) is not None


async def planned(
    clinic: Clinic, time_zone: str, name: str = "Cedar Ridge"
) -> tuple[UUID, Enrolled]:
    """A cohort with two sessions end to end on 44 Mondays, and a client in it."""
    site = await clinic.site(name, time_zone=time_zone)
    cohort = await clinic.cohort(site)
    await clinic.curriculum(cohort, weeks=44, slots=BACK_TO_BACK)
    ana = Enrolled("Ana", site)
    await clinic.tell(ana.enrolment)
    return cohort, ana


async def starts_of(clinic: Clinic, cohort: UUID) -> list[datetime]:
    rows = await clinic.system.fetch(
        "scheduling", "SELECT starts_at FROM sessions WHERE cohort_id = $1 ORDER BY 1", cohort
    )
    return [row["starts_at"] for row in rows]


async def told(clinic: Clinic) -> list[tuple[datetime, datetime]]:
    """Whence and whither, as it was told."""
    return [
        (one.moved_from, one.starts_at)
        for one in await clinic.published()
        if isinstance(one, SessionScheduled) and one.moved_from is not None
    ]


async def test_a_session_keeps_the_time_on_the_wall_and_its_instant_moves(
    clinic: Clinic, older_rules: None, by_edition: Any
) -> None:
    cohort, _ = await planned(clinic, VANCOUVER)
    assert await follow(clinic) == 0
    assert not await is_due(clinic)
    before = await starts_of(clinic, cohort)
    by_edition("2026.6")
    rules_from()
    assert await is_due(clinic)
    after_the_law = [one for one in before if one > datetime.fromisoformat("2026-11-01T09:00Z")]
    assert after_the_law
    assert await follow(clinic) == len(after_the_law)
    zone = ZoneInfo(VANCOUVER)
    after = await starts_of(clinic, cohort)
    assert {one.astimezone(zone).strftime("%a %H:%M") for one in after} == {
        "Mon 17:30",
        "Mon 18:30",
    }
    hour = timedelta(hours=1)
    assert after == sorted(one - hour if one in after_the_law else one for one in before)
    assert await told(clinic) == [(one, one - hour) for one in after_the_law]
    assert not await is_due(clinic)
    assert await follow(clinic) == 0


async def test_sessions_end_to_end_pass_one_another_when_the_clock_goes_the_other_way(
    clinic: Clinic, older_rules: None, by_edition: Any, tmp_path: Path
) -> None:
    rules_from()
    cohort, _ = await planned(clinic, VANCOUVER)
    assert await follow(clinic) == 0
    before = await starts_of(clinic, cohort)
    rules_from(tmp_path)
    by_edition("2026.7")
    assert await follow(clinic) > 0
    assert len(await starts_of(clinic, cohort)) == len(before)


async def test_a_zone_whose_rules_are_the_same_moves_nothing(
    clinic: Clinic, older_rules: None, by_edition: Any
) -> None:
    await planned(clinic, "America/Denver")
    await follow(clinic)
    rules_from()
    by_edition("2026.6")
    assert await follow(clinic) == 0
    assert await told(clinic) == []
    assert not await is_due(clinic)


async def test_a_process_with_an_older_edition_moves_nothing_back(
    clinic: Clinic, older_rules: None, by_edition: Any, tmp_path: Path
) -> None:
    cohort, _ = await planned(clinic, VANCOUVER)
    rules_from()
    by_edition("2026.10")
    assert await follow(clinic) > 0
    after = await starts_of(clinic, cohort)
    rules_from(tmp_path)
    by_edition("2026.9")
    assert not await is_due(clinic)
    assert await follow(clinic) == 0
    assert await starts_of(clinic, cohort) == after


async def test_what_has_begun_or_is_not_held_stays_as_it_is(
    clinic: Clinic, older_rules: None, by_edition: Any
) -> None:
    cohort, _ = await planned(clinic, VANCOUVER)
    starts = await starts_of(clinic, cohort)
    last = await clinic.system.fetch(
        "scheduling", "SELECT id FROM sessions WHERE starts_at = $1", starts[-1]
    )
    path = f"/sessions/{last[0]['id']}/cancel"
    cancelled = await clinic.desk.post(path, {"reason": "closure"}, etag='"1"')
    assert cancelled.status_code == 200, cancelled.text
    clinic.system.set_clock(starts[-3] + timedelta(minutes=5))
    rules_from()
    by_edition("2026.6")
    assert await follow(clinic) == 1
    after = await starts_of(clinic, cohort)
    assert (after[-4:-2], after[-1]) == (starts[-4:-2], starts[-1])


async def test_cohorts_that_follow_each_other_in_a_room_move_together_and_in_order(
    clinic: Clinic, older_rules: None, by_edition: Any
) -> None:
    site = await clinic.site(time_zone=VANCOUVER)
    blue = str(await room(clinic, site, capacity=20))
    cohorts = [await clinic.cohort(site, name) for name in ("Late", "Early")]
    for cohort, slot in zip(cohorts, reversed(BACK_TO_BACK), strict=True):
        await clinic.curriculum(cohort, weeks=44, slots=[{**slot, "room_id": blue}])
    ana, ben = Enrolled("Ana", site), Enrolled("Ben", site)
    await clinic.tell(ana.enrolment, ben.enrolment)
    counted = changing.not_moved._value.get()
    rules_from()
    by_edition("2026.6")
    assert await follow(clinic) > 0
    assert changing.not_moved._value.get() == counted
    walls = {
        tuple(one.astimezone(ZoneInfo(VANCOUVER)).strftime("%H:%M") for one in starts)
        for starts in zip(*[await starts_of(clinic, one) for one in cohorts], strict=True)
    }
    assert walls == {("18:30", "17:30")}
    moved = [whither for _, whither in await told(clinic)]
    assert moved == sorted(moved), "as the sessions follow each other, whatever their cohorts"


async def test_a_cohort_in_which_sessions_would_overlap_stays_and_others_move(
    clinic: Clinic, older_rules: None, by_edition: Any
) -> None:
    cohort, _ = await planned(clinic, VANCOUVER)
    other, _ = await planned(clinic, VANCOUVER, name="Elsewhere")
    starts = await starts_of(clinic, cohort)
    clinic.system.set_clock(starts[-2] - timedelta(minutes=1))
    await clinic.system.execute_as_owner(
        "scheduling",
        f"""SET stepwell.sites = '*';
        UPDATE sessions SET local_start = NULL WHERE starts_at = '{starts[-2].isoformat()}'
          AND cohort_id = '{cohort}'""",
    )
    rules_from()
    by_edition("2026.6")
    counted = changing.not_moved._value.get()
    assert await follow(clinic) == 2
    assert await starts_of(clinic, cohort) == starts
    assert (await starts_of(clinic, other))[-2:] == [
        one - timedelta(hours=1) for one in starts[-2:]
    ]
    assert changing.not_moved._value.get() == counted + 1
    assert not await is_due(clinic)


async def test_what_an_older_process_plans_after_the_look_is_looked_at_again(
    clinic: Clinic, older_rules: None, by_edition: Any, tmp_path: Path
) -> None:
    cohort, _ = await planned(clinic, VANCOUVER)
    rules_from()
    by_edition("2026.6")
    await follow(clinic)
    rules_from(tmp_path)
    by_edition("2025.2")
    later = [{**slot, "weekday": 2} for slot in BACK_TO_BACK]
    await clinic.curriculum(cohort, weeks=44, slots=later)
    assert not await is_due(clinic)
    rules_from()
    by_edition("2026.6")
    assert await is_due(clinic)
    assert await follow(clinic) > 0
    zone = ZoneInfo(VANCOUVER)
    walls = {one.astimezone(zone).strftime("%H:%M") for one in await starts_of(clinic, cohort)}
    assert walls == {"17:30", "18:30"}
