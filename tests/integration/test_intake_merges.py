"""Work that is under way across a merge, and what a person of two records comes to."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.access_times.commands import Attended, note_attended
from tests.conftest import MONDAY
from tests.support.consents import consented, signed
from tests.support.coverage import Payments
from tests.support.flow import CALM_PHQ9, Intake, created, problem
from tests.support.questionnaires import NOTHING, Questionnaires, answered

WHY = {"reason": "Same papers shown."}
DESPAIR = [*CALM_PHQ9[:8], 1]
SITE, OTHER_SITE = UUID(int=7), UUID(int=8)
BOTH = (SITE, OTHER_SITE)


async def merge(intake: Intake, survivor: str, merged: str) -> dict[str, Any]:
    lead = intake.system.client("intake", "clinical_lead", BOTH)
    body = {"survivor_id": survivor, "merged_id": merged} | WHY
    return created(await lead.post("/client-merges", body))


async def undo(intake: Intake, made: dict[str, Any]) -> None:
    lead = intake.system.client("intake", "clinical_lead", BOTH)
    answered(await lead.post(f"/client-merges/{made['id']}/undo", {"reason": "Two."}, etag='"1"'))


async def enrolled(intake: Intake) -> str:
    client = await intake.refer()
    await intake.screen(client)
    created(await intake.enrol(client, await intake.determine(client)))
    return client


async def items(intake: Intake, path: str, role: str = "counselor") -> list[dict[str, Any]]:
    answer = await intake.system.client("intake", role, BOTH).get(path)
    return list(answered(answer)["items"])


async def taken(intake: Intake) -> list[tuple[str, str]]:
    """The key and the screening's client of every ScreeningCompleted."""
    rows = await intake.system.fetch(
        "intake",
        "SELECT j.key, s.client_id::text FROM platform.journal j JOIN screenings s"
        " ON s.id::text = convert_from(j.payload, 'UTF8')::jsonb->>'screening_id'"
        " WHERE j.type LIKE '%ScreeningCompleted%' ORDER BY s.completed_at, s.entry",
    )
    return [tuple(row) for row in rows]


async def test_a_form_that_is_half_filled_in_at_a_merge_is_taken_once_for_the_survivor(
    questionnaires: Questionnaires,
):
    intake = questionnaires.intake
    survivor, merged = await intake.refer(), await intake.refer()
    browser, version = await questionnaires.opened(await questionnaires.assign(merged))
    half = answered(await browser.save([1, 1, 1, 1, *NOTHING[4:]], version))
    made = await merge(intake, survivor, merged)
    assert answered(await browser.form())["version"] == half["version"]
    whole = answered(await browser.save(DESPAIR, half["version"]))
    assert answered(await browser.complete(whole["version"]))["state"] == "completed"
    assert await taken(intake) == [(survivor, survivor)]
    flags = await items(intake, f"/clients/{survivor}/risk-flags")
    assert [(flag["client_id"], flag["kind"]) for flag in flags] == [(survivor, "suicide_risk")]
    await undo(intake, made)
    assert len(await items(intake, f"/clients/{survivor}/screenings")) == 1
    assert await items(intake, f"/clients/{merged}/screenings") == []


async def test_a_link_that_is_opened_after_the_merge_opens_the_form(
    questionnaires: Questionnaires,
):
    intake = questionnaires.intake
    survivor, merged = await intake.refer(), await intake.refer()
    secret, _ = await questionnaires.link(await questionnaires.assign(merged))
    await merge(intake, survivor, merged)
    browser = questionnaires.browser()
    answered(await browser.open(secret))
    version = answered(await browser.form())["version"]
    saved = answered(await browser.save(CALM_PHQ9, version))
    answered(await browser.complete(saved["version"]))
    assert await taken(intake) == [(survivor, survivor)]


async def test_a_form_of_the_intake_is_taken_when_the_survivor_is_in_the_program(
    questionnaires: Questionnaires,
):
    intake = questionnaires.intake
    survivor, merged = await enrolled(intake), await intake.refer()
    browser, version = await questionnaires.opened(await questionnaires.assign(merged))
    await merge(intake, survivor, merged)
    saved = answered(await browser.save(CALM_PHQ9, version))
    answered(await browser.complete(saved["version"]))
    assert (await taken(intake))[1:] == [(survivor, survivor)]


