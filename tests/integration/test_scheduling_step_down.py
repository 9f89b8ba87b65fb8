"""Clients leave a cohort step by step; what they leave is cancelled, and the seat goes on."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.scheduling.step_down.commands import advance, carry_out
from services.scheduling.step_down.policy import step_down_path
from shared.contracts.scheduling import PhaseBegan, SessionCancelled, SessionScheduled
from shared.database import ALL_SITES, Transaction
from tests.support.merges import merged
from tests.support.scheduling import EVENING, Clinic, Enrolled, open_clinic
from tests.support.system import System
from tests.support.waiting import of_site

Work = Callable[[Transaction], Awaitable[int]]
MONDAYS = [datetime(2026, 3, day, 6 if day > 8 else 7, tzinfo=UTC) for day in (2, 9, 16, 23, 30)]
"""00:00 at the site; the clock goes forward on 8 March."""
WEEK = {"minimum_minutes": 540, "maximum_minutes": 1140, "minimum_days": 1}
PHASES = [{"name": "intensive", "weeks": 4, **WEEK}, {"name": "step-down", "weeks": 1, **WEEK}]


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


@pytest.fixture
async def site(clinic: Clinic) -> UUID:
    return await clinic.site()


async def run(clinic: Clinic, work: Work) -> int:
    async with clinic.database.transaction(ALL_SITES) as tx:
        return await work(tx)


async def plan_phases(clinic: Clinic, cohort: UUID) -> None:
    async with clinic.database.transaction(ALL_SITES) as tx:
        await tx.execute("UPDATE cohorts SET phases = $2 WHERE id = $1", cohort, json.dumps(PHASES))
        await tx.execute(
            """UPDATE sessions SET phases = CASE extract(isodow FROM local_start)
                 WHEN 3 THEN '{1}'::integer[] WHEN 5 THEN '{2}'::integer[] END
               WHERE cohort_id = $1""",
            cohort,
        )


async def phase_of(clinic: Clinic, site: UUID, client: Enrolled, week: str) -> tuple[int, int]:
    """By whose hours a week is judged, in the client's own view and in that of the site."""
    own = await clinic.desk.get(f"/clients/{client.id}/weekly-hours", week=f"2026-{week}")
    all_of_site = await clinic.desk.get("/weekly-hours", site_id=site, week=f"2026-{week}")
    (of_client,) = (w for w in all_of_site.json()["items"] if w["client_id"] == str(client.id))
    return own.json()["phase"], of_client["phase"]


