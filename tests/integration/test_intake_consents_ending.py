"""Consents end: by a revocation, a day, or an event; once, and told."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.consents import queries
from services.intake.consents.commands import revoke_consent
from services.intake.consents.expiry import expire_by_event
from services.intake.consents.jobs import expiry_job
from services.intake.consents.schemas import NewRevocation
from shared.database import Database
from shared.jobs import JobContext
from tests.conftest import MONDAY
from tests.support.consents import (
    consented,
    court,
    payload,
    signed,
    staff,
    told,
)
from tests.support.flow import Intake, created, problem
from tests.support.system import System

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
TPO = "treatment_payment_operations"


async def test_a_revoked_consent_holds_no_more_and_is_kept(intake: Intake):
    client = await intake.refer()
    made = await consented(intake, client, TPO)
    body = {
        "how": "oral_recorded",
        "done_in_reliance": "Discharge plan sent on Monday.",
        "received_at": "2026-02-23T14:30:00Z",
    }
    intake.system.set_clock(MONDAY + timedelta(hours=1))
    desk, path = staff(intake), f"/consents/{made['id']}/revocation"
    revoked = await desk.post(path, body, etag='"1"')
    assert revoked.status_code == 200
    assert (revoked.json()["state"], revoked.headers["etag"]) == ("revoked", '"2"')
    assert revoked.json()["ended_at"] == "2026-02-23T14:30:00Z"
    assert '"revoked_at":"2026-02-23T14:30:00Z"' in await payload(intake, "ConsentRevoked")
    full = (await staff(intake, "auditor").get(f"/consents/{made['id']}")).json()
    assert full["revocation"]["done_in_reliance"] == "Discharge plan sent on Monday."
    assert full["revocation"]["recorded_by"] == "front_desk-1"
    again = await desk.post(path, body, etag='"2"')
    assert problem(again) == (409, "consent-ended", None)
    assert await told(intake) == ["ConsentGranted", "ConsentRevoked"]


@pytest.mark.parametrize("received_at", ["2026-02-23T13:59:00Z", "2026-02-23T14:00:01Z"])
async def test_a_revocation_arrives_while_the_consent_is_there_and_not_later_than_now(
    intake: Intake, received_at: str
):
    client = await intake.refer()
    made = await consented(intake, client)
    refused = await staff(intake).post(
        f"/consents/{made['id']}/revocation",
        {"how": "written", "received_at": received_at},
        etag='"1"',
    )
    assert problem(refused) == (422, "impossible-receipt", "/received_at")
    assert await told(intake) == ["ConsentGranted"]


async def test_a_revocation_names_the_state_that_was_read(intake: Intake):
    client = await intake.refer()
    made = await consented(intake, client)
    desk, path = staff(intake), f"/consents/{made['id']}/revocation"
    assert (await desk.post(path, {"how": "written"})).status_code == 428
    assert (await desk.post(path, {"how": "written"}, etag='"7"')).status_code == 412
    answers = await asyncio.gather(
        *(desk.post(path, {"how": "written"}, etag='"1"') for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    assert await told(intake) == ["ConsentGranted", "ConsentRevoked"]


async def test_a_revocation_under_way_is_waited_for_by_whoever_enters_an_older_paper(
    intake: Intake,
):
    client = await intake.refer()
    made = await consented(intake, client)
    intake.system.set_clock(MONDAY + timedelta(days=2))
    async with intake.transaction() as tx:
        await revoke_consent(
            tx, UUID(made["id"]), 1, NewRevocation(how="written"), recorded_by="counselor-3"
        )
        entering = asyncio.create_task(staff(intake).post(f"/clients/{client}/consents", signed()))
        await intake.until_somebody_waits()
    assert problem(await entering) == (409, "revoked-since", "/signature/signed_on")


async def test_a_consent_expires_at_the_end_of_its_day_at_the_site_once(intake: Intake):
    client = await intake.refer()
    for form in ("treatment", "named_recipient"):
        await consented(intake, client, form, expiry={"kind": "date", "on": "2026-02-23"})
    async with intake.transaction() as tx:
        due = await expiry_job.next_due(tx)
    assert due is not None
    assert due.isoformat() == "2026-02-24T07:00:00+00:00"
    desk = staff(intake)
    intake.system.set_clock(due - timedelta(seconds=1))
    assert (await desk.get(f"/clients/{client}/consents/in-force")).json()["treatment"] is True
    intake.system.set_clock(due)
    assert (await desk.get(f"/clients/{client}/consents/in-force")).json()["treatment"] is False
    listed = (await desk.get(f"/clients/{client}/consents")).json()["items"]
    assert [one["state"] for one in listed] == ["expired", "expired"]
    assert await told(intake) == ["ConsentGranted", "ConsentGranted"]
    database = Database(intake.system.databases["intake"])
    await database.open()
    context = JobContext(database, intake.system.settings("intake"))
    done = await asyncio.gather(*(expiry_job.run(context) for _ in range(2)))
    assert sum(done) == 2
    assert await expiry_job.run(context) == 0
    async with database.transaction("*") as tx:
        assert await expiry_job.next_due(tx) is None
    await database.close()
    assert sorted(await told(intake)) == ["ConsentExpired"] * 2 + ["ConsentGranted"] * 2


async def test_the_worker_expires_what_is_due(system: System):
    await system.start("intake")
    intake = Intake(system, SITE)
    await intake.open_site()
    client = await intake.refer()
    await consented(intake, client, expiry={"kind": "date", "on": "2026-02-23"})
    system.set_clock(MONDAY + timedelta(days=1))
    await system.until("intake", "SELECT state FROM consents", is_="expired")
    assert await told(intake) == ["ConsentGranted", "ConsentExpired"]


async def test_a_consent_that_is_over_makes_room_before_the_job_comes(intake: Intake):
    client = await intake.refer()
    await consented(intake, client, expiry={"kind": "date", "on": "2026-02-23"})
    intake.system.set_clock(MONDAY + timedelta(days=2))
    assert (await consented(intake, client))["state"] == "granted"
    assert await told(intake) == ["ConsentGranted", "ConsentExpired", "ConsentGranted"]
    rows = await intake.system.fetch("intake", "SELECT state FROM consents ORDER BY id")
    assert [row["state"] for row in rows] == ["expired", "granted"]


async def test_an_expired_consent_is_not_revoked(intake: Intake):
    client = await intake.refer()
    made = await consented(intake, client, expiry={"kind": "date", "on": "2026-02-23"})
    intake.system.set_clock(MONDAY + timedelta(days=2))
    refused = await staff(intake).post(
        f"/consents/{made['id']}/revocation", {"how": "written"}, etag='"1"'
    )
    assert problem(refused) == (409, "consent-ended", None)


async def test_the_end_of_treatment_ends_what_was_given_up_to_it(intake: Intake):
    client, other = await intake.refer(), await intake.refer()
    ends: dict[str, Any] = {"kind": "event", "event": "end_of_treatment"}
    for one in (client, other):
        await consented(intake, one, "treatment", expiry=ends)
    await consented(intake, client, "named_recipient")
    for expected in (1, 0):
        async with intake.transaction() as tx:
            assert len(await expire_by_event(tx, UUID(client), "end_of_treatment")) == expected
    rows = await intake.system.fetch(
        "intake",
        "SELECT form, state FROM consents WHERE client_id = $1 ORDER BY form",
        UUID(client),
    )
    assert [tuple(row) for row in rows] == [
        ("named_recipient", "granted"),
        ("treatment", "expired"),
    ]
    assert (await told(intake)).count("ConsentExpired") == 1
    async with intake.transaction() as tx:
        assert not await queries.is_treatment_consented(tx, UUID(client))
        assert await queries.is_treatment_consented(tx, UUID(other))
        with pytest.raises(LookupError):
            await expire_by_event(tx, UUID(client), "full_moon")


async def test_staff_record_that_a_case_is_over(intake: Intake):
    client = await intake.refer()
    made = await consented(
        intake,
        client,
        "named_recipient",
        **court({"kind": "event", "event": "final_disposition"}),
    )
    desk, path = staff(intake), f"/clients/{client}/consent-events"
    refused = await desk.post(path, {"event": "full_moon"})
    assert problem(refused) == (422, "unknown-consent-word", "/event")
    event = created(await desk.post(path, {"event": "final_disposition"}))
    assert event["expired"] == [made["id"]]
    assert created(await desk.post(path, {"event": "final_disposition"}))["expired"] == []
    assert await told(intake) == ["ConsentGranted", "ConsentExpired"]
    recorded = await intake.system.fetch("intake", "SELECT recorded_by FROM consent_events")
    assert [row["recorded_by"] for row in recorded] == ["front_desk-1"] * 2
