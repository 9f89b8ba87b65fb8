"""Risk flags: raised at once, seen by a named clinician, escalated for as long as nobody looks."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.intake.risk.commands import raise_flags
from services.intake.risk.jobs import escalate_due
from services.intake.risk.policy import risk_policy
from services.intake.risk.rules import Finding
from tests.conftest import MONDAY
from tests.support.flow import Intake, problem
from tests.support.risk import (
    OTHER_SITE,
    SITE,
    acknowledged,
    clinician,
    escalated,
    raised,
    told,
)
from tests.support.system import System

MODERATE = Finding("suicide_risk", "moderate", "phq-9")
HIGH = Finding("suicide_risk", "high", "c-ssrs")
MINUTE = timedelta(minutes=1)


async def test_a_finding_becomes_a_flag_that_clinicians_see_with_what_to_do(intake: Intake):
    client, flag = await raised(intake, HIGH)
    answer = await clinician(intake).get(f"/risk-flags/{flag}")
    shown = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert (shown["client_id"], shown["kind"], shown["severity"]) == (
        client,
        "suicide_risk",
        "high",
    )
    assert (shown["state"], shown["step"], shown["overdue"]) == ("raised", 0, False)
    assert shown["acknowledge_by"] == shown["escalates_at"] == "2026-02-23T14:15:00Z"
    assert shown["next_told"] == "clinical_lead"
    assert "988" in shown["guidance"]
    assert "safety_plan" in [action["action"] for action in shown["actions"]]
    assert "prenatal_care_referral" not in [action["action"] for action in shown["actions"]]
    (event,) = await told(intake)
    assert event["event"] == "RiskFlagRaised"
    assert (event["flag_id"], event["found_in"]) == (flag, "c-ssrs")
    assert event["acknowledge_by"] == "2026-02-23T14:15:00Z"


async def test_an_open_flag_is_not_doubled_and_a_milder_finding_changes_nothing(intake: Intake):
    client, flag = await raised(intake, HIGH)
    intake.system.set_clock(MONDAY + 5 * MINUTE)
    _, again = await raised(intake, MODERATE, HIGH, client=client)
    assert again == flag
    shown = (await clinician(intake).get(f"/risk-flags/{flag}")).json()
    assert (shown["found_count"], shown["last_found_at"]) == (2, "2026-02-23T14:05:00Z")
    assert (shown["severity"], shown["version"]) == ("high", 1)
    assert shown["acknowledge_by"] == "2026-02-23T14:15:00Z"
    assert len(await told(intake)) == 1


async def test_a_worse_finding_makes_the_flag_more_severe_and_its_deadline_nearer(intake: Intake):
    client, flag = await raised(intake, MODERATE)
    intake.system.set_clock(MONDAY + 5 * MINUTE)
    _, again = await raised(intake, HIGH, client=client)
    assert again == flag
    shown = (await clinician(intake).get(f"/risk-flags/{flag}")).json()
    assert (shown["severity"], shown["found_in"], shown["version"]) == ("high", "c-ssrs", 2)
    assert shown["acknowledge_by"] == shown["escalates_at"] == "2026-02-23T14:20:00Z"
    first, second = await told(intake)
    assert (first["severity"], second["severity"]) == ("moderate", "high")
    assert first["flag_id"] == second["flag_id"] == flag
    assert second["acknowledge_by"] == "2026-02-23T14:20:00Z"


async def test_a_worse_finding_never_puts_a_deadline_off(intake: Intake):
    client, flag = await raised(intake, MODERATE)
    intake.system.set_clock(MONDAY + 59 * MINUTE)
    await raised(intake, HIGH, client=client)
    shown = (await clinician(intake).get(f"/risk-flags/{flag}")).json()
    assert shown["acknowledge_by"] == shown["escalates_at"] == "2026-02-23T15:00:00Z"


async def test_flags_of_different_kinds_stand_beside_each_other(intake: Intake):
    client, _ = await raised(intake, HIGH, Finding("pregnancy", "moderate", "risk-report"))
    page = (await clinician(intake).get(f"/clients/{client}/risk-flags")).json()
    assert [item["kind"] for item in page["items"]] == ["suicide_risk", "pregnancy"]


async def test_two_sittings_at_once_raise_one_flag(intake: Intake):
    client = await intake.refer()
    async with intake.transaction() as tx:
        (first,) = await raise_flags(tx, UUID(client), SITE, [MODERATE])
        other = asyncio.create_task(raised(intake, HIGH, client=client))
        await intake.until_somebody_waits()
    assert (await other)[1] == str(first)
    assert [event["severity"] for event in await told(intake)] == ["moderate", "high"]


async def test_a_clinician_takes_charge_by_name(intake: Intake):
    _, flag = await raised(intake, HIGH)
    answer = await acknowledged(intake, flag, "clinical_lead", note="Seen at once.\nPlan made.")
    assert answer.status_code == 200, answer.text
    shown = (await clinician(intake).get(f"/risk-flags/{flag}")).json()
    assert answer.json() == shown
    assert (shown["state"], shown["action"]) == ("acknowledged", "safety_plan")
    assert shown["acknowledged_by"] == "clinical_lead-7"
    assert shown["note"] == "Seen at once.\nPlan made."
    assert (shown["version"], shown["escalates_at"], shown["next_told"]) == (2, None, None)
    event = (await told(intake))[-1]
    assert (event["event"], event["action"]) == ("RiskFlagAcknowledged", "safety_plan")
    assert "note" not in event
    assert "acknowledged_by" not in event
    assert await escalated(intake, MONDAY + timedelta(days=3)) == 0


@pytest.mark.parametrize(
    ("body", "etag", "refused"),
    [
        ({}, '"2"', (412, "stale-version", None)),
        ({}, "", (428, "precondition-required", None)),
        (
            {"action": "prenatal_care_referral"},
            '"1"',
            (422, "action-not-for-this-risk", "/action"),
        ),
        ({"action": "prayer"}, '"1"', (422, "action-not-for-this-risk", "/action")),
        ({"action": "false_alarm_reviewed"}, '"1"', (422, "note-needed", "/note")),
    ],
)
async def test_an_acknowledgement_that_says_too_little_is_refused(
    intake: Intake, body: dict[str, object], etag: str, refused: tuple[int, str, str | None]
):
    _, flag = await raised(intake, HIGH)
    assert problem(await acknowledged(intake, flag, etag=etag, **body)) == refused
    assert [event["event"] for event in await told(intake)] == ["RiskFlagRaised"]
    shown = (await clinician(intake).get(f"/risk-flags/{flag}")).json()
    assert (shown["state"], shown["version"]) == ("raised", 1)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"note": "x" * 1001}, "/note"),
        ({"note": " \n "}, "/note"),
        ({"note": "nul\x00"}, "/note"),
        ({"note": "hidden\u202e"}, "/note"),
        ({"action": "Safety Plan"}, "/action"),
        ({"by": "somebody else"}, "/by"),
    ],
)
async def test_an_acknowledgement_that_cannot_be_read_is_refused(
    intake: Intake, body: dict[str, object], pointer: str
):
    _, flag = await raised(intake, HIGH)
    answer = await acknowledged(intake, flag, **body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert len(await told(intake)) == 1


async def test_a_flag_is_acknowledged_once(intake: Intake):
    _, flag = await raised(intake, HIGH)
    answers = await asyncio.gather(*(acknowledged(intake, flag) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    again = await acknowledged(intake, flag, etag='"2"')
    assert problem(again) == (409, "already-acknowledged", None)
    assert [event["event"] for event in await told(intake)][1:] == ["RiskFlagAcknowledged"]


async def test_who_read_the_milder_flag_does_not_acknowledge_the_worse_one(intake: Intake):
    client, flag = await raised(intake, MODERATE)
    await raised(intake, HIGH, client=client)
    assert problem(await acknowledged(intake, flag)) == (412, "stale-version", None)
    assert (await acknowledged(intake, flag, etag='"2"')).status_code == 200


async def test_an_escalation_does_not_get_in_the_way_of_who_read_the_flag_before(intake: Intake):
    _, flag = await raised(intake, HIGH)
    assert await escalated(intake, MONDAY + 15 * MINUTE) == 1
    assert (await acknowledged(intake, flag)).status_code == 200


async def test_the_same_risk_after_an_acknowledgement_is_a_flag_of_its_own(intake: Intake):
    client, flag = await raised(intake, HIGH)
    await acknowledged(intake, flag)
    _, again = await raised(intake, MODERATE, client=client)
    assert again != flag
    page = (await clinician(intake).get("/risk-flags")).json()
    assert [item["id"] for item in page["items"]] == [again]
    page = (await clinician(intake).get("/risk-flags", state="all")).json()
    assert {item["id"] for item in page["items"]} == {flag, again}


@pytest.mark.parametrize("role", ["front_desk", "site_manager", "regional_operations", "auditor"])
async def test_only_clinicians_see_flags_and_take_charge(intake: Intake, role: str):
    client, flag = await raised(intake, HIGH)
    somebody = clinician(intake, role)
    assert (await acknowledged(intake, flag, role)).status_code == 403
    for path in ("/risk-flags", f"/risk-flags/{flag}", f"/clients/{client}/risk-flags"):
        assert (await somebody.get(path)).status_code == 403


async def test_flags_of_other_sites_do_not_exist(intake: Intake):
    client, flag = await raised(intake, HIGH)
    elsewhere = clinician(intake, site=OTHER_SITE)
    assert (await elsewhere.get("/risk-flags")).json()["items"] == []
    for path in (f"/risk-flags/{flag}", f"/clients/{client}/risk-flags"):
        assert (await elsewhere.get(path)).status_code == 404
    answer = await elsewhere.post(
        f"/risk-flags/{flag}/acknowledgement", {"action": "safety_plan"}, etag='"1"'
    )
    assert answer.status_code == 404
    assert (await elsewhere.get("/risk-flag-counts")).json()["sites"] == []


async def test_a_clinician_of_another_site_breaks_the_glass_and_is_noted_with_a_reason(
    intake: Intake,
):
    client, flag = await raised(intake, HIGH)
    elsewhere = clinician(intake, site=OTHER_SITE)
    answer = await elsewhere.http.get(
        f"/clients/{client}/risk-flags", headers={"Break-Glass": "Client is here in crisis."}
    )
    assert [item["id"] for item in answer.json()["items"]] == [flag]
    await acknowledged(intake, flag)
    rows = await intake.system.fetch(
        "intake",
        "SELECT operation, kind, subject, reason FROM platform.audit"
        " WHERE client_id = $1 AND operation LIKE '%risk%' ORDER BY id",
        UUID(client),
    )
    assert {tuple(row) for row in rows} == {
        ("list_risk_flags_of_client", "read", "counselor-7", "Client is here in crisis."),
        ("record_risk_acknowledgement", "change", "counselor-7", None),
    }


async def test_flags_are_listed_by_their_deadlines_page_by_page(intake: Intake):
    clients = [await intake.refer() for _ in range(4)]
    flags = []
    for n, finding in enumerate((MODERATE, HIGH, MODERATE, HIGH)):
        intake.system.set_clock(MONDAY + n * MINUTE)
        flags.append((await raised(intake, finding, client=clients[n]))[1])
    expected = [flags[1], flags[3], flags[0], flags[2]]
    seen: list[str] = []
    params: dict[str, object] = {"limit": 1}
    for _ in expected:
        page = (await clinician(intake).get("/risk-flags", **params)).json()
        seen += [item["id"] for item in page["items"]]
        params["cursor"] = page["next"]
    assert seen == expected
    assert params["cursor"] is None
    intake.system.set_clock(MONDAY + 17 * MINUTE)
    page = (await clinician(intake).get("/risk-flags", state="overdue", site_id=SITE)).json()
    assert [item["id"] for item in page["items"]] == [flags[1]]
    assert page["items"][0]["overdue"] is True
    page = (await clinician(intake).get("/risk-flags", kind="pregnancy")).json()
    assert page["items"] == []


async def test_operations_see_how_many_flags_wait_and_whose_they_are_nowhere(intake: Intake):
    client, _ = await raised(intake, HIGH, Finding("pregnancy", "moderate", "risk-report"))
    await acknowledged(intake, (await raised(intake, HIGH))[1])
    intake.system.set_clock(MONDAY + 15 * MINUTE)
    answer = await clinician(intake, "regional_operations").get("/risk-flag-counts")
    assert answer.json() == {
        "sites": [
            {
                "site_id": str(SITE),
                "open": 2,
                "overdue": 1,
                "oldest_due_at": "2026-02-23T14:15:00Z",
            }
        ]
    }
    assert client not in answer.text


async def test_a_flag_that_nobody_acknowledges_escalates_step_by_step(intake: Intake):
    _, flag = await raised(intake, HIGH)
    assert await escalated(intake, MONDAY + 15 * MINUTE - timedelta(microseconds=1)) == 0
    for minutes in (15, 25, 40, 100):
        assert await escalated(intake, MONDAY + minutes * MINUTE) == 1
        assert await escalated(intake, MONDAY + minutes * MINUTE) == 0
    events = (await told(intake))[1:]
    assert [(event["event"], event["step"]) for event in events] == [
        ("RiskFlagEscalated", step) for step in (1, 2, 3, 4)
    ]
    assert {event["flag_id"] for event in events} == {flag}
    shown = (await clinician(intake).get(f"/risk-flags/{flag}")).json()
    assert (shown["state"], shown["step"], shown["next_told"]) == ("escalated", 4, "regional_lead")
    assert shown["escalates_at"] == "2026-02-23T16:40:00Z"


async def test_an_escalation_ends_and_one_found_more_severe_climbs_anew(intake: Intake):
    client, flag = await raised(intake, MODERATE)
    ladder = risk_policy().urgency("suicide_risk", "moderate")
    for day in range(1, ladder.last + 2):
        await escalated(intake, MONDAY + day * timedelta(days=1))
    events = [e for e in await told(intake) if e["event"] == "RiskFlagEscalated"]
    assert [event["last"] for event in events][-2:] == [False, True]
    assert len(events) == 1 + ladder.repeat.at_most  # the first one late, for the regional lead
    shown = (await clinician(intake).get(f"/risk-flags/{flag}")).json()
    assert (shown["state"], shown["escalates_at"], shown["next_told"]) == ("escalated", None, None)
    assert shown["overdue"]
    await raised(intake, HIGH, client=client)
    shown = (await clinician(intake).get(f"/risk-flags/{flag}")).json()
    assert shown["next_told"] == "clinical_lead"
    assert await escalated(intake, MONDAY + timedelta(days=40)) == 1
    assert (await told(intake))[-1]["step"] == ladder.last + 3


async def test_a_worker_that_comes_late_tells_the_step_that_is_due_now_and_no_other(
    intake: Intake,
):
    _, flag = await raised(intake, HIGH)
    assert await escalated(intake, MONDAY + 60 * MINUTE) == 1
    assert await escalated(intake, MONDAY + 60 * MINUTE) == 0
    (event,) = (await told(intake))[1:]
    assert event["step"] == 3
    shown = (await clinician(intake).get(f"/risk-flags/{flag}")).json()
    assert shown["escalates_at"] == "2026-02-23T15:40:00Z"


async def test_two_workers_tell_every_step_once_and_do_not_wait_for_each_other(intake: Intake):
    for _ in range(3):
        await raised(intake, HIGH)
    intake.system.set_clock(MONDAY + 15 * MINUTE)
    async with intake.transaction() as one, intake.transaction() as other:
        async with asyncio.timeout(5):
            assert await escalate_due(one) == 3
            assert await escalate_due(other) == 0
    steps = [e["flag_id"] for e in await told(intake) if e["event"] == "RiskFlagEscalated"]
    assert len(steps) == len(set(steps)) == 3


async def test_a_flag_acknowledged_while_it_escalates_is_told_in_that_order(intake: Intake):
    _, flag = await raised(intake, HIGH)
    intake.system.set_clock(MONDAY + 15 * MINUTE)
    async with intake.transaction() as tx:
        assert await escalate_due(tx) == 1
        answer = asyncio.create_task(acknowledged(intake, flag))
        await intake.until_somebody_waits()
    assert (await answer).status_code == 200
    assert [event["event"] for event in await told(intake)] == [
        "RiskFlagRaised",
        "RiskFlagEscalated",
        "RiskFlagAcknowledged",
    ]


async def test_the_worker_escalates_when_the_clock_says_so(system: System):
    await system.start("intake")
    intake = Intake(system, SITE)
    await intake.open_site()
    await raised(intake, HIGH)
    counted = "SELECT count(*) FROM platform.journal WHERE type LIKE '%.RiskFlagEscalated.v1'"
    for step, minutes in enumerate((15, 25), start=1):
        system.set_clock(MONDAY + minutes * MINUTE)
        await system.until("intake", counted, is_=step)