async def test_a_seat_is_kept_to_the_end_of_the_week_and_then_goes_to_the_next(
    clinic: Clinic, site: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    of_site(monkeypatch, tmp_path, site, step_down_path, path="end_of_week")
    evening = await clinic.cohort(site, capacity=1)
    await clinic.curriculum(evening, weeks=2, slots=[{**EVENING, "weekday": d} for d in (1, 3)])
    ana, ben, cleo = (Enrolled(name, site) for name in ("ana", "ben", "cleo"))
    await clinic.tell(ana.enrolment, ben.enrolment, cleo.enrolment)
    clinic.at(datetime(2026, 3, 4, 18, tzinfo=UTC))
    await clinic.tell(ana.step_down, cleo.step_down)
    assert await clinic.names_for(cleo) == ["ClientWaitlisted"]
    assert len((await clinic.desk.get("/waitlist")).json()["items"]) == 1
    assert await run(clinic, carry_out) == 0
    assert (await clinic.names_for(ana))[-1] == "SessionScheduled"
    clinic.at(MONDAYS[1])
    assert await run(clinic, carry_out) == 1
    assert (await clinic.names_for(ana))[5:] == ["PlacementEnded", *["SessionCancelled"] * 2]
    assert await clinic.names_for(ben) == [
        "ClientWaitlisted",
        "ClientPlaced",
        *["SessionScheduled"] * 2,
    ]
    assert await run(clinic, carry_out) == 0


@pytest.mark.parametrize("by_another_record", [False, True])
async def test_who_comes_back_in_the_week_leaves_the_former_seat(
    clinic: Clinic,
    site: UUID,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    by_another_record: bool,
) -> None:
    of_site(monkeypatch, tmp_path, site, step_down_path, path="end_of_week")
    await clinic.cohort(site, capacity=1)
    ana = Enrolled("ana", site)
    back = Enrolled("ana", site, id=uuid4() if by_another_record else ana.id)
    await clinic.tell(ana.enrolment)
    await clinic.tell(ana.step_down)
    if by_another_record:
        await clinic.tell(merged(back.id, ana.id, site))
    await clinic.tell(back.enrolment)
    records = dict.fromkeys((ana.id, back.id))
    names = [type(e).__name__ for e in await clinic.published() if UUID(e.key) in records]
    assert names == ["ClientPlaced", "PlacementEnded", "ClientPlaced"]
    clinic.at(MONDAYS[0])
    assert await run(clinic, carry_out) == 0


async def test_a_step_down_leads_through_the_phases_of_the_cohort_and_then_out(
    clinic: Clinic, site: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    of_site(monkeypatch, tmp_path, site, step_down_path, path="next_phase")
    cohort = await clinic.cohort(site, capacity=1)
    await clinic.curriculum(cohort, weeks=4, slots=[{**EVENING, "weekday": d} for d in (0, 2, 4)])
    await plan_phases(clinic, cohort)
    ana, ben = Enrolled("ana", site), Enrolled("ben", site)
    await clinic.tell(ana.enrolment, ben.enrolment)
    assert (await clinic.names_for(ana)).count("SessionScheduled") == 8
    clinic.at(datetime(2026, 3, 5, 18, tzinfo=UTC))
    await clinic.tell(ana.step_down)
    clinic.at(MONDAYS[1])
    assert await run(clinic, carry_out) == 1
    began, *rest = [e for e in await clinic.published() if e.key == str(ana.id)][9:]
    assert isinstance(began, PhaseBegan)
    assert (began.cohort_id, began.phase) == (cohort, 2)
    cancelled = [e for e in rest if isinstance(e, SessionCancelled)]
    scheduled = [e for e in rest if isinstance(e, SessionScheduled)]
    assert [*cancelled, *scheduled] == rest
    assert [(e.phase, e.ended_as) for e in cancelled] == [(2, None)] * 3
    assert [e.starts_at.day for e in scheduled] == [13, 20, 27]
    assert await clinic.names_for(ben) == ["ClientWaitlisted"]
    assert [await phase_of(clinic, site, ana, week) for week in ("W10", "W11")] == [(1, 1), (2, 2)]

    clinic.at(MONDAYS[2])
    assert await run(clinic, carry_out) == 1
    assert "PlacementEnded" in await clinic.names_for(ana)
    assert (await clinic.names_for(ben))[1] == "ClientPlaced"
    assert await run(clinic, carry_out) == 0


async def test_phases_go_on_by_themselves_where_the_policy_says_so_and_the_last_one_lasts(
    clinic: Clinic, site: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = await clinic.site("Other")
    of_site(monkeypatch, tmp_path, site, step_down_path, phases_advance=True)
    clients = []
    for place in (site, other):
        cohort = await clinic.cohort(place)
        await clinic.curriculum(cohort, weeks=5)
        await plan_phases(clinic, cohort)
        clients.append(Enrolled("ana", place))
        await clinic.tell(clients[-1].enrolment)
    paused = Enrolled("ben", site)
    await clinic.tell(paused.enrolment)
    await clinic.tell(paused.changed("on_hold"))
    clinic.at(MONDAYS[3])
    assert await run(clinic, advance) == 0  # the last Monday before was in the fourth week
    clinic.at(MONDAYS[4])
    assert await run(clinic, advance) == 1
    assert await run(clinic, advance) == 0
    began = [e for e in await clinic.published() if isinstance(e, PhaseBegan)]
    assert [(e.client_id, e.phase) for e in began] == [(clients[0].id, 2)]
    clinic.at(datetime(2026, 6, 1, tzinfo=UTC))
    assert await run(clinic, advance) == 0