async def test_a_form_of_the_intake_that_a_client_hands_in_after_the_admission_is_taken(
    questionnaires: Questionnaires,
):
    intake = questionnaires.intake
    client = await intake.refer()
    browser, version = await questionnaires.opened(await questionnaires.assign(client))
    await intake.screen(client)
    created(await intake.enrol(client, await intake.determine(client)))
    saved = answered(await browser.save(CALM_PHQ9, version))
    answered(await browser.complete(saved["version"]))
    assert await taken(intake) == [(client, client)] * 2


async def test_a_form_that_staff_hand_in_after_the_merge_is_taken_for_the_survivor(
    questionnaires: Questionnaires,
):
    intake = questionnaires.intake
    survivor, merged = await intake.refer(), await intake.refer()
    made = await questionnaires.assign(merged)
    await merge(intake, survivor, merged)
    saved = answered(await questionnaires.save(made, CALM_PHQ9))
    answered(await questionnaires.post(saved, "completion"))
    assert await taken(intake) == [(survivor, survivor)]


async def other_site(intake: Intake) -> Intake:
    flow = Intake(intake.system, OTHER_SITE)
    await flow.open_site()
    return flow


async def test_a_form_across_a_merge_with_another_site_is_taken_there(
    questionnaires: Questionnaires,
):
    intake = questionnaires.intake
    survivor = await (await other_site(intake)).refer()
    merged = await intake.refer()
    browser, version = await questionnaires.opened(await questionnaires.assign(merged))
    await merge(intake, survivor, merged)
    saved = answered(await browser.save(DESPAIR, version))
    answered(await browser.complete(saved["version"]))
    assert await taken(intake) == [(survivor, survivor)]
    (screening,) = await questionnaires.rows("screenings")
    assert screening["site_id"] == OTHER_SITE


async def test_staff_who_may_not_see_the_survivor_hand_in_for_the_record_they_see(
    questionnaires: Questionnaires,
):
    intake = questionnaires.intake
    survivor = await (await other_site(intake)).refer()
    merged = await intake.refer()
    made = await questionnaires.assign(merged)
    await merge(intake, survivor, merged)
    saved = answered(await questionnaires.save(made, CALM_PHQ9))
    answered(await questionnaires.post(saved, "completion"))
    assert await taken(intake) == [(merged, merged)]
    assert len(await items(intake, f"/clients/{survivor}/screenings")) == 1


async def test_a_form_left_open_raises_its_flag_for_the_survivor(questionnaires: Questionnaires):
    intake = questionnaires.intake
    survivor, merged = await intake.refer(), await intake.refer()
    made = await questionnaires.assign(merged, "c-ssrs")
    saved = answered(await questionnaires.save(made, [0, 1, *[None] * 5], "c-ssrs"))
    before = len(await questionnaires.rows("risk_flags"))
    await merge(intake, survivor, merged)
    answered(await questionnaires.post(saved, "withdrawal", "front_desk"))
    flags = (await questionnaires.rows("risk_flags"))[before:]
    assert {str(flag["client_id"]) for flag in flags} == {survivor}


async def test_a_referral_that_was_under_way_is_followed_to_its_end(intake: Intake):
    survivor, merged = await intake.refer(), await intake.refer()
    await merge(intake, survivor, merged)
    desk = intake.system.client("intake", "front_desk", [SITE])
    found = await items(intake, f"/clients/{survivor}/referrals", "front_desk")
    by_client = {one["client_id"]: one for one in found}
    assert set(by_client) == {survivor, merged}
    other = by_client[merged]
    attempt = {"channel": "sms", "outcome": "reached", "attempted_at": "2026-02-23T14:00:00Z"}
    created(await desk.post(f"/referrals/{other['id']}/contact-attempts", attempt))
    end = {"state": "lost", "reason": "unreachable"}
    answered(await desk.post(f"/referrals/{other['id']}/state", end, etag='"2"'))
    await intake.screen(survivor)
    states = {
        one["client_id"]: one["state"]
        for one in await items(intake, f"/clients/{merged}/referrals")
    }
    assert states == {survivor: "screening", merged: "lost"}


