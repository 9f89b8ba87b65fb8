"""Dual diagnosis over HTTP: suspected from evidence, decided by clinicians, told to others."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.dual_diagnosis.commands import reconsider
from services.intake.dual_diagnosis.queries import DualDiagnosis, standing, track_needs
from services.intake.dual_diagnosis.rules import Screen
from services.intake.referrals.queries import lock_client
from shared.contracts.intake import DualDiagnosisChanged
from shared.database import Transaction
from tests.conftest import MONDAY
from tests.support.flow import Intake, created, problem
from tests.support.system import Client

SITE = UUID(int=7)
CONFIRM = {"decision": "confirm", "reason": "clinical_interview", "note": "Seen twice."}
RULE_OUT = {"decision": "rule_out", "reason": "symptoms_from_use"}


@pytest.fixture
def counselor(intake: Intake) -> Client:
    return intake.system.client("intake", "counselor", [SITE], subject="counselor-3")


def screen(
    instrument: str, positive: bool | None = True, band: str | None = None, at: datetime = MONDAY
) -> Screen:
    return Screen(instrument, positive, band, at)


async def take(intake: Intake, client: str, *screens: Screen) -> str | None:
    """What completing a screening does."""
    async with intake.transaction() as tx:
        return await reconsidered(tx, client, *screens)


async def reconsidered(tx: Transaction, client: str, *screens: Screen) -> str | None:
    await lock_client(tx, UUID(client))
    kept = await standing(tx, UUID(client))
    return await reconsider(tx, UUID(client), SITE, screens, kept=kept)


async def suspected(intake: Intake) -> str:
    client = await intake.refer()
    await take(intake, client, screen("audit"), screen("phq-9"))
    return client


async def shown(counselor: Client, client: str) -> dict[str, Any]:
    answer = await counselor.get(f"/clients/{client}/dual-diagnosis")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def decide(
    counselor: Client, client: str, body: dict[str, Any], version: int
) -> httpx.Response:
    return await counselor.post(
        f"/clients/{client}/dual-diagnosis/decision", body, etag=f'"{version}"'
    )


async def told(intake: Intake) -> list[tuple[str, list[str]]]:
    rows = await intake.system.fetch(
        "intake",
        "SELECT payload FROM platform.journal WHERE type LIKE '%DualDiagnosisChanged%'"
        " ORDER BY sequence",
    )
    events = [DualDiagnosisChanged.model_validate_json(row["payload"]) for row in rows]
    return [(event.status, list(event.needs)) for event in events]


async def test_nothing_is_known_of_a_client_at_first(intake: Intake, counselor: Client):
    client = await intake.refer()
    found = await shown(counselor, client)
    assert (found["status"], found["needs"], found["version"]) == ("none", [], 0)
    assert (await counselor.get(f"/clients/{uuid4()}/dual-diagnosis")).status_code == 404
    async with intake.transaction() as tx:
        assert await track_needs(tx, UUID(client)) == DualDiagnosis("none", ())


async def test_findings_of_several_sittings_are_put_together(intake: Intake, counselor: Client):
    client = await intake.refer()
    assert await take(intake, client, screen("audit"), screen("bam")) == "none"
    assert await told(intake) == []
    assert await take(intake, client, screen("pc-ptsd-5"), screen("gad-7", band="severe")) == (
        "suspected"
    )
    needs = ["dual_diagnosis_cohort", "trauma_informed", "prescriber_visit"]
    assert await told(intake) == [("suspected", needs)]
    found = await shown(counselor, client)
    assert (found["status"], found["needs"], found["version"]) == ("suspected", needs, 2)
    assert [one["found_in"] for one in found["substance_use"]] == ["audit"]
    assert {one["found_in"] for one in found["mental_health"]} == {"pc-ptsd-5", "gad-7"}
    async with intake.transaction() as tx:
        assert await track_needs(tx, UUID(client)) == DualDiagnosis("suspected", tuple(needs))


async def test_what_does_not_matter_is_not_even_looked_up(intake: Intake):
    client = await intake.refer()
    assert await take(intake, client, screen("bam"), screen("barc-10")) is None
    assert await intake.system.fetch("intake", "SELECT FROM dual_diagnoses") == []


async def test_later_results_change_what_is_asked_for_and_are_told_once(intake: Intake):
    client = await suspected(intake)
    later = MONDAY + timedelta(days=7)
    for _ in range(2):
        await take(intake, client, screen("phq-9", band="severe", at=later))
    await take(intake, client, screen("phq-9", False, "mild", later + timedelta(days=7)))
    cohort = "dual_diagnosis_cohort"
    assert await told(intake) == [
        ("suspected", [cohort]),
        ("suspected", [cohort, "prescriber_visit"]),
        ("suspected", [cohort]),
    ]


async def test_an_old_form_that_is_entered_late_overrides_no_newer_answers(intake: Intake):
    client = await intake.refer()
    await take(intake, client, screen("phq-9", False), screen("audit"))
    old = screen("phq-9", True, at=MONDAY - timedelta(days=60))
    assert await take(intake, client, old) == "none"
    assert await take(intake, client, screen("phq-9", True, at=MONDAY)) == "suspected"


async def test_a_diagnosis_counts_like_a_screen(intake: Intake, counselor: Client):
    client = await intake.refer()
    await take(intake, client, screen("dast-10"))
    path = f"/clients/{client}/diagnoses"
    made = await counselor.post(path, {"code": "F43.10", "psychotropic_medication": True})
    diagnosis = created(made)
    assert (diagnosis["status"], diagnosis["recorded_by"]) == ("active", "counselor-3")
    assert made.headers["location"] == f"{path}/{diagnosis['id']}"
    assert (await counselor.get(made.headers["location"])).json() == diagnosis
    needs = ["dual_diagnosis_cohort", "trauma_informed", "prescriber_visit"]
    assert await told(intake) == [("suspected", needs)]
    intake.system.set_clock(MONDAY + timedelta(hours=1))
    created(await counselor.post(path, {"code": "F43.10", "status": "refuted"}))
    assert (await told(intake))[-1] == ("suspected", ["dual_diagnosis_cohort"])
    listed = (await counselor.get(path)).json()["items"]
    assert [one["status"] for one in listed] == ["active", "refuted"]
    assert [one["code"] for one in listed] == ["F43.10", "F43.10"]


async def test_of_two_findings_at_once_each_sees_the_other(intake: Intake, counselor: Client):
    client = await intake.refer()
    async with intake.transaction() as tx:
        await reconsidered(tx, client, screen("audit"))
        body = {"code": "F33.1"}
        recording = asyncio.create_task(counselor.post(f"/clients/{client}/diagnoses", body))
        await intake.until_somebody_waits()
    created(await recording)
    assert (await shown(counselor, client))["status"] == "suspected"


async def test_two_diagnoses_are_enough(intake: Intake, counselor: Client):
    client = await intake.refer()
    for code in ("F10.20", "F33.1"):
        created(await counselor.post(f"/clients/{client}/diagnoses", {"code": code}))
    assert (await shown(counselor, client))["status"] == "suspected"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"code": "alcohol"}, "/code"),
        ({"code": "f10.20"}, "/code"),
        ({}, "/code"),
        ({"code": "F10.20", "status": "cured"}, "/status"),
        ({"code": "F10.20", "severity": 3}, "/severity"),
    ],
)
async def test_what_is_no_diagnosis_is_refused(
    intake: Intake, counselor: Client, body: dict[str, Any], pointer: str
):
    client = await intake.refer()
    before = await intake.system.published("intake")
    refused = await counselor.post(f"/clients/{client}/diagnoses", body)
    assert problem(refused) == (422, "invalid-request", pointer)
    assert await intake.system.fetch("intake", "SELECT FROM diagnoses") == []
    assert await intake.system.published("intake") == before


async def test_a_repeated_request_records_a_diagnosis_once(intake: Intake, counselor: Client):
    client = await intake.refer()
    path, body = f"/clients/{client}/diagnoses", {"code": "F10.20"}
    first, again = [await counselor.post(path, body, key="once") for _ in range(2)]
    assert created(first) == created(again)
    assert len(await intake.system.fetch("intake", "SELECT FROM diagnoses")) == 1


async def test_a_clinician_confirms_with_a_reason(intake: Intake, counselor: Client):
    client = await suspected(intake)
    version = (await shown(counselor, client))["version"]
    intake.system.set_clock(MONDAY + timedelta(hours=1))
    confirmed = await decide(counselor, client, CONFIRM, version)
    assert (confirmed.status_code, confirmed.headers["etag"]) == (200, f'"{version + 1}"')
    assert confirmed.json() == await shown(counselor, client)
    assert confirmed.json()["status"] == "confirmed"
    assert await told(intake) == [
        ("suspected", ["dual_diagnosis_cohort"]),
        ("confirmed", ["dual_diagnosis_cohort"]),
    ]
    listed = (await counselor.get(f"/clients/{client}/dual-diagnosis/changes")).json()["items"]
    assert [(one["status"], one["reason"], one["decided_by"]) for one in listed] == [
        ("suspected", None, None),
        ("confirmed", "clinical_interview", "counselor-3"),
    ]
    assert listed[0]["found_in"] == ["audit", "phq-9"]
    assert listed[1]["note"] == "Seen twice."
    later = MONDAY + timedelta(days=30)
    assert await take(intake, client, screen("phq-9", False, at=later)) == "confirmed"


async def test_what_was_ruled_out_asks_for_nothing_until_newer_evidence(
    intake: Intake, counselor: Client
):
    client = await suspected(intake)
    intake.system.set_clock(MONDAY + timedelta(days=2))
    ruled_out = await decide(counselor, client, RULE_OUT, 2)
    assert (ruled_out.json()["status"], ruled_out.json()["needs"]) == ("ruled_out", [])
    earlier, later = MONDAY + timedelta(days=1), MONDAY + timedelta(days=9)
    assert await take(intake, client, screen("gad-7", at=earlier)) == "ruled_out"
    assert await take(intake, client, screen("gad-7", at=later)) == "suspected"
    assert [status for status, _ in await told(intake)] == ["suspected", "ruled_out", "suspected"]


async def test_a_confirmed_one_may_be_ruled_out_later(intake: Intake, counselor: Client):
    client = await suspected(intake)
    assert (await decide(counselor, client, CONFIRM, 2)).status_code == 200
    assert (await decide(counselor, client, RULE_OUT, 3)).json()["status"] == "ruled_out"


@pytest.mark.parametrize(
    ("before", "body", "version", "refusal"),
    [
        ([], CONFIRM, 1, (409, "nothing-to-decide", None)),
        ([CONFIRM], CONFIRM, 3, (409, "nothing-to-decide", None)),
        ([RULE_OUT], CONFIRM, 3, (409, "nothing-to-decide", None)),
        ([RULE_OUT], RULE_OUT, 3, (409, "nothing-to-decide", None)),
        (None, CONFIRM, 1, (412, "stale-version", None)),
        (None, CONFIRM | {"reason": "symptoms_from_use"}, 2, (422, "invalid-request", "/reason")),
        (None, CONFIRM | {"decision": "cure"}, 2, (422, "invalid-request", "/decision")),
        (None, CONFIRM | {"note": "\x07"}, 2, (422, "invalid-request", "/note")),
    ],
)
async def test_a_decision_that_does_not_fit_is_refused(
    intake: Intake,
    counselor: Client,
    before: list[dict[str, Any]] | None,
    body: dict[str, Any],
    version: int,
    refusal: tuple[Any, ...],
):
    """`before` are earlier decisions on a suspected one; an empty list: nothing is suspected."""
    client = await intake.refer()
    await take(intake, client, screen("audit"), screen("phq-9", before != []))
    for n, earlier in enumerate(before or [], 2):
        assert (await decide(counselor, client, earlier, n)).status_code == 200
    known = await told(intake)
    assert problem(await decide(counselor, client, body, version)) == refusal
    assert await told(intake) == known


async def test_nobody_decides_for_another_site_or_without_being_a_clinician(
    intake: Intake, counselor: Client
):
    client = await suspected(intake)
    stranger = intake.system.client("intake", "clinical_lead", [UUID(int=8)])
    desk = intake.system.client("intake", "front_desk", [SITE])
    for caller, status in ((stranger, 404), (desk, 403)):
        assert (await decide(caller, client, CONFIRM, 2)).status_code == status
        for what in ("dual-diagnosis", "dual-diagnosis/changes", "diagnoses"):
            assert (await caller.get(f"/clients/{client}/{what}")).status_code == status
        posted = await caller.post(f"/clients/{client}/diagnoses", {"code": "F10.20"})
        assert posted.status_code == status
    other = await intake.refer()
    diagnosis = created(await counselor.post(f"/clients/{client}/diagnoses", {"code": "F10.20"}))
    wrong = await counselor.get(f"/clients/{other}/diagnoses/{diagnosis['id']}")
    assert wrong.status_code == 404


async def test_no_code_and_no_note_leaves_intake(intake: Intake, counselor: Client):
    client = await suspected(intake)
    created(await counselor.post(f"/clients/{client}/diagnoses", {"code": "F10.20"}))
    assert (await decide(counselor, client, CONFIRM, 2)).status_code == 200
    rows = await intake.system.fetch(
        "intake", "SELECT convert_from(payload, 'UTF8') AS told FROM platform.journal"
    )
    assert not [row for row in rows if "F10" in row["told"] or "twice" in row["told"]]


async def test_the_policy_can_be_read(intake: Intake):
    auditor = intake.system.client("intake", "auditor", [SITE])
    policy = (await auditor.get("/dual-diagnosis-policy")).json()
    assert policy["substance_use"]["diagnoses"] == [{"from": "F10", "to": "F19"}]


async def left_and_referred_again(intake: Intake, client: str) -> str:
    """A stay of the client ends two weeks on, and the client is there again the day after."""
    await intake.screen(client)
    stay = created(await intake.enrol(client, await intake.determine(client)))
    intake.system.set_clock(MONDAY + timedelta(days=14))
    await intake.end(stay)
    intake.system.set_clock(MONDAY + timedelta(days=15))
    return client


async def test_a_screen_of_a_stay_that_has_ended_makes_no_dual_diagnosis_with_a_later_one(
    intake: Intake, counselor: Client
):
    client = await intake.refer()
    await take(intake, client, screen("audit"))
    await left_and_referred_again(intake, client)
    now = MONDAY + timedelta(days=15)
    assert await take(intake, client, screen("phq-9", at=now)) == "none"
    found = await shown(counselor, client)
    assert (found["substance_use"], len(found["mental_health"])) == ([], 1)
    late = MONDAY + timedelta(days=13)  # a paper form of the former stay, entered now
    assert await take(intake, client, screen("dast-10", at=late)) == "none"
    assert await take(intake, client, screen("audit", at=now)) == "suspected"


async def test_what_the_track_has_to_offer_is_no_more_by_screens_of_a_stay_that_has_ended(
    intake: Intake, counselor: Client
):
    client = await intake.refer()
    severe = screen("gad-7", band="severe")
    await take(intake, client, screen("audit"), screen("pc-ptsd-5"), severe)
    await decide(counselor, client, CONFIRM, (await shown(counselor, client))["version"])
    await left_and_referred_again(intake, client)
    async with intake.transaction() as tx:
        needs = await track_needs(tx, UUID(client))
    assert needs == DualDiagnosis("confirmed", ("dual_diagnosis_cohort",))
    assert (await told(intake))[-1] == ("confirmed", ["dual_diagnosis_cohort"])


async def test_a_suspicion_is_left_to_a_clinician_beyond_the_stay(
    intake: Intake, counselor: Client
):
    client = await left_and_referred_again(intake, await suspected(intake))
    found = await shown(counselor, client)
    assert (found["status"], found["substance_use"], found["mental_health"]) == (
        "suspected",
        [],
        [],
    )
    assert (await decide(counselor, client, RULE_OUT, found["version"])).status_code == 200


async def test_a_diagnosis_counts_in_every_stay(intake: Intake, counselor: Client):
    client = await intake.refer()
    body = {"code": "F10.20", "status": "active", "psychotropic_medication": False}
    created(await counselor.post(f"/clients/{client}/diagnoses", body))
    await left_and_referred_again(intake, client)
    now = MONDAY + timedelta(days=15)
    assert await take(intake, client, screen("phq-9", at=now)) == "suspected"
