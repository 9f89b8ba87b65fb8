"""Consents over HTTP: what is taken and refused, how they end, what they allow meanwhile."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.consents import queries
from services.intake.consents.commands import revoke_consent
from services.intake.consents.expiry import expire_by_event, expire_due, next_due
from services.intake.consents.forms import forms
from services.intake.consents.rules.permits import Recipient, permits
from services.intake.consents.schemas import NewRevocation
from shared.database import Database
from shared.jobs import JobContext
from stepwell.runtime.state import PROJECT
from tests.conftest import MONDAY
from tests.support.consents import FILLED, SIGNED, consented, signed
from tests.support.flow import Intake, created
from tests.support.system import Client, System

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
TPO = "treatment_payment_operations"


@pytest.fixture
async def intake(system: System) -> Intake:
    await system.start("intake", roles=("api",))
    flow = Intake(system, SITE)
    await flow.open_site()
    return flow


def staff(intake: Intake, role: str = "front_desk", site: UUID = SITE) -> Client:
    return intake.system.client("intake", role, [site], subject=f"{role}-1")


async def told(intake: Intake) -> list[str]:
    events = [name for _, _, name in await intake.system.published("intake")]
    return [name for name in events if name.startswith("Consent")]


async def payload(intake: Intake, name: str) -> str:
    (row,) = await intake.system.fetch(
        "intake",
        "SELECT convert_from(payload, 'UTF8') AS text FROM platform.journal WHERE type LIKE $1",
        f"%{name}%",
    )
    text: str = row["text"]
    return text


def refusal(answer: Any) -> tuple[int, str, str | None]:
    problem = answer.json()
    pointers = [error["pointer"] for error in problem.get("errors") or []]
    return answer.status_code, problem["type"].removeprefix("/problems/"), (pointers or [None])[0]


@pytest.mark.parametrize("form", FILLED)
async def test_every_form_is_taken_shown_and_told_without_whom_it_names(intake: Intake, form: str):
    client = await intake.refer()
    made = await consented(intake, client, form)
    assert (made["state"], made["version"], made["expires_on"]) == ("granted", 1, "2026-06-30")
    assert "Example" not in str(made)
    full = (await staff(intake, "auditor").get(f"/consents/{made['id']}")).json()
    assert full["text"]["title"] == forms()[form, "1.0"].languages["en"].title  # type: ignore[index]
    assert full["given"]["signature"]["document_id"] == "scan-000172"
    assert full["entered_by"] == "front_desk-1"
    assert await told(intake) == ["ConsentGranted"]
    assert "Example" not in await payload(intake, "ConsentGranted")


async def test_channels_are_told_with_the_consent(intake: Intake):
    client = await intake.refer()
    await consented(intake, client, "contact_channels")
    text = await payload(intake, "ConsentGranted")
    assert '"channels":["sms","voice"],"voicemail":"name_and_number"' in text
    assert "Northside" not in text


async def test_the_same_request_makes_one_consent(intake: Intake):
    client = await intake.refer()
    desk, path = staff(intake), f"/clients/{client}/consents"
    answers = [await desk.post(path, signed(), key="one") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert await told(intake) == ["ConsentGranted"]


WRONG: list[tuple[str, dict[str, Any], tuple[int, str, str]]] = [
    (TPO, {"form_version": "9.9"}, (422, "unknown-form", "/form_version")),
    (TPO, {"language": "xx"}, (422, "unknown-form", "/language")),
    (TPO, {"text_digest": "0" * 64}, (422, "other-text", "/text_digest")),
    (TPO, {"disclosers": []}, (422, "deficient-consent", "/disclosers")),
    (TPO, {"information": None}, (422, "deficient-consent", "/information")),
    (TPO, {"recipients": []}, (422, "deficient-consent", "/recipients")),
    (TPO, {"purpose": None}, (422, "deficient-consent", "/purpose")),
    (TPO, {"expiry": None}, (422, "deficient-consent", "/expiry")),
    (TPO, {"signature": None}, (422, "deficient-consent", "/signature")),
    (
        TPO,
        {"signature": SIGNED | {"signed_on": None}},
        (422, "deficient-consent", "/signature/signed_on"),
    ),
    (
        TPO,
        {"statements_shown": ["right_to_revoke", "redisclosure", "fundraising"]},
        (422, "deficient-consent", "/statements_shown"),
    ),
    (
        "intermediary",
        {"intermediary": {"name": "Example Exchange"}},
        (422, "deficient-consent", "/intermediary"),
    ),
    (
        TPO,
        {"information": {"kinds": ["entire_record", "counseling_notes"]}},
        (422, "unknown-consent-word", "/information/kinds/1"),
    ),
    (
        "counseling_notes",
        {"information": {"kinds": ["counseling_notes", "attendance"]}},
        (422, "unknown-consent-word", "/information/kinds/1"),
    ),
    (
        TPO,
        {"purpose": {"word": "legal_proceedings", "description": "A case."}},
        (422, "unknown-consent-word", "/purpose/word"),
    ),
    (
        "legal_proceedings",
        {"purpose": {"word": "treatment"}},
        (422, "unknown-consent-word", "/purpose/word"),
    ),
    (
        "legal_proceedings",
        {"purpose": {"word": "legal_proceedings"}},
        (422, "deficient-consent", "/purpose/description"),
    ),
    (
        "treatment",
        {"recipients": [{"kind": "person", "name": "Relative 01 Example"}]},
        (422, "combined-consent", "/recipients"),
    ),
    ("treatment", FILLED["contact_channels"], (422, "combined-consent", "/channels")),
    (TPO, FILLED["intermediary"], (422, "combined-consent", "/intermediary")),
    (TPO, {"court_referral": {}}, (422, "combined-consent", "/court_referral")),
    ("named_recipient", {"court_referral": {}}, (422, "combined-consent", "/court_referral")),
    (
        "named_recipient",
        {"recipients": [{"kind": "class", "word": "health_plans"}]},
        (422, "unknown-consent-word", "/recipients/0/kind"),
    ),
    (
        TPO,
        {"recipients": [{"kind": "class", "word": "everybody"}]},
        (422, "unknown-consent-word", "/recipients/0/word"),
    ),
    ("named_recipient", {"expiry": {"kind": "none"}}, (422, "impossible-expiry", "/expiry/kind")),
    (
        TPO,
        {"expiry": {"kind": "event", "event": "final_disposition"}},
        (422, "impossible-expiry", "/expiry/event"),
    ),
    (
        TPO,
        {"expiry": {"kind": "date", "on": "2026-02-22"}},
        (422, "impossible-expiry", "/expiry/on"),
    ),
    (
        TPO,
        {"expiry": {"kind": "date", "on": "9999-12-31"}},
        (422, "impossible-expiry", "/expiry/on"),
    ),
    (TPO, {"expiry": {"kind": "date"}}, (422, "invalid-request", "/expiry")),
    (
        TPO,
        {"information": {"kinds": ["attendance"], "description": "a\u0000b"}},
        (422, "invalid-request", "/information/description"),
    ),
    (
        "intermediary",
        {"intermediary": {"name": "Example Exchange", "members_who_treat": "yes"}},
        (422, "invalid-request", "/intermediary/members_who_treat"),
    ),
    (
        TPO,
        {"signature": SIGNED | {"signed_on": "2026-02-24"}},
        (422, "impossible-signing-date", "/signature/signed_on"),
    ),
    (
        TPO,
        {"signature": SIGNED | {"signed_on": "1988-04-16"}},
        (422, "impossible-signing-date", "/signature/signed_on"),
    ),
    (
        TPO,
        {"signature": SIGNED | {"signed_by": "authorized_person"}},
        (422, "invalid-request", "/signature"),
    ),
    (
        TPO,
        {
            "signature": SIGNED
            | {"signed_by": "authorized_person", "name": "Person 01", "relation": "neighbor"}
        },
        (422, "unknown-consent-word", "/signature/relation"),
    ),
    (
        TPO,
        {"signature": SIGNED | {"signed_on": "2005-01-01"}},
        (422, "deficient-consent", "/minor"),
    ),
    (TPO, {"minor": {"consented": "minor", "rule": "A rule"}}, (422, "client-of-age", "/minor")),
    (
        "contact_channels",
        {"channels": {"ways": ["sms"], "uses": ["appointments"], "sender_alias": "Sober Days"}},
        (422, "revealing-alias", "/channels/sender_alias"),
    ),
    (
        "contact_channels",
        {"channels": {"ways": ["sms"], "uses": []}},
        (422, "deficient-consent", "/channels/uses"),
    ),
    (
        "contact_channels",
        {"channels": {"ways": ["sms"], "uses": ["appointments"], "voicemail": "appointment"}},
        (422, "combined-consent", "/channels/voicemail"),
    ),
    (
        "contact_channels",
        {"channels": {"ways": ["sms", "sms"], "uses": ["appointments"]}},
        (422, "unknown-consent-word", "/channels/ways/1"),
    ),
    (TPO, {"more": True}, (422, "invalid-request", "/more")),
    (TPO, {"form": ["treatment", TPO]}, (422, "invalid-request", "/form")),
]


async def test_what_is_no_consent_is_refused_with_a_pointer_and_leaves_nothing(intake: Intake):
    client = await intake.refer()
    desk = staff(intake)
    found = [
        refusal(await desk.post(f"/clients/{client}/consents", signed(form, **changed)))
        for form, changed, _ in WRONG
    ]
    assert found == [expected for _, _, expected in WRONG]
    assert await intake.system.fetch("intake", "SELECT FROM consents") == []
    assert await intake.system.fetch("intake", "SELECT FROM consent_texts") == []
    assert await told(intake) == []


async def test_what_is_missing_is_told_with_the_paragraph_that_asks_for_it(intake: Intake):
    client = await intake.refer()
    answer = await staff(intake).post(f"/clients/{client}/consents", signed(TPO, information=None))
    assert answer.json()["detail"] == "Element 3, information, is missing (42 CFR 2.31(a)(3))."


def court(expiry: dict[str, Any], **terms: Any) -> dict[str, Any]:
    return {
        "purpose": {"word": "court_referral", "description": "Weekly attendance."},
        "court_referral": terms,
        "expiry": expiry,
    }


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (court({"kind": "event", "event": "end_of_treatment"}), "/expiry"),
        (court({"kind": "date", "on": "2026-06-30"}), "/expiry"),
        (court({"kind": "date", "on": "2026-06-30"}, final_disposition_on="2026-06-29"), "/expiry"),
        (
            court({"kind": "event", "event": "final_disposition"}, revocable_from="2026-05-01"),
            "/court_referral/revocable_from",
        ),
        (
            court(
                {"kind": "date", "on": "2026-06-01"},
                final_disposition_on="2026-06-29",
                revocable_from="2026-06-30",
            ),
            "/court_referral/revocable_from",
        ),
    ],
)
async def test_a_court_referral_ends_with_the_case_at_the_latest(
    intake: Intake, change: dict[str, Any], pointer: str
):
    client = await intake.refer()
    answer = await staff(intake).post(
        f"/clients/{client}/consents", signed("named_recipient", **change)
    )
    assert refusal(answer) == (422, "outlasts-court-referral", pointer)
    assert "42 CFR 2.35" in answer.json()["detail"]


async def test_a_court_referral_is_revoked_by_its_terms(intake: Intake):
    client = await intake.refer()
    made = await consented(
        intake,
        client,
        "named_recipient",
        **court(
            {"kind": "date", "on": "2026-06-30"},
            final_disposition_on="2026-06-30",
            revocable_from="2026-03-01",
        ),
    )
    desk, path = staff(intake), f"/consents/{made['id']}/revocation"
    refused = await desk.post(path, {"how": "written"}, etag='"1"')
    assert refusal(refused) == (409, "not-revocable-yet", None)
    assert await told(intake) == ["ConsentGranted"]
    intake.system.set_clock(MONDAY + timedelta(days=7))
    assert (await desk.post(path, {"how": "written"}, etag='"1"')).status_code == 200


async def test_a_minor_consents_by_a_state_rule(intake: Intake):
    client = await intake.refer(birth_date="2009-05-01")
    made = await consented(
        intake, client, minor={"consented": "minor", "rule": "State minor consent act"}
    )
    full = (await staff(intake, "counselor").get(f"/consents/{made['id']}")).json()
    assert full["given"]["minor"]["consented"] == "minor"


@pytest.mark.parametrize("form", ["treatment", TPO, "contact_channels"])
async def test_a_new_consent_takes_the_place_of_the_former_one(intake: Intake, form: str):
    client = await intake.refer()
    first = await consented(intake, client, form)
    second = await consented(intake, client, form)
    listed = (await staff(intake).get(f"/clients/{client}/consents")).json()["items"]
    states = {one["id"]: one["state"] for one in listed}
    assert states == {first["id"]: "superseded", second["id"]: "granted"}
    assert await told(intake) == ["ConsentGranted", "ConsentGranted"]


async def test_consents_that_name_somebody_stand_beside_each_other(intake: Intake):
    client = await intake.refer()
    for _ in range(2):
        await consented(intake, client, "named_recipient")
    listed = (await staff(intake).get(f"/clients/{client}/consents")).json()["items"]
    assert [one["state"] for one in listed] == ["granted", "granted"]


async def test_an_older_paper_replaces_nothing_that_was_signed_later(intake: Intake):
    client = await intake.refer()
    await consented(intake, client)
    older = signed(signature=SIGNED | {"signed_on": "2026-02-20"})
    refused = await staff(intake).post(f"/clients/{client}/consents", older)
    assert refusal(refused) == (409, "newer-consent-in-force", "/signature/signed_on")


async def test_a_paper_from_before_a_revocation_does_not_undo_it(intake: Intake):
    client = await intake.refer()
    made = await consented(intake, client)
    intake.system.set_clock(MONDAY + timedelta(days=2))
    desk = staff(intake)
    await desk.post(f"/consents/{made['id']}/revocation", {"how": "written"}, etag='"1"')
    refused = await desk.post(f"/clients/{client}/consents", signed())
    assert refusal(refused) == (409, "revoked-since", "/signature/signed_on")
    anew = SIGNED | {"signed_on": "2026-02-25"}
    assert (await consented(intake, client, signature=anew))["state"] == "granted"


async def test_consents_that_are_entered_at_the_same_time_leave_one_in_force(intake: Intake):
    client = await intake.refer()
    await asyncio.gather(*(consented(intake, client, TPO) for _ in range(4)))
    rows = await intake.system.fetch("intake", "SELECT state FROM consents ORDER BY state")
    assert [row["state"] for row in rows] == ["granted", *["superseded"] * 3]


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
    assert refusal(again) == (409, "consent-ended", None)
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
    assert refusal(refused) == (422, "impossible-receipt", "/received_at")
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
    assert refusal(await entering) == (409, "revoked-since", "/signature/signed_on")


async def test_a_consent_expires_at_the_end_of_its_day_at_the_site_once(intake: Intake):
    client = await intake.refer()
    for form in ("treatment", "named_recipient"):
        await consented(intake, client, form, expiry={"kind": "date", "on": "2026-02-23"})
    async with intake.transaction() as tx:
        due = await next_due(tx)
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
    done = await asyncio.gather(*(expire_due(context) for _ in range(2)))
    assert sum(done) == 2
    assert await expire_due(context) == 0
    async with database.transaction("*") as tx:
        assert await next_due(tx) is None
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
    assert refusal(refused) == (409, "consent-ended", None)


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
    assert refusal(refused) == (422, "unknown-consent-word", "/event")
    event = created(await desk.post(path, {"event": "final_disposition"}))
    assert event["expired"] == [made["id"]]
    assert created(await desk.post(path, {"event": "final_disposition"}))["expired"] == []
    assert await told(intake) == ["ConsentGranted", "ConsentExpired"]
    recorded = await intake.system.fetch("intake", "SELECT recorded_by FROM consent_events")
    assert [row["recorded_by"] for row in recorded] == ["front_desk-1"] * 2


async def test_what_is_allowed_now_is_told_by_form_without_whom_it_names(intake: Intake):
    client = await intake.refer()
    desk, path = staff(intake), f"/clients/{client}/consents/in-force"
    nothing = (await desk.get(path)).json()
    assert (nothing["treatment"], nothing["consents"], nothing["contact_channels"]) == (
        False,
        [],
        None,
    )
    for form in FILLED:
        await consented(intake, client, form)
    answer = (await desk.get(path)).json()
    assert (answer["treatment"], answer[TPO]) == (True, True)
    assert {one["form"] for one in answer["consents"]} == set(FILLED)
    by_form = {one["form"]: one for one in answer["consents"]}
    assert "attendance" in by_form[TPO]["information"]
    assert "counseling_notes" not in by_form[TPO]["information"]
    channels = answer["contact_channels"]
    assert (channels["channels"], channels["voicemail"]) == (["sms", "voice"], "name_and_number")
    assert "Relative" not in str(answer)
    async with intake.transaction() as tx:
        assert await queries.tpo_in_force(tx, UUID(client))
        found = await queries.contact_channels(tx, UUID(client))
        assert found is not None
        assert found.sender_alias == "Northside Scheduling"


async def test_a_disclosure_that_was_planned_before_a_revocation_is_not_allowed_after_it(
    intake: Intake,
):
    client = await intake.refer()
    made = await consented(intake, client, "named_recipient")
    relative = Recipient("relative 01  EXAMPLE")

    async def asked() -> tuple[bool, str]:
        async with intake.transaction() as tx:
            known = await queries.consents_for_decision(tx, UUID(client))
            answer = permits(known, "coordination_with_family", relative, {"attendance"}, tx.now)
        return answer.allowed, answer.why

    assert await asked() == (True, "allowed")
    await staff(intake).post(f"/consents/{made['id']}/revocation", {"how": "written"}, etag='"1"')
    assert await asked() == (False, "revoked")


async def test_the_text_that_was_signed_is_shown_when_the_form_is_gone(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
):
    client = await intake.refer()
    made = await consented(intake, client)
    monkeypatch.setattr("services.intake.consents.checks.forms", dict)
    full = (await staff(intake, "auditor").get(f"/consents/{made['id']}")).json()
    assert full["text"]["title"] == "Consent to treatment"
    gone = await staff(intake).post(f"/clients/{client}/consents", signed())
    assert refusal(gone) == (422, "unknown-form", "/form_version")


async def test_the_front_desk_enters_consents_and_sees_states_but_not_whom_they_name(
    intake: Intake,
):
    client = await intake.refer()
    made = await consented(intake, client, "named_recipient")
    assert (await staff(intake).get(f"/consents/{made['id']}")).status_code == 403
    for role in ("counselor", "clinical_lead", "site_manager", "auditor"):
        assert (await staff(intake, role).get(f"/consents/{made['id']}")).status_code == 200
    listed = await staff(intake).get(f"/clients/{client}/consents")
    assert "Relative" not in listed.text
    auditor = staff(intake, "auditor")
    assert (await auditor.post(f"/clients/{client}/consents", signed())).status_code == 403


async def test_consents_of_other_sites_are_not_there(intake: Intake):
    client = await intake.refer()
    made = await consented(intake, client)
    stranger = staff(intake, "counselor", OTHER_SITE)
    body = {"how": "written"}
    for answer in (
        await stranger.get(f"/consents/{made['id']}"),
        await stranger.get(f"/clients/{client}/consents"),
        await stranger.get(f"/clients/{client}/consents/in-force"),
        await stranger.post(f"/clients/{client}/consents", signed()),
        await stranger.post(f"/clients/{client}/consent-events", {"event": "final_disposition"}),
        await stranger.post(f"/consents/{made['id']}/revocation", body, etag='"1"'),
        await stranger.get(f"/clients/{uuid4()}/consents"),
    ):
        assert answer.status_code == 404
    assert await told(intake) == ["ConsentGranted"]


async def test_consents_are_listed_page_by_page(intake: Intake):
    client = await intake.refer()
    made = [(await consented(intake, client, "named_recipient"))["id"] for _ in range(3)]
    desk, path = staff(intake), f"/clients/{client}/consents"
    first = (await desk.get(path, limit=2)).json()
    second = (await desk.get(path, limit=2, cursor=first["next"])).json()
    assert [one["id"] for one in first["items"] + second["items"]] == sorted(made)
    assert second["next"] is None


async def test_who_read_a_consent_is_noted(intake: Intake):
    client = await intake.refer()
    made = await consented(intake, client)
    await staff(intake, "counselor").get(f"/consents/{made['id']}")
    rows = (await staff(intake, "auditor").get(f"/clients/{client}/accesses")).json()["items"]
    assert ("counselor-1", "show_consent", "read") in {
        (row["subject"], row["operation"], row["kind"]) for row in rows
    }


async def test_the_forms_are_listed_with_their_texts_and_digests(intake: Intake):
    listed = (await staff(intake).get("/consent-forms")).json()
    assert {(one["form"], one["language"]) for one in listed} == {
        (form, language) for form in FILLED for language in ("en", "es")
    }
    assert all(len(one["digest"]) == 64 for one in listed)
    words = (await staff(intake).get("/consent-vocabulary")).json()
    assert "end_of_treatment" in words["events"]


def test_a_service_does_not_start_with_a_form_that_lacks_an_element(tmp_path: Path):
    ours = PROJECT / "services" / "intake" / "consents" / "forms" / "treatment-1.yaml"
    lines = ours.read_text("utf-8").splitlines()
    (tmp_path / "consent_forms").mkdir()
    (tmp_path / "consent_forms" / "treatment-1.yaml").write_text(
        "\n".join(line for line in lines if "name: expiry" not in line), "utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "services.intake"],
        env={**os.environ, "STEPWELL_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "treatment-1.yaml:" in done.stderr
    assert "The element expiry is missing" in done.stderr