async def test_what_is_done_for_the_survivor_brings_the_only_open_referral_forward(
    intake: Intake,
):
    survivor, merged = await intake.refer(), await intake.refer()
    desk = intake.system.client("intake", "front_desk", [SITE])
    own, other = [
        (await items(intake, f"/clients/{one}/referrals"))[0] for one in (survivor, merged)
    ]
    end = {"state": "lost", "reason": "unreachable"}
    answered(await desk.post(f"/referrals/{own['id']}/state", end, etag='"1"'))
    await merge(intake, survivor, merged)
    refused = await desk.post(f"/clients/{survivor}/referrals", {"source": "self"})
    assert problem(refused)[:2] == (409, "referral-open")
    await intake.screen(survivor)
    assert answered(await desk.get(f"/referrals/{other['id']}"))["state"] == "screening"
    (waits,) = await items(intake, "/referral-clocks", "front_desk")
    assert waits["referral_id"] == other["id"]


async def test_of_two_referrals_at_one_time_the_survivors_clock_counts(intake: Intake):
    survivor, merged = await intake.refer(), await intake.refer()
    made = await merge(intake, survivor, merged)
    desk = intake.system.client("intake", "front_desk", [SITE])
    found = await items(intake, f"/clients/{survivor}/referrals")
    own, other = sorted(found, key=lambda one: one["client_id"] != survivor)

    async def clocks() -> list[tuple[str, str | None]]:
        found = [
            answered(await desk.get(f"/referrals/{one['id']}/clock"))["first_service"]
            for one in (own, other)
        ]
        return [(one["status"], one["happened_on"]) for one in found]

    assert await clocks() == [("due_on", None), ("stopped", None)]
    waits = await items(intake, "/referral-clocks", "front_desk")
    assert [one["referral_id"] for one in waits] == [own["id"]]
    session = Attended(UUID(merged), UUID(int=1), SITE, date(2026, 2, 24))
    async with intake.transaction() as tx:
        await note_attended(tx, [session])
    assert await clocks() == [("within", "2026-02-24"), ("stopped", None)]
    await undo(intake, made)
    assert await clocks() == [("due_on", None), ("within", "2026-02-24")]


async def test_a_decision_on_the_merged_record_is_signed_and_admits_the_survivor(intake: Intake):
    survivor, merged = await intake.refer(), await intake.refer()
    await intake.screen(merged)
    decision = await intake.determine(merged)
    await intake.agree(merged)
    await merge(intake, survivor, merged)
    answered(await intake.sign(decision))
    stay = created(await intake.admit(survivor, decision))
    assert stay["client_id"] == survivor


async def test_a_newer_decision_on_the_other_record_takes_the_place_of_the_former(intake: Intake):
    survivor, merged = await intake.refer(), await intake.refer()
    decisions = []
    for minutes, client in enumerate((survivor, merged)):
        intake.system.set_clock(MONDAY + timedelta(minutes=minutes))
        await intake.screen(client)
        decisions.append(await intake.determine(client))
        answered(await intake.sign(decisions[-1]))
    made = await merge(intake, survivor, merged)

    async def states(client: str) -> list[str]:
        path = f"/clients/{client}/level-of-care-determinations"
        return [one["state"] for one in await items(intake, path)]

    assert await states(survivor) == await states(merged) == ["superseded", "signed"]
    await intake.agree(survivor)
    refused = await intake.admit(survivor, decisions[0])
    assert problem(refused)[:2] == (422, "outdated-determination")
    await undo(intake, made)
    assert (await states(survivor), await states(merged)) == (["signed"], ["signed"])


@pytest.mark.parametrize("form", ["treatment", "contact_channels"])
async def test_of_a_form_that_holds_once_the_one_signed_later_counts(intake: Intake, form: str):
    survivor, merged = await intake.refer(), await intake.refer()
    signature = signed()["signature"]
    await consented(intake, survivor, form, signature=signature | {"signed_on": "2026-02-20"})
    intake.system.set_clock(MONDAY + timedelta(minutes=1))
    later = await consented(intake, merged, form)
    made = await merge(intake, survivor, merged)
    desk = intake.system.client("intake", "front_desk", [SITE])

    async def in_force(client: str) -> list[str]:
        shown = answered(await desk.get(f"/clients/{client}/consents/in-force"))
        return [one["consent_id"] for one in shown["consents"]]

    assert await in_force(survivor) == await in_force(merged) == [later["id"]]
    consents = await items(intake, f"/clients/{survivor}/consents", "front_desk")
    assert [(one["state"], one["ended_at"], one["version"]) for one in consents] == [
        ("superseded", "2026-02-23T14:01:00Z", 2),
        ("granted", None, 1),
    ]
    body = {"how": "written"}
    ended = await desk.post(f"/consents/{later['id']}/revocation", body, etag='"1"')
    assert answered(ended)["state"] == "revoked"
    assert await in_force(survivor) == []
    await undo(intake, made)
    assert (len(await in_force(survivor)), await in_force(merged)) == (1, [])


