"""Signing a level of care: as recommended, another one, a lower one with a second clinician."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.level_of_care.policy import policies
from services.intake.level_of_care.queries import signed_decision
from services.intake.level_of_care.schemas import NewSecondSignature
from services.intake.level_of_care.signing import sign_second
from shared.contracts.intake import LevelOfCareSigned
from tests.support.flow import FITS_IOP, Intake, problem

SITE = UUID(int=7)
DOWN = {"final_level": "1", "override_reason": "client_choice"}
UP = {"final_level": "2.5", "override_reason": "payer", "note": "The plan covers 2.5 only."}


async def determined(intake: Intake, ratings: dict[str, int] | None = None) -> dict[str, Any]:
    client = await intake.refer()
    await intake.screen(client)
    return await intake.determine(client, ratings)


async def second(
    intake: Intake, determination: dict[str, Any], subject: str = "clinical_lead-2", **body: Any
) -> httpx.Response:
    lead = intake.system.client("intake", "clinical_lead", [SITE], subject=subject)
    return await lead.post(
        f"/level-of-care-determinations/{determination['id']}/second-signature",
        body,
        etag=f'"{determination["version"]}"',
    )


async def told(intake: Intake) -> list[LevelOfCareSigned]:
    rows = await intake.system.fetch(
        "intake", "SELECT payload FROM platform.journal WHERE type LIKE '%LevelOfCareSigned%'"
    )
    return [LevelOfCareSigned.model_validate_json(row["payload"]) for row in rows]


async def kept(intake: Intake) -> list[tuple[Any, ...]]:
    rows = await intake.system.fetch(
        "intake",
        "SELECT state, version, (SELECT count(*) FROM level_of_care_signatures) FROM determinations"
        " ORDER BY entry",
    )
    return [tuple(row) for row in rows]


async def test_a_decision_is_explained_with_its_evidence_and_what_would_change_it(intake: Intake):
    made = await determined(intake)
    assert made["ratings"]["5"] == {"rating": 2, "evidence": "As told in the interview."}
    assert (made["recommended_level"], made["least_level"]) == ("2.1", "2.1")
    assert made["deciding"] == ["4", "5"]
    assert {one["rule"] for one in made["rules"]} == {"least_level", "comparable_outcomes"}
    assert {"dimension": "6", "rating": 4, "status": "determined", "level": "3.1"} in made[
        "would_change"
    ]
    comparable = made["comparable_to_residential"]
    assert "minimal risk" in comparable["condition"]
    assert set(comparable) == {"statement", "condition", "source"}
    assert (made["state"], made["signature"], made["version"]) == ("determined", None, 1)
    counselor = intake.system.client("intake", "counselor", [SITE])
    at = f"/clients/{made['client_id']}/level-of-care-determinations/{made['id']}"
    shown = await counselor.get(at)
    assert (shown.json(), shown.headers["etag"]) == (made, '"1"')


async def test_evidence_and_notes_stay_in_intake(intake: Intake):
    made = await determined(intake)
    assert (await intake.sign(made, **UP)).status_code == 200
    rows = await intake.system.fetch(
        "intake", "SELECT convert_from(payload, 'UTF8') AS told FROM platform.journal"
    )
    assert not [row for row in rows if "interview" in row["told"] or "covers" in row["told"]]


async def test_the_fourth_edition_is_rated_by_its_own_dimensions(intake: Intake):
    client = await intake.refer()
    await intake.screen(client)
    counselor = intake.system.client("intake", "counselor", [SITE])
    rated = {
        str(n): {"rating": r, "evidence": "Seen."} for n, r in enumerate((0, 0, 2, 3, 3, 4), 1)
    }
    made = await counselor.post(
        f"/clients/{client}/level-of-care-determinations", {"edition": "4", "ratings": rated}
    )
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["recommended_level"], body["edition"]) == ("3.1-coe", "4")
    assert body["policy"]["id"] == "illustrative-adult-4"
    assert body["comparable_to_residential"] is None
    signed = (await intake.sign(body)).json()
    assert signed["signature"]["final_level_kind"] == "residential"


@pytest.mark.parametrize("role", ["counselor", "clinical_lead"])
async def test_a_clinician_signs_the_recommended_level(intake: Intake, role: str):
    made = await determined(intake)
    signed = await intake.sign(made, role)
    assert (signed.status_code, signed.headers["etag"]) == (200, '"2"')
    body = signed.json()
    assert body["state"] == "signed"
    assert body["signature"]["final_level"] == "2.1"
    assert body["signature"]["final_level_kind"] == "intensive_outpatient"
    assert body["signature"]["signed_by"] == f"{role}-1"
    (event,) = await told(intake)
    assert (event.final_level, event.recommended_level) == ("2.1", "2.1")
    assert (event.override_reason, event.second_signature) == (None, False)
    counselor = intake.system.client("intake", "counselor", [SITE])
    at = f"/clients/{made['client_id']}/level-of-care-determinations/{made['id']}"
    assert (await counselor.get(at)).json() == body


async def test_a_higher_level_is_signed_with_a_reason_by_one_clinician(intake: Intake):
    signed = (await intake.sign(await determined(intake), **UP)).json()
    assert signed["state"] == "signed"
    assert signed["signature"]["note"] == UP["note"]
    (event,) = await told(intake)
    assert (event.final_level, event.override_reason) == ("2.5", "payer")
    assert event.final_level_kind == "high_intensity_outpatient"


async def test_a_lower_level_is_final_only_when_another_clinician_signs(intake: Intake):
    made = await determined(intake)
    waiting = (await intake.sign(made, "counselor", **DOWN)).json()
    assert (waiting["state"], waiting["version"]) == ("awaiting_second_signature", 2)
    assert await told(intake) == []
    async with intake.transaction() as tx:
        assert await signed_decision(tx, UUID(made["client_id"])) is None
    signed = (await second(intake, waiting, note="Agreed.")).json()
    assert (signed["state"], signed["version"]) == ("signed", 3)
    assert signed["signature"]["second_signed_by"] == "clinical_lead-2"
    assert signed["signature"]["second_note"] == "Agreed."
    (event,) = await told(intake)
    assert (event.final_level, event.second_signature) == ("1", True)
    async with intake.transaction() as tx:
        decision = await signed_decision(tx, UUID(made["client_id"]))
    assert decision is not None
    assert (str(decision.id), decision.final_level) == (made["id"], "1")
    assert (decision.final_level_kind, decision.edition) == ("outpatient", "3")
    assert decision.policy.id == "illustrative-adult-3"
    assert decision.determination.recommended_level == "2.1"


async def test_who_signed_first_does_not_sign_a_second_time(intake: Intake):
    waiting = (await intake.sign(await determined(intake), **DOWN)).json()
    before = await kept(intake)
    refused = await second(intake, waiting, "clinical_lead-1")
    assert problem(refused) == (409, "second-signer-needed", None)
    assert (await kept(intake), await told(intake)) == (before, [])


async def test_a_counselor_is_no_second_signer(intake: Intake):
    waiting = (await intake.sign(await determined(intake), **DOWN)).json()
    counselor = intake.system.client("intake", "counselor", [SITE], subject="counselor-9")
    path = f"/level-of-care-determinations/{waiting['id']}/second-signature"
    assert (await counselor.post(path, {}, etag='"2"')).status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"final_level": "9.9", "override_reason": "payer"}, "/final_level"),
        ({"final_level": "2.5"}, "/override_reason"),
        ({"override_reason": "payer"}, "/override_reason"),
        ({"final_level": "2.1", "override_reason": "payer"}, "/override_reason"),
        ({"final_level": "2.5", "override_reason": "clinical_judgement"}, "/note"),
    ],
)
async def test_a_signature_that_does_not_say_one_thing_is_refused(
    intake: Intake, body: dict[str, Any], pointer: str
):
    made = await determined(intake)
    refused = await intake.sign(made, **body)
    assert problem(refused) == (422, "unfit-signature", pointer)
    assert (await kept(intake), await told(intake)) == ([("determined", 1, 0)], [])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"final_level": "2.5", "override_reason": "mood"}, "/override_reason"),
        ({"note": "a" * 2001}, "/note"),
        ({"note": "a\x00b"}, "/note"),
        ({"signed_by": "somebody-else"}, "/signed_by"),
    ],
)
async def test_a_malformed_signature_is_refused(intake: Intake, body: dict[str, Any], pointer: str):
    refused = await intake.sign(await determined(intake), **body)
    assert problem(refused) == (422, "invalid-request", pointer)


async def test_before_an_evaluation_only_an_override_by_two_is_signed(intake: Intake):
    made = await determined(intake, FITS_IOP | {"1": 4})
    assert (made["recommended_level"], made["least_level"]) == (None, "2.1")
    assert problem(await intake.sign(made)) == (422, "unfit-signature", "/final_level")
    waiting = (await intake.sign(made, final_level="3.7-wm", override_reason="availability")).json()
    assert waiting["state"] == "awaiting_second_signature"
    assert (await second(intake, waiting)).json()["state"] == "signed"
    (event,) = await told(intake)
    assert (event.recommended_level, event.final_level) == (None, "3.7-wm")
    assert event.final_level_kind == "withdrawal_management"


async def test_a_newer_decision_supersedes_the_earlier_ones_signed_or_not(intake: Intake):
    made = await determined(intake)
    assert (await intake.sign(made)).status_code == 200
    newer = await intake.determine(made["client_id"])
    assert await kept(intake) == [("superseded", 3, 1), ("determined", 1, 1)]
    async with intake.transaction() as tx:
        assert await signed_decision(tx, UUID(made["client_id"])) is None
    refused = await intake.sign(made | {"version": 3})
    assert problem(refused) == (409, "cannot-be-signed", None)
    assert (await intake.sign(newer)).status_code == 200
    async with intake.transaction() as tx:
        decision = await signed_decision(tx, UUID(made["client_id"]))
    assert decision is not None
    assert str(decision.id) == newer["id"]


async def test_what_is_signed_is_not_signed_again(intake: Intake):
    made = await determined(intake)
    signed = (await intake.sign(made)).json()
    assert problem(await intake.sign(signed)) == (409, "cannot-be-signed", None)
    assert problem(await second(intake, signed)) == (409, "cannot-be-signed", None)
    assert len(await told(intake)) == 1


async def test_a_signature_names_the_state_that_was_read(intake: Intake):
    made = await determined(intake)
    assert problem(await intake.sign(made | {"version": 7})) == (412, "stale-version", None)
    lead = intake.system.client("intake", "clinical_lead", [SITE])
    path = f"/level-of-care-determinations/{made['id']}/signature"
    assert (await lead.post(path, {})).status_code == 428
    waiting = (await intake.sign(made, **DOWN)).json()
    stale = await second(intake, waiting | {"version": 1})
    assert problem(stale) == (412, "stale-version", None)


async def test_of_two_signatures_at_once_one_counts(intake: Intake):
    made = await determined(intake)
    answers = await asyncio.gather(
        intake.sign(made, "clinical_lead"), intake.sign(made, "counselor"), intake.sign(made, **UP)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await told(intake)) == 1


async def test_a_signature_waits_for_a_newer_decision_and_is_refused(intake: Intake):
    made = await determined(intake)
    waiting = (await intake.sign(made, **DOWN)).json()
    async with intake.transaction() as tx:
        await sign_second(
            tx, UUID(made["id"]), 2, NewSecondSignature(), signed_by="clinical_lead-3"
        )
        signing = asyncio.create_task(second(intake, waiting))
        await intake.until_somebody_waits()
    assert problem(await signing) == (409, "cannot-be-signed", None)
    assert len(await told(intake)) == 1


async def test_a_decision_by_a_policy_that_was_changed_since_is_made_anew(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
):
    made = await determined(intake)
    changed = policies()["3"].model_copy(update={"version": "99"})
    monkeypatch.setitem(policies(), "3", changed)
    assert problem(await intake.sign(made)) == (409, "policy-changed", None)
    assert await kept(intake) == [("determined", 1, 0)]


async def test_nobody_signs_for_another_site(intake: Intake):
    made = await determined(intake)
    stranger = intake.system.client("intake", "clinical_lead", [UUID(int=8)])
    for what in ("signature", "second-signature"):
        path = f"/level-of-care-determinations/{made['id']}/{what}"
        assert (await stranger.post(path, {}, etag='"1"')).status_code == 404
    lead = intake.system.client("intake", "clinical_lead", [SITE])
    nowhere = await lead.post(f"/level-of-care-determinations/{uuid4()}/signature", {}, etag='"1"')
    assert problem(nowhere) == (404, "not-found", None)
    desk = intake.system.client("intake", "front_desk", [SITE])
    path = f"/level-of-care-determinations/{made['id']}/signature"
    assert (await desk.post(path, {}, etag='"1"')).status_code == 403


async def test_a_decision_from_before_signatures_is_shown_as_it_was(intake: Intake):
    made = await determined(intake)
    await intake.system.execute_as_owner(
        "intake",
        "SET stepwell.sites = '*';"
        "UPDATE determinations SET evidence = DEFAULT, explanation = DEFAULT",
    )
    counselor = intake.system.client("intake", "counselor", [SITE])
    at = f"/clients/{made['client_id']}/level-of-care-determinations/{made['id']}"
    shown = (await counselor.get(at)).json()
    assert shown["ratings"]["1"] == {"rating": 0, "evidence": None}
    assert (shown["least_level"], shown["rules"], shown["would_change"]) == (None, [], [])
    assert (await intake.sign(shown)).status_code == 200


async def test_a_rating_that_shows_withdrawal_is_flagged_at_once_and_not_twice(intake: Intake):
    made = await determined(intake, FITS_IOP | {"1": 3})
    client = made["client_id"]
    await intake.determine(client, FITS_IOP | {"1": 4})
    await intake.determine(client, FITS_IOP)
    lead = intake.system.client("intake", "clinical_lead", [intake.site])
    (flag,) = (await lead.get(f"/clients/{client}/risk-flags")).json()["items"]
    assert (flag["kind"], flag["severity"], flag["state"]) == ("withdrawal_risk", "high", "raised")
    raised = await intake.system.fetch(
        "intake",
        "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'severity' AS severity,"
        " convert_from(payload, 'UTF8')::jsonb ->> 'found_in' AS found_in"
        " FROM platform.journal WHERE type LIKE '%RiskFlagRaised%' ORDER BY sequence",
    )
    assert [tuple(row) for row in raised] == [
        ("moderate", "level-of-care"),
        ("high", "level-of-care"),
    ]
