"""Entering the program and leaving it, and what each role may do and see on the way."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.directory.commands import remember_sites
from services.intake.enrolment.commands import step_down
from shared.contracts.outcomes import StepDownDecided
from shared.contracts.scheduling import SiteOpened
from shared.database import ALL_SITES, Database
from tests.conftest import MONDAY
from tests.support.flow import FITS_IOP, Intake, created, person
from tests.support.system import System

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)


@pytest.fixture
async def intake(system: System) -> Intake:
    await system.start("intake")
    flow = Intake(system, SITE)
    await flow.open_site()
    return flow


async def ready_for_enrolment(intake: Intake, **changed: object) -> tuple[str, dict[str, Any]]:
    client = await intake.refer(**changed)
    await intake.screen(client)
    return client, await intake.determine(client)


async def end_by_step_down(intake: Intake, client: str, enrolment: dict[str, Any]) -> None:
    """End an enrolment as the consumer of a decision does."""
    database = Database(intake.system.databases["intake"])
    await database.open()
    try:
        async with database.transaction(ALL_SITES) as tx:
            await step_down(
                tx,
                StepDownDecided(
                    client_id=UUID(client),
                    site_id=SITE,
                    enrolment_id=UUID(enrolment["id"]),
                    recommendation_id=uuid4(),
                    decision="accept",
                    reason="agrees_with_recommendation",
                    from_level="2.1",
                    to_level="1.5",
                    decided_at=tx.now,
                ),
            )
    finally:
        await database.close()


async def test_two_enrolments_at_the_same_time_make_one(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    answers = await asyncio.gather(*(intake.enrol(client, determination) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    told = [name for _, _, name in await intake.system.published("intake")]
    assert told.count("ClientEnrolled") == 1


async def test_who_left_comes_back_only_by_a_new_decision(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    enrolment = created(await intake.enrol(client, determination))
    await end_by_step_down(intake, client, enrolment)
    refused = await intake.enrol(client, determination)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/decision-used")
    again = created(await intake.enrol(client, await intake.determine(client)))
    assert again["state"] == "active"
    counselor = intake.system.client("intake", "counselor", [SITE])
    stays = (await counselor.get(f"/clients/{client}/enrolments")).json()["items"]
    assert {stay["state"] for stay in stays} == {"stepped_down", "active"}


async def test_a_step_down_that_is_told_twice_happens_once(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    enrolment = created(await intake.enrol(client, determination))
    for _ in range(2):
        await end_by_step_down(intake, client, enrolment)
    told = [name for _, _, name in await intake.system.published("intake")]
    assert told.count("ClientSteppedDown") == 1


async def test_only_the_latest_decision_admits(intake: Intake):
    client, first = await ready_for_enrolment(intake)
    await intake.determine(client, FITS_IOP | {"6": 4})
    refused = await intake.enrol(client, first)
    assert (refused.status_code, refused.json()["type"]) == (
        422,
        "/problems/outdated-determination",
    )
    assert refused.json()["errors"][0]["pointer"] == "/determination_id"


@pytest.mark.parametrize(
    ("gender", "group"),
    [("man", "men"), ("woman", "women"), ("non_binary", None), ("undisclosed", None)],
)
async def test_the_group_goes_by_the_stated_gender(intake: Intake, gender: str, group: str | None):
    client, determination = await ready_for_enrolment(intake, gender=gender)
    created(await intake.enrol(client, determination))
    (told,) = await intake.system.fetch(
        "intake",
        "SELECT convert_from(payload, 'UTF8')::jsonb->>'gender_group' AS gender_group"
        " FROM platform.journal WHERE type LIKE '%ClientEnrolled%'",
    )
    assert told["gender_group"] == group


async def test_the_front_desk_admits_without_seeing_clinical_data(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    desk = intake.system.client("intake", "front_desk", [SITE])
    assert (await desk.get(f"/clients/{client}")).status_code == 200
    for hidden in ("screenings", "level-of-care-determinations"):
        assert (await desk.get(f"/clients/{client}/{hidden}")).status_code == 403
        assert (await desk.get(f"/clients/{client}/{hidden}/{uuid4()}")).status_code == 403
    enrolment = created(await intake.enrol(client, determination))
    assert "dual_diagnosis" not in enrolment
    (shown,) = (await desk.get(f"/clients/{client}/enrolments")).json()["items"]
    assert shown == enrolment


@pytest.mark.parametrize("role", ["regional_operations", "auditor", "service"])
async def test_nobody_outside_the_site_sees_who_a_client_is(intake: Intake, role: str):
    client = await intake.refer()
    caller = intake.system.client("intake", role)
    for path in ("/clients", f"/clients/{client}", f"/clients/{client}/contact"):
        assert (await caller.get(path)).status_code == 403


@pytest.mark.parametrize("role", ["front_desk", "site_manager", "regional_operations", "auditor"])
async def test_only_clinicians_screen_and_determine(intake: Intake, role: str):
    client = await intake.refer()
    caller = intake.system.client("intake", role, [SITE])
    for what in ("screenings", "level-of-care-determinations"):
        assert (await caller.post(f"/clients/{client}/{what}", {})).status_code == 403


@pytest.mark.parametrize("birth_date", [0, "0", "1988-04-17T00:00:00Z", "2026-02-24", "1850-01-01"])
async def test_what_is_no_birth_date_makes_no_client(intake: Intake, birth_date: object):
    desk = intake.system.client("intake", "front_desk", [SITE])
    refused = await desk.post(
        "/referrals",
        {
            "site_id": str(SITE),
            "source": "self",
            "person": person(birth_date=birth_date),
            "contact": {"channel": "log"},
        },
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/person/birth_date"
    assert await intake.system.fetch("intake", "SELECT FROM clients") == []
    assert await intake.system.published("intake") == []


async def test_a_site_that_is_told_twice_in_one_batch_is_entered_once(intake: Intake):
    def told(time_zone: str) -> SiteOpened:
        return SiteOpened(site_id=OTHER_SITE, time_zone=time_zone, opened_at=MONDAY)

    database = Database(intake.system.databases["intake"])
    await database.open()
    try:
        async with database.transaction(ALL_SITES) as tx:
            await remember_sites(tx, [told("America/Denver"), told("America/Chicago")])
    finally:
        await database.close()
    (site,) = await intake.system.fetch(
        "intake", "SELECT time_zone FROM sites WHERE id = $1", OTHER_SITE
    )
    assert site["time_zone"] == "America/Chicago"