async def test_what_the_client_revoked_for_one_record_since_holds_for_neither(intake: Intake):
    survivor, merged = await intake.refer(), await intake.refer()
    signature = signed()["signature"]
    former = await consented(intake, merged, signature=signature | {"signed_on": "2026-02-20"})
    await consented(intake, survivor)
    intake.system.set_clock(MONDAY + timedelta(minutes=1))
    desk = intake.system.client("intake", "front_desk", [SITE])
    body = {"how": "written"}
    answered(await desk.post(f"/consents/{former['id']}/revocation", body, etag='"1"'))
    await merge(intake, survivor, merged)
    shown = answered(await desk.get(f"/clients/{survivor}/consents/in-force"))
    assert (shown["treatment"], shown["consents"]) == (False, [])


async def test_the_end_of_a_stay_ends_what_was_given_up_to_it_at_another_site(intake: Intake):
    there = await other_site(intake)
    survivor, merged = await enrolled(intake), await there.refer()
    until_then = {"expiry": {"kind": "event", "event": "end_of_treatment"}}
    shared = "treatment_payment_operations"
    given = await consented(there, merged, shared, **until_then)
    await merge(intake, survivor, merged)
    lead = intake.system.client("intake", "clinical_lead", [SITE])
    (stay,) = await items(intake, f"/clients/{survivor}/enrolments")
    over = await lead.post(
        f"/enrolments/{stay['id']}/discharge", {"reason": "goals_met"}, etag='"1"'
    )
    answered(over)
    consents = await items(intake, f"/clients/{merged}/consents", "front_desk")
    assert {one["id"]: one["state"] for one in consents}[given["id"]] == "expired"


async def test_contact_details_and_preferences_are_those_entered_last(intake: Intake):
    survivor, merged = await intake.refer(), await intake.refer()
    desk = intake.system.client("intake", "front_desk", [SITE])
    intake.system.set_clock(MONDAY + timedelta(minutes=1))
    new = {"channel": "log", "phone": "+13035550123"}
    answered(await desk.put(f"/clients/{merged}/contact", new, etag='"1"'))
    made = await merge(intake, survivor, merged)
    for client in (survivor, merged):
        shown = await desk.get(f"/clients/{client}/contact")
        assert (shown.json()["phone"], shown.headers["etag"]) == ("+13035550123", '"3"')
    intake.system.set_clock(MONDAY + timedelta(minutes=2))
    stale = await desk.put(f"/clients/{survivor}/contact", new, etag='"1"')
    assert problem(stale)[:2] == (412, "stale-version")
    newest = {"channel": "log", "phone": "+13035550124"}
    changed = await desk.put(f"/clients/{survivor}/contact", newest, etag='"3"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"4"')
    assert (await desk.get(f"/clients/{merged}/contact")).json()["phone"] == "+13035550124"
    await undo(intake, made)
    assert (await desk.get(f"/clients/{merged}/contact")).json()["phone"] == "+13035550123"
    assert (await desk.get(f"/clients/{survivor}/contact")).headers["etag"] == '"2"'


async def test_a_dual_diagnosis_is_suspected_by_the_findings_of_both_records(intake: Intake):
    survivor, merged = await intake.refer(), await intake.refer()
    counselor = intake.system.client("intake", "counselor", [SITE])
    for client, code in ((survivor, "F10.20"), (merged, "F33.1")):
        body = {"code": code, "status": "active"}
        created(await counselor.post(f"/clients/{client}/diagnoses", body))

    async def shown(client: str) -> tuple[str, list[str]]:
        found = answered(await counselor.get(f"/clients/{client}/dual-diagnosis"))
        kinds = [*found["substance_use"], *found["mental_health"]]
        return found["status"], [one["found_in"] for one in kinds]

    made = await merge(intake, survivor, merged)
    together = ("suspected", ["F10.20", "F33.1"])
    assert await shown(survivor) == await shown(merged) == together
    confirm = {"decision": "confirm", "reason": "clinical_interview"}
    path = f"/clients/{survivor}/dual-diagnosis/decision"
    tag = (await counselor.get(f"/clients/{survivor}/dual-diagnosis")).headers["etag"]
    decided = await counselor.post(path, confirm, etag=tag)
    assert answered(decided)["status"] == "confirmed"
    assert await shown(merged) == ("confirmed", ["F10.20", "F33.1"])
    await undo(intake, made)
    assert await shown(survivor) == ("confirmed", ["F10.20"])
    assert await shown(merged) == ("none", ["F33.1"])


