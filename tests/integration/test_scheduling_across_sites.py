"""What goes over the borders of a site or a record: one person with two records, misses that are
made up elsewhere, seats at other sites of a region, the order of locks; and what is told of people
who work at several sites."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from services.scheduling.directory.commands import lock_sites
from services.scheduling.directory.jobs import credentials_job
from services.scheduling.placement.policy import placement_policy
from shared.contracts.scheduling import SessionAttended, StaffCredentialExpiring
from shared.database import ALL_SITES, Overtaken, Transaction, at_all_sites
from shared.jobs import JobContext
from tests.conftest import MONDAY
from tests.support.data import read_anew
from tests.support.directory import room, staff
from tests.support.merges import merged, undone
from tests.support.scheduling import EVENING, Clinic, Enrolled, created, open_clinic, refused
from tests.support.system import System
from tests.support.waiting import SCHEDULING, Line, ask_first


@pytest.fixture
async def clinic(system: System) -> AsyncIterator[Clinic]:
    async with open_clinic(system) as opened:
        yield opened


async def two_sites(clinic: Clinic) -> tuple[Enrolled, Enrolled]:
    """Two records at two sites, each of which has a cohort at the same times."""
    sites = [await clinic.site("Here"), await clinic.site("There")]
    for site in sites:
        await clinic.curriculum(await clinic.cohort(site))
    return Enrolled("ana", sites[0]), Enrolled("ana again", sites[1])


async def conflicts(clinic: Clinic, site: UUID) -> list[tuple[str, bool]]:
    shown = (await clinic.regional.get("/sessions/conflicts", site_id=site)).json()["items"]
    return [(one["client_id"], one["expected"]) for one in shown]


async def test_a_person_is_not_expected_twice_at_a_time_by_another_record(clinic: Clinic) -> None:
    ana, again = await two_sites(clinic)
    merge = merged(ana.id, again.id, ana.site_id)
    await clinic.tell(merge)
    await clinic.tell(ana.enrolment)
    await clinic.tell(again.enrolment)
    assert await clinic.names_for(again) == ["ClientPlaced"]
    assert await conflicts(clinic, again.site_id) == [(str(again.id), False)] * 2
    assert await conflicts(clinic, ana.site_id) == []
    await clinic.tell(undone(merge))
    assert (await clinic.names_for(again))[1:] == ["SessionScheduled"] * 2
    assert await conflicts(clinic, again.site_id) == []


async def test_what_two_records_were_booked_for_before_their_merge_is_shown_as_a_conflict(
    clinic: Clinic,
) -> None:
    ana, again = await two_sites(clinic)
    await clinic.tell(ana.enrolment)
    await clinic.tell(again.enrolment)
    assert await conflicts(clinic, ana.site_id) == []
    await clinic.tell(merged(ana.id, again.id, ana.site_id))
    assert await conflicts(clinic, ana.site_id) == [(str(ana.id), True)] * 2
    assert await conflicts(clinic, again.site_id) == [(str(again.id), True)] * 2
    third = await clinic.site("Third")
    await clinic.curriculum(await clinic.cohort(third))
    later = Enrolled("and again", third)
    await clinic.tell(merged(ana.id, later.id, ana.site_id))
    await clinic.tell(later.enrolment)
    assert await clinic.names_for(later) == ["ClientPlaced"], "no third one at the time"


async def test_a_miss_at_one_site_is_made_up_at_another(clinic: Clinic) -> None:
    here, there = await clinic.site("Here"), await clinic.site("There")
    first, second = await clinic.cohort(here), await clinic.cohort(there)
    await clinic.curriculum(first)
    await clinic.curriculum(second, slots=[{**EVENING, "weekday": 2}])
    ana, again = Enrolled("ana", here), Enrolled("ana again", there)
    await clinic.tell(ana.enrolment)
    await clinic.tell(again.enrolment)
    await clinic.tell(merged(ana.id, again.id, here))
    clinic.at(datetime.fromisoformat("2026-03-05T14:00:00Z"))
    (missed_at, _), (held, _) = await clinic.sessions(first), await clinic.sessions(second)
    missed = {"client_id": str(ana.id), "status": "no_show"}
    miss = created(await clinic.desk.post(f"/sessions/{missed_at['id']}/attendance", missed))
    desk = clinic.system.client("scheduling", "front_desk", [there])
    came = {"client_id": str(again.id), "status": "present", "makes_up": miss["id"]}
    made = created(await desk.post(f"/sessions/{held['id']}/attendance", came))
    assert made["makes_up"] == miss["id"]
    told = [one for one in await clinic.published() if isinstance(one, SessionAttended)]
    assert [str(one.makes_up_session_id) for one in told] == [missed_at["id"]]


async def region(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> tuple[Enrolled, Enrolled]:
    """One client of each of two sites of a region. The first may take a seat by telehealth at the
    other site."""
    made = created(await clinic.regional.post("/regions", {"name": "Front Range"}))
    here, there = [
        UUID(created(await clinic.regional.post("/sites", site))["id"])
        for site in (
            {"name": name, "time_zone": "America/Denver", "region_id": made["id"]}
            for name in ("Here", "There")
        )
    ]
    policy = json.loads((SCHEDULING / "placement/data/placement.json").read_text())
    policy["reach"]["telehealth_of_region"] = True
    own = folder / f"sites/{here}/scheduling/placement/placement.json"
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps(policy))
    read_anew(monkeypatch, placement_policy, folder=folder)
    return Enrolled("ana", here), Enrolled("ben", there)


async def two_who_wait(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> tuple[Enrolled, Enrolled]:
    """As `region`, where both sites ask first; the first client came first."""
    ana, ben = await region(clinic, monkeypatch, folder)
    for site in (ana.site_id, ben.site_id):
        ask_first(monkeypatch, folder, site)
    await clinic.tell(ana.enrolment)
    await clinic.tell(ben.enrolment)
    return ana, ben


ONLINE = {"eligibility": {"telehealth": True}, "capacity": 1}


@pytest.mark.parametrize("how", ["runs out", "is withdrawn"])
async def test_a_seat_that_was_held_for_a_client_of_another_site_goes_to_who_waits_where_it_is(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    ana, ben = await two_who_wait(clinic, monkeypatch, tmp_path)
    await clinic.cohort(ben.site_id, **ONLINE)
    assert await clinic.names_for(ana) == ["ClientWaitlisted", "SeatOffered"]
    assert await clinic.names_for(ben) == ["ClientWaitlisted"]
    if how == "runs out":
        clinic.at(MONDAY + timedelta(days=2))
        await Line(clinic, ana.site_id).run_out()
    else:
        await clinic.tell(ana.changed("lost"))
    assert await clinic.names_for(ben) == ["ClientWaitlisted", "SeatOffered"]


async def test_who_opens_seats_at_one_site_passes_nobody_over_who_may_come_from_another(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ana, ben = await two_who_wait(clinic, monkeypatch, tmp_path)
    manager = clinic.system.client("scheduling", "site_manager", [ben.site_id])
    online = {"site_id": str(ben.site_id), "name": "Online", "track": "general", **ONLINE}
    more = {"gender_group": None, "dual_diagnosis_trained": False}
    opened = created(await manager.post("/cohorts", online | more))
    assert opened["seats_free"] == 0
    assert await clinic.names_for(ana) == ["ClientWaitlisted", "SeatOffered"]
    assert await clinic.names_for(ben) == ["ClientWaitlisted"]


async def test_a_hold_counts_at_the_site_of_the_seat_for_who_sees_that_site_alone(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ana, ben = await region(clinic, monkeypatch, tmp_path)
    cohort = await clinic.cohort(ben.site_id, **ONLINE)
    await clinic.tell(ana.enrolment)
    await clinic.tell(ana.changed("on_hold"))
    desk = clinic.system.client("scheduling", "front_desk", [ben.site_id])
    own = {
        "site_id": str(ben.site_id),
        "kind": "individual",
        "client_ids": [str(ana.id)],
        "day": "2026-03-03",
        "starts": "10:00",
        "minutes": 50,
        "facilitator_id": str(await staff(clinic, ben.site_id, hours=[(2, 540, 720)])),
        "room_id": str(await room(clinic, ben.site_id)),
    }
    booked = created(await desk.post("/sessions", own))
    assert booked["roster"]["on_hold"] == 1
    week = await desk.get("/weekly-hours", site_id=ben.site_id, week="2026-W10")
    (ana_s,) = week.json()["items"]
    assert (ana_s["client_id"], ana_s["standing"]) == (str(ana.id), "not_judged")
    async with clinic.database.transaction(ALL_SITES) as tx:
        await clinic.tell_in(tx, ana.changed("active"))
        planning = asyncio.create_task(clinic.curriculum(cohort, weeks=1))
        await clinic.system.until(
            "scheduling",
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'",
            is_=1,
        )
    await planning
    (session,) = await clinic.sessions(cohort)
    assert (session["roster"]["expected"], session["roster"]["on_hold"]) == (1, 0)


async def test_a_partners_seat_is_held_once_for_a_person_of_two_sites(clinic: Clinic) -> None:
    ana, again = await two_sites(clinic)
    await clinic.tell(ana.enrolment)
    await clinic.tell(again.enrolment)
    await clinic.tell(merged(ana.id, again.id, ana.site_id))
    slot = {"partner": "Hillside", "level": "3.5", "seats": 2, "region_id": None}
    created(await clinic.regional.post("/partner-slots", slot))
    answers = []
    for client in (ana, again):
        lead = clinic.system.client("scheduling", "clinical_lead", [client.site_id])
        asked = {"site_id": str(client.site_id), "client_id": str(client.id), "level": "3.5"}
        answers.append(await lead.post("/step-up-requests", asked))
    created(answers[0])
    refused(answers[1], 409, "seat-held-already", "/client_id")


async def test_sites_are_locked_in_one_order_and_nobody_waits_against_it(clinic: Clinic) -> None:
    first, last = sorted([await clinic.site("One"), await clinic.site("Other")])

    async def against_the_order() -> None:
        async with clinic.database.transaction(ALL_SITES) as one:
            await lock_sites(one, [last])
            await lock_sites(one, [first])

    async with clinic.database.transaction(ALL_SITES) as other:
        await lock_sites(other, [first])
        with pytest.raises(Overtaken):
            await against_the_order()
        await lock_sites(other, [last])
    await against_the_order()


async def test_figures_of_a_person_see_all_sites_to_the_end_and_others_do_not(
    clinic: Clinic,
) -> None:
    here, _ = await clinic.site("Here"), await clinic.site("There")

    async def seen(tx: Transaction) -> int:
        return len(await tx.fetch("SELECT FROM sites"))

    async with clinic.database.transaction(frozenset({here})) as tx:
        async with at_all_sites(tx):
            async with at_all_sites(tx):
                assert await seen(tx) == 2
            assert await seen(tx) == 2, "what is asked within does not end it"
        assert await seen(tx) == 1


async def test_a_credential_that_expires_soon_is_told_once(clinic: Clinic) -> None:
    site = await clinic.site()
    today = date(2026, 2, 23)

    def person(*ends: date | None) -> dict[str, object]:
        held = [
            {"credential": f"license-{n}", "expires_on": end and end.isoformat()}
            for n, end in enumerate(ends)
        ]
        return {
            "name": "Rosa Diaz",
            "languages": ["en"],
            "trainings": [],
            "credentials": held,
            "home_site_id": str(site),
            "site_ids": [str(site)],
            "hours": [],
        }

    context = JobContext(clinic.database, clinic.system.settings("scheduling", topics=False))

    async def told() -> list[tuple[str, date]]:
        while await credentials_job.run(context):
            pass
        events = [e for e in await clinic.published() if isinstance(e, StaffCredentialExpiring)]
        return [(one.credential, one.expires_on) for one in events]

    day = timedelta(days=1)
    ends = (today - day, today + 60 * day, today + 61 * day, None)
    rosa = created(await clinic.regional.post("/staff", person(*ends)))
    assert await told() == [("license-1", ends[1])]
    async with clinic.database.transaction(ALL_SITES) as tx:
        due = await credentials_job.next_due(tx)
    assert due == datetime.fromisoformat("2026-02-24T07:00:00Z"), "the next midnight at the site"
    clinic.at(MONDAY + day)
    assert await told() == [("license-1", ends[1]), ("license-2", ends[2])]
    renewed = person(ends[1], ends[1], ends[2] + 365 * day)
    done = await clinic.regional.put(f"/staff/{rosa['id']}", renewed, etag='"1"')
    assert done.status_code == 200, done.text
    assert (await told())[2:] == [("license-0", ends[1])]
