"""Entering the program and leaving it, and what each role may do and see on the way."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.intake.directory.commands import remember_sites
from services.intake.enrolment.commands import enrol, step_down
from services.intake.enrolment.schemas import NewEnrolment
from services.intake.level_of_care.commands import determine_level_of_care
from services.intake.level_of_care.schemas import NewDetermination
from shared.contracts.scheduling import SiteOpened
from tests.conftest import MONDAY
from tests.support.flow import FITS_IOP, Intake, accepted, created, person, rated

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)


async def told(intake: Intake) -> list[str]:
    """Names of the events that intake published, in order."""
    return [name for _, _, name in await intake.system.published("intake")]


async def ready_for_enrolment(intake: Intake, **changed: object) -> tuple[str, dict[str, Any]]:
    client = await intake.refer(**changed)
    await intake.screen(client)
    return client, await intake.determine(client)


async def test_two_enrolments_at_the_same_time_make_one(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    answers = await asyncio.gather(*(intake.enrol(client, determination) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    told = [name for _, _, name in await intake.system.published("intake")]
    assert told.count("ClientEnrolled") == 1


async def test_who_left_comes_back_only_by_a_new_decision(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    await intake.end(created(await intake.enrol(client, determination)))
    refused = await intake.enrol(client, determination)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/decision-used")
    intake.system.set_clock(MONDAY + timedelta(days=60))
    await intake.screen(client)
    again = created(await intake.enrol(client, await intake.determine(client)))
    assert again["state"] == "enrolled"
    assert again["former_id"] is not None
    counselor = intake.system.client("intake", "counselor", [SITE])
    stays = (await counselor.get(f"/clients/{client}/enrolments")).json()["items"]
    assert {stay["state"] for stay in stays} == {"stepped_down", "enrolled"}


async def test_who_left_does_not_come_back_by_a_decision_from_during_the_stay(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    stay = created(await intake.enrol(client, determination))
    intake.system.set_clock(MONDAY + timedelta(days=30))
    reviewed = await intake.determine(client)
    assert (await intake.sign(reviewed)).status_code == 200
    intake.system.set_clock(MONDAY + timedelta(days=40))
    await intake.end(stay)
    refused = await intake.admit(client, reviewed)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/decision-used")
    assert (await told(intake)).count("ClientEnrolled") == 1


async def test_who_is_being_stepped_down_is_not_enrolled_by_the_same_decision(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    enrolment = created(await intake.enrol(client, determination))
    async with intake.transaction() as tx:
        await step_down(tx, accepted(tx, enrolment))
        again = asyncio.create_task(intake.enrol(client, determination))
        await intake.until_somebody_waits()
    refused = await again
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/decision-used")
    assert (await intake.system.published("intake"))[-1][2] == "ClientSteppedDown"


async def test_a_decision_under_way_is_waited_for_and_admits_nobody_by_the_former_one(
    intake: Intake,
):
    client, determination = await ready_for_enrolment(intake)
    await intake.sign(determination)
    await intake.agree(client)
    newer = NewDetermination.model_validate({"edition": "3", "ratings": rated(FITS_IOP | {"6": 4})})
    async with intake.transaction() as tx:
        await determine_level_of_care(tx, UUID(client), newer, determined_by="counselor-3")
        enrolling = asyncio.create_task(intake.admit(client, determination))
        await intake.until_somebody_waits()
    refused = await enrolling
    assert refused.json()["type"] == "/problems/decision-not-signed"


async def test_a_new_decision_waits_for_an_enrolment_by_the_former_one(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    await intake.sign(determination)
    await intake.agree(client)
    async with intake.transaction() as tx:
        await enrol(tx, UUID(client), NewEnrolment(determination_id=determination["id"]))
        deciding = asyncio.create_task(intake.determine(client, FITS_IOP | {"6": 4}))
        await intake.until_somebody_waits()
    assert (await deciding)["recommended_level"] == "3.1"
    told = [name for _, _, name in await intake.system.published("intake")]
    assert told[-3:] == ["ReferralStateChanged", "ClientEnrolled", "LevelOfCareDetermined"]


async def test_no_decision_admits_twice_whoever_writes(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    await intake.end(created(await intake.enrol(client, determination)))
    with pytest.raises(asyncpg.UniqueViolationError, match="one_enrolment_a_decision"):
        await intake.system.execute_as_owner(
            "intake",
            "SET stepwell.sites = '*'; INSERT INTO enrolments (id, client_id, site_id,"
            " determination_id, level_of_care, dual_diagnosis, state, enrolled_at)"
            " SELECT gen_random_uuid(), client_id,"
            " site_id, determination_id, level_of_care, dual_diagnosis, 'active', enrolled_at"
            " FROM enrolments",
        )


async def test_a_step_down_that_is_told_twice_happens_once(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    enrolment = created(await intake.enrol(client, determination))
    for _ in range(2):
        await intake.end(enrolment)
    told = [name for _, _, name in await intake.system.published("intake")]
    assert told.count("ClientSteppedDown") == 1


async def test_only_the_latest_decision_admits(intake: Intake):
    client, first = await ready_for_enrolment(intake)
    await intake.sign(first)
    await intake.sign(await intake.determine(client, FITS_IOP | {"4": 3}))
    await intake.agree(client)
    refused = await intake.admit(client, first)
    assert (refused.status_code, refused.json()["type"]) == (
        422,
        "/problems/outdated-determination",
    )
    assert refused.json()["errors"][0]["pointer"] == "/determination_id"


async def test_a_decision_that_nobody_signed_admits_nobody(intake: Intake):
    client, determination = await ready_for_enrolment(intake)
    await intake.agree(client)
    refused = await intake.admit(client, determination)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/decision-not-signed")
    assert "ClientEnrolled" not in await told(intake)


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        ("consents", "/problems/treatment-consent-missing"),
        ("self_pay_agreements", "/problems/coverage-missing"),
    ],
)
async def test_nobody_is_admitted_without_consent_or_without_somebody_who_pays(
    intake: Intake, missing: str, problem: str
):
    client, determination = await ready_for_enrolment(intake)
    await intake.agree(client)
    await intake.system.execute_as_owner(
        "intake", f"SET stepwell.sites = '*'; DELETE FROM {missing}"
    )
    await intake.sign(determination)
    refused = await intake.admit(client, determination)
    assert (refused.status_code, refused.json()["type"]) == (409, problem)
    assert await intake.system.fetch("intake", "SELECT FROM enrolments") == []
    assert "ClientEnrolled" not in await told(intake)


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


async def test_a_refused_admission_does_not_tell_the_front_desk_what_was_decided(intake: Intake):
    client, _ = await ready_for_enrolment(intake)
    for ratings in (FITS_IOP | {"6": 4}, FITS_IOP | {"6": 3, "5": 4}):
        refused = await intake.enrol(client, await intake.determine(client, ratings))
        told = refused.json()
        told.pop("trace_id", None)
        assert told == {
            "type": "/problems/level-does-not-fit",
            "title": "Program is not the signed level",
            "status": 409,
            "detail": "The signed level of care is not this program's: a clinician refers the "
            "client to a program of that level, or determines the level anew.",
        }


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

    async with intake.transaction() as tx:
        await remember_sites(tx, [told("America/Denver"), told("America/Chicago")])
    (site,) = await intake.system.fetch(
        "intake", "SELECT time_zone FROM sites WHERE id = $1", OTHER_SITE
    )
    assert site["time_zone"] == "America/Chicago"