async def test_a_finding_that_joins_those_of_the_other_record_is_told(intake: Intake):
    survivor, merged = await intake.refer(), await intake.refer()
    counselor = intake.system.client("intake", "counselor", [SITE])
    body = {"code": "F33.1", "status": "active"}
    created(await counselor.post(f"/clients/{merged}/diagnoses", body))
    await merge(intake, survivor, merged)
    body = {"code": "F10.20", "status": "active"}
    created(await counselor.post(f"/clients/{survivor}/diagnoses", body))
    told = [(key, name) for key, _, name in await intake.system.published("intake")]
    assert (survivor, "DualDiagnosisChanged") in told
    (change,) = await items(intake, f"/clients/{merged}/dual-diagnosis/changes")
    assert (change["client_id"], change["found_in"]) == (survivor, ["F10.20", "F33.1"])


async def test_sessions_of_one_record_take_units_of_the_other_until_the_undo(payments: Payments):
    intake = payments.intake
    survivor, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    merged = await intake.refer()
    days = [date(2026, 2, day) for day in (9, 10, 11)]
    await payments.tell(*(payments.attended(merged, day) for day in days[:2]))
    await payments.tell(*(payments.attended(survivor, day) for day in days[1:]))
    before = await service_days(payments, survivor), await service_days(payments, merged)
    assert await payments.units(authorization) == (2, 8, 0)
    made = await merge(intake, survivor, merged)
    assert await payments.units(authorization) == (3, 7, 0)
    together = await service_days(payments, survivor)
    assert together == await service_days(payments, merged)
    assert [(day["service_date"], day["services"], day["standing"]) for day in together] == [
        ("2026-02-09", 1, "authorized"),
        ("2026-02-10", 2, "authorized"),
        ("2026-02-11", 1, "authorized"),
    ]
    await undo(intake, made)
    assert await payments.units(authorization) == (2, 8, 0)
    assert (await service_days(payments, survivor), await service_days(payments, merged)) == before


async def test_grants_of_a_record_without_a_session_of_its_own_are_free_again_after_the_undo(
    payments: Payments,
):
    intake = payments.intake
    merged, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    survivor = await intake.refer()
    await payments.tell(*(payments.attended(survivor, date(2026, 2, day)) for day in (9, 10)))
    made = await merge(intake, survivor, merged)
    assert await payments.units(authorization) == (2, 8, 0)
    await undo(intake, made)
    assert await payments.units(authorization) == (0, 10, 0)
    assert await service_days(payments, merged) == []


async def test_a_session_told_of_the_merged_record_takes_units_of_the_survivor(
    payments: Payments,
):
    survivor, coverage = await payments.covered()
    authorization = await payments.granted(coverage)
    merged = await payments.intake.refer()
    await merge(payments.intake, survivor, merged)
    session = payments.attended(merged, date(2026, 2, 9))
    await payments.tell(session)
    assert await payments.units(authorization) == (1, 9, 0)
    await payments.tell(payments.missed(session))
    assert await payments.units(authorization) == (0, 10, 0)


async def service_days(payments: Payments, client: str) -> list[dict[str, Any]]:
    answer = await payments.desk.get(f"/clients/{client}/service-days")
    return sorted(answered(answer)["items"], key=lambda day: day["service_date"])


async def test_a_coverage_is_not_doubled_by_one_of_the_other_record(payments: Payments):
    survivor, _ = await payments.covered()
    merged, other = await payments.covered()
    await merge(payments.intake, survivor, merged)
    path = f"/clients/{survivor}/coverages"
    assert len(await items(payments.intake, path, "front_desk")) == 2
    end = {"last_day": "2026-01-31"}
    answered(await payments.end(f"/coverages/{other['id']}/end", end))
