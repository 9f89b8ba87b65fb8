"""Consents over HTTP: what is taken and refused, and what takes the place of what."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.consents.policy.forms import forms
from tests.conftest import MONDAY
from tests.support.consents import (
    FILLED,
    SIGNED,
    consented,
    court,
    payload,
    signed,
    staff,
    told,
)
from tests.support.flow import Intake, problem

SITE = UUID(int=7)
OTHER_SITE = UUID(int=8)
TPO = "treatment_payment_operations"


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
    told = json.loads(text)
    assert (told["channels"], told["voicemail"]) == (["sms", "voice"], "name_and_number")
    assert told["uses"] == ["appointments"]
    assert told["safe_times"] == [{"weekday": 1, "starts_at": "09:00:00", "ends_at": "12:00:00"}]
    assert told["time_zone"] is None
    assert "Northside" not in text


async def test_safe_times_are_told_in_order_with_their_zone_and_midnight(intake: Intake):
    client = await intake.refer()
    given = {
        **FILLED["contact_channels"]["channels"],
        "time_zone": "America/New_York",
        "safe_times": [
            {"weekday": 5, "starts_at": "17:30", "ends_at": "24:00"},
            {"weekday": 1, "starts_at": "09:00", "ends_at": "12:00"},
        ],
    }
    await consented(intake, client, "contact_channels", channels=given)
    told = json.loads(await payload(intake, "ConsentGranted"))
    assert told["time_zone"] == "America/New_York"
    assert told["safe_times"] == [
        {"weekday": 1, "starts_at": "09:00:00", "ends_at": "12:00:00"},
        {"weekday": 5, "starts_at": "17:30:00", "ends_at": "00:00:00"},
    ]


async def test_a_consent_to_anything_else_tells_of_no_uses(intake: Intake):
    client = await intake.refer()
    await consented(intake, client)
    told = json.loads(await payload(intake, "ConsentGranted"))
    assert (told["channels"], told["uses"], told["safe_times"]) == ([], [], [])


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
        problem(await desk.post(f"/clients/{client}/consents", signed(form, **changed)))
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
    assert problem(answer) == (422, "outlasts-court-referral", pointer)
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
    assert problem(refused) == (409, "not-revocable-yet", None)
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
    assert problem(refused) == (409, "newer-consent-in-force", "/signature/signed_on")


async def test_a_paper_from_before_a_revocation_does_not_undo_it(intake: Intake):
    client = await intake.refer()
    made = await consented(intake, client)
    intake.system.set_clock(MONDAY + timedelta(days=2))
    desk = staff(intake)
    await desk.post(f"/consents/{made['id']}/revocation", {"how": "written"}, etag='"1"')
    refused = await desk.post(f"/clients/{client}/consents", signed())
    assert problem(refused) == (409, "revoked-since", "/signature/signed_on")
    anew = SIGNED | {"signed_on": "2026-02-25"}
    assert (await consented(intake, client, signature=anew))["state"] == "granted"


async def test_consents_that_are_entered_at_the_same_time_leave_one_in_force(intake: Intake):
    client = await intake.refer()
    await asyncio.gather(*(consented(intake, client, TPO) for _ in range(4)))
    rows = await intake.system.fetch("intake", "SELECT state FROM consents ORDER BY state")
    assert [row["state"] for row in rows] == ["granted", *["superseded"] * 3]
