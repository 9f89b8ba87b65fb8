"""How long people wait, from attendance as scheduling tells it to figures of sites."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.access_times.commands import Attended, note_attended, note_missed
from services.intake.access_times.queries import access_times
from services.intake.referrals.commands import advance
from shared.contracts.scheduling import AttendanceEvent, SessionAttended, SessionMissed
from shared.database import ALL_SITES, Database
from shared.messaging.outbox import publish
from tests.conftest import MONDAY
from tests.support.flow import Intake, created, person
from tests.support.system import System

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
DENVER_EVENING = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
"""On 2 March by the calendar of the site."""


def outcome(client: str, session: int, starts_at: datetime, came: bool) -> AttendanceEvent:
    common: dict[str, Any] = {
        "client_id": client,
        "site_id": SITE,
        "session_id": UUID(int=session),
        "cohort_id": UUID(int=2),
        "starts_at": starts_at,
        "scheduled_minutes": 165,
        "time_zone": "America/Denver",
        "recorded_at": starts_at + timedelta(hours=3),
    }
    if came:
        return SessionAttended(**common, status="present", attended_minutes=165)
    return SessionMissed(**common, status="no_show", excused=False)


async def tell(system: System, events: Sequence[AttendanceEvent]) -> None:
    """Publish as scheduling does."""
    scheduling = Database(system.databases["scheduling"])
    await scheduling.open()
    async with scheduling.transaction(ALL_SITES) as tx:
        for event in events:
            publish(tx, event)
    await scheduling.close()


async def first_service(intake: Intake, client: str) -> str | None:
    (row,) = await intake.system.fetch(
        "intake",
        "SELECT first_service_on::text AS day FROM referrals WHERE client_id = $1::uuid",
        client,
    )
    day: str | None = row["day"]
    return day


async def test_the_first_session_stops_the_clock_and_a_correction_lets_it_run_on(
    working_intake: Intake,
):
    client = await working_intake.refer()
    await working_intake.system.start("scheduling")
    later = DENVER_EVENING + timedelta(days=2)
    await tell(
        working_intake.system,
        [
            outcome(client, 2, later, came=True),
            outcome(client, 1, DENVER_EVENING, came=True),
            outcome(client, 3, later + timedelta(days=1), came=False),
        ],
    )
    first = "SELECT first_service_on::text FROM referrals"
    await working_intake.system.until("intake", first, is_="2026-03-02")
    await tell(working_intake.system, [outcome(client, 1, DENVER_EVENING, came=False)])
    await working_intake.system.until("intake", first, is_="2026-03-04")
    await tell(working_intake.system, [outcome(client, 2, later, came=False)])
    await working_intake.system.until("intake", first, is_=None)
    assert await working_intake.system.fetch("intake", "SELECT FROM attended_services") == []


async def test_attendance_that_is_told_twice_comes_to_the_same(intake: Intake):
    client = await intake.refer()
    told = Attended(UUID(client), UUID(int=1), SITE, date(2026, 3, 2))
    moved = Attended(UUID(client), UUID(int=1), SITE, date(2026, 3, 3))
    for attended in ([told, told], [told], [told, moved]):
        async with intake.transaction() as tx:
            await note_attended(tx, attended)
    assert await first_service(intake, client) == "2026-03-03"
    for _ in range(2):
        async with intake.transaction() as tx:
            await note_missed(tx, [(UUID(client), UUID(int=1))])
    assert await first_service(intake, client) is None


async def test_a_day_of_service_belongs_to_the_latest_referral_before_it(intake: Intake):
    client = await intake.refer()
    desk = intake.system.client("intake", "front_desk", [SITE])
    (first,) = (await desk.get(f"/clients/{client}/referrals")).json()["items"]
    await desk.post(
        f"/referrals/{first['id']}/state", {"state": "lost", "reason": "unreachable"}, etag='"1"'
    )
    intake.system.set_clock(MONDAY + timedelta(days=30))
    second = created(await desk.post(f"/clients/{client}/referrals", {"source": "self"}))
    async with intake.transaction() as tx:
        await note_attended(
            tx,
            [
                Attended(UUID(client), UUID(int=n), SITE, day)
                for n, day in enumerate(
                    (date(2026, 2, 22), date(2026, 3, 1), date(2026, 3, 26), date(2026, 3, 27))
                )
            ],
        )
    rows = await intake.system.fetch("intake", "SELECT id, first_service_on FROM referrals")
    assert {str(row["id"]): row["first_service_on"] for row in rows} == {
        first["id"]: date(2026, 3, 1),
        second["id"]: date(2026, 3, 26),
    }


async def test_a_session_of_the_former_stay_is_no_service_of_a_referral_of_the_same_day(
    intake: Intake,
):
    client = await intake.refer()
    desk = intake.system.client("intake", "front_desk", [SITE])
    (first,) = (await desk.get(f"/clients/{client}/referrals")).json()["items"]
    await desk.post(
        f"/referrals/{first['id']}/state", {"state": "lost", "reason": "unreachable"}, etag='"1"'
    )
    intake.system.set_clock(MONDAY + timedelta(days=30))
    second = created(await desk.post(f"/clients/{client}/referrals", {"source": "self"}))
    day = date(2026, 3, 25)
    for starts_at, served in (
        (MONDAY + timedelta(days=30, hours=-2), {first["id"]: day, second["id"]: None}),
        (MONDAY + timedelta(days=30, hours=3), {first["id"]: day, second["id"]: day}),
    ):
        session = UUID(int=starts_at.hour)
        async with intake.transaction() as tx:
            await note_attended(tx, [Attended(UUID(client), session, SITE, day, starts_at)])
        rows = await intake.system.fetch("intake", "SELECT id, first_service_on FROM referrals")
        assert {str(row["id"]): row["first_service_on"] for row in rows} == served


async def test_a_clock_shows_days_against_the_targets(intake: Intake):
    client = await intake.refer()
    desk = intake.system.client("intake", "front_desk", [SITE])
    (referral,) = (await desk.get(f"/clients/{client}/referrals")).json()["items"]
    path = f"/referrals/{referral['id']}/clock"
    shown = (await desk.get(path)).json()
    assert shown["first_screening"] == {
        "target_days": 7,
        "last_day": "2026-03-01",
        "happened_on": None,
        "days": None,
        "status": "due_on",
    }
    intake.system.set_clock(datetime(2026, 3, 2, 6, 59, tzinfo=UTC))  # still 1 March in Denver
    assert (await desk.get(path)).json()["first_screening"]["status"] == "due_on"
    intake.system.set_clock(datetime(2026, 3, 2, 7, 0, tzinfo=UTC))
    assert (await desk.get(path)).json()["first_screening"]["status"] == "late"
    async with intake.transaction() as tx:
        await advance(tx, UUID(client), "screened")
        await note_attended(tx, [Attended(UUID(client), UUID(int=1), SITE, date(2026, 3, 8))])
    shown = (await desk.get(path)).json()
    assert (shown["first_screening"]["days"], shown["first_screening"]["status"]) == (7, "late")
    assert (shown["first_service"]["days"], shown["first_service"]["status"]) == (13, "within")


async def test_sites_are_summed_up_without_a_client(intake: Intake):
    await intake.system.execute_as_owner(
        "intake",
        "SET stepwell.sites = '*';"
        f"INSERT INTO sites VALUES ('{OTHER_SITE}', 'America/Chicago', '2026-02-23T14:00:00Z')",
    )
    clients = [await intake.refer() for _ in range(5)]
    elsewhere = intake.system.client("intake", "front_desk", [OTHER_SITE])
    created(
        await elsewhere.post(
            "/referrals",
            {
                "site_id": str(OTHER_SITE),
                "source": "self",
                "person": person(),
                "contact": {"channel": "log"},
            },
        )
    )
    ids = [UUID(client) for client in clients]
    async with intake.transaction() as tx:
        for client in ids[:3]:
            await advance(tx, client, "screened")
        await note_attended(
            tx,
            [
                Attended(ids[0], UUID(int=1), SITE, date(2026, 3, 1)),
                Attended(ids[1], UUID(int=2), SITE, date(2026, 3, 20)),
            ],
        )
    desk = intake.system.client("intake", "front_desk", [SITE])
    for client, ended in (
        (clients[3], {"state": "lost", "reason": "unreachable"}),
        (clients[4], {"state": "declined", "reason": "entered_in_error"}),
    ):
        (referral,) = (await desk.get(f"/clients/{client}/referrals")).json()["items"]
        await desk.post(f"/referrals/{referral['id']}/state", ended, etag='"1"')
    region = intake.system.client("intake", "regional_operations")
    period = {"from": "2026-02-01", "until": "2026-03-01"}
    found = (await region.get("/access-times", **period)).json()
    assert found["all_sites"][0] == {
        "measure": "first_screening",
        "referrals": 5,
        "within": 3,
        "late": 0,
        "due": 1,
        "stopped": 1,
        "median_days": 0,
        "percentile_90_days": 0,
    }
    here, there = found["sites"]
    assert (here["site_id"], there["site_id"]) == (str(SITE), str(OTHER_SITE))
    assert here["target_days"] == {"first_screening": 7, "first_service": 14}
    assert here["access"][1] == {
        "measure": "first_service",
        "referrals": 4,
        "within": 1,
        "late": 1,
        "due": 1,
        "stopped": 1,
        "median_days": 6,
        "percentile_90_days": 25,
    }
    assert there["access"][1]["due"] == 1
    assert not any(client in str(found) for client in clients)

    only = (await region.get("/access-times", **period, site_id=str(OTHER_SITE))).json()
    assert [site["site_id"] for site in only["sites"]] == [str(OTHER_SITE)]
    manager = intake.system.client("intake", "site_manager", [SITE])
    own = (await manager.get("/access-times", **period)).json()
    assert [site["site_id"] for site in own["sites"]] == [str(SITE)]
    empty = {"from": "2026-02-24", "until": "2026-03-01"}
    later = (await region.get("/access-times", **empty)).json()
    assert (later["sites"], later["all_sites"][0]["median_days"]) == ([], None)


@pytest.mark.parametrize(
    ("period", "pointer"),
    [
        ({"from": "2026-03-01", "until": "2026-03-01"}, "until"),
        ({"from": "2026-03-02", "until": "2026-03-01"}, "until"),
        ({"from": "2025-01-01", "until": "2026-01-03"}, "until"),
        ({"until": "2026-03-01"}, "from"),
        ({"from": "2026-03-01", "until": "soon"}, "until"),
    ],
)
async def test_a_period_that_cannot_be_summed_up_is_refused(
    intake: Intake, period: dict[str, str], pointer: str
):
    region = intake.system.client("intake", "regional_operations")
    refused = await region.get("/access-times", **period)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("role", ["front_desk", "counselor", "clinical_lead", "service"])
async def test_only_those_who_oversee_sites_see_access_times(intake: Intake, role: str):
    caller = intake.system.client("intake", role)
    refused = await caller.get("/access-times", **{"from": "2026-02-01", "until": "2026-03-01"})
    assert refused.status_code == 403


async def test_the_figures_agree_with_the_clocks(intake: Intake):
    clients = [UUID(await intake.refer()) for _ in range(3)]
    async with intake.transaction() as tx:
        await note_attended(
            tx,
            [
                Attended(client, UUID(int=n), SITE, date(2026, 3, 7) + timedelta(days=n))
                for n, client in enumerate(clients)
            ],
        )
        found = await access_times(tx, date(2026, 2, 23), date(2026, 2, 24), SITE)
    desk = intake.system.client("intake", "front_desk", [SITE])
    statuses = []
    for referral in (await desk.get("/referrals")).json()["items"]:
        clock = (await desk.get(f"/referrals/{referral['id']}/clock")).json()
        statuses.append(clock["first_service"]["status"])
    assert (found.all_sites[1].within, found.all_sites[1].late) == (
        statuses.count("within"),
        statuses.count("late"),
    )
    assert sorted(statuses) == ["late", "within", "within"]
