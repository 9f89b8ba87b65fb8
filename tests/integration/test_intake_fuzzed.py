"""Requests made from the OpenAPI document, right ones and wrong ones, find no failure in intake."""

import os
from pathlib import Path

import pytest

from services.intake.risk.rules import Finding
from shared.web.limits import Limiter
from tests.support.consents import consented
from tests.support.coverage import grant
from tests.support.flow import Intake, created
from tests.support.fuzzing import Fuzzing, callers, rows
from tests.support.questionnaires import Questionnaires
from tests.support.risk import OTHER_SITE, SITE, raised
from tests.support.system import System

IDS = {
    "client_id": "clients",
    "survivor_id": "clients",
    "merged_id": "clients",
    "other_id": "clients",
    "screening_id": "screenings",
    "referral_id": "referrals",
    "questionnaire_id": "questionnaires",
    "determination_id": "determinations",
    "diagnosis_id": "diagnoses",
    "report_id": "risk_reports",
    "flag_id": "risk_flags",
    "enrolment_id": "enrolments",
    "consent_id": "consents",
    "coverage_id": "coverages",
    "agreement_id": "self_pay_agreements",
    "authorization_id": "authorizations",
    "merge_id": "client_merges",
    "site_id": "sites",
}
"""Whose ids a parameter, or a field of a body, may hold."""

VALUES = {
    "instrument": "phq-9",
    "version": "1.0",
    "language": "en",
    "from": "2026-02-02",
    "until": "2026-03-01",
    "topic": "intake",
}
"""What leads queries and paths somewhere."""


@pytest.fixture
async def intake(system: System) -> Intake:
    """Intake with something of everything, at two sites."""
    await system.start("intake", roles=("api",))
    system.apps["intake"].state.limiter = Limiter(burst=100_000)
    flow = Intake(system, SITE)
    await flow.open_site()
    await system.execute_as_owner(
        "intake",
        "SET stepwell.sites = '*';"
        f"INSERT INTO sites VALUES ('{OTHER_SITE}', 'America/Denver', '2026-02-23T14:00:00Z')",
    )
    await Intake(system, OTHER_SITE).refer()
    desk = system.client("intake", "front_desk", [SITE])
    counselor = system.client("intake", "counselor", [SITE])
    lead = system.client("intake", "clinical_lead", [SITE])
    client = await flow.refer()
    await flow.screen(client)
    determination = await flow.determine(client)
    coverage = await flow.insure(client)
    created(await desk.post(f"/coverages/{coverage['id']}/authorizations", grant()))
    created(await flow.enrol(client, determination))
    await consented(flow, client, "contact_channels")
    await raised(flow, Finding("suicide_risk", "high", "c-ssrs"), client=client)
    created(await counselor.post(f"/clients/{client}/diagnoses", {"code": "F43.10"}))
    created(await desk.post(f"/clients/{client}/risk-reports", {"pregnant": "yes"}))
    other = await flow.refer(given_name="Client 02")
    await flow.screen(other)
    await flow.determine(other)
    twin = await flow.refer(given_name="Client 03")
    created(
        await lead.post(
            "/client-merges",
            {"survivor_id": other, "merged_id": twin, "reason": "The same person."},
        )
    )
    return flow


async def callers_of(intake: Intake) -> dict[str, list[str]]:
    """Who may call each operation; and browsers with a link."""
    found = callers(intake.system, "intake", SITE)
    given = Questionnaires(intake)
    for operation in (
        "show_own_questionnaire",
        "record_own_answers",
        "complete_own_questionnaire",
    ):
        browser, _ = await given.opened(await given.assigned("phq-9", "gad-7"))
        found[operation] = [browser.headers()["Authorization"]]
    secret, _ = await given.link(await given.assigned("phq-9"))
    found["open_own_questionnaire"] = [f"Link {secret}"]
    return found


async def test_no_request_is_answered_in_another_way_than_is_documented(
    intake: Intake, tmp_path: Path
) -> None:
    system = intake.system
    by_operation = await callers_of(intake)
    ids = await rows(system, "intake", IDS)
    fuzzing = Fuzzing(system, "intake", tmp_path, by_operation, ids, VALUES)
    failed = await fuzzing.failures_measured()
    noted = "SELECT count(*) AS n FROM platform.audit"
    (before,) = await system.fetch("intake", noted)

    told = await fuzzing.run(*os.environ.get("FUZZ", "").split())
    assert not told, told

    assert {a.operation for a in fuzzing.answers} == by_operation.keys()
    assert await fuzzing.failures_measured() == failed
    succeeded = [a for a in fuzzing.answers if a.status < 300]
    assert len({a.operation for a in succeeded}) > 90, "too few operations got past their refusals"

    refused = {a.trace: a for a in fuzzing.answers if a.status >= 400}
    published = await fuzzing.traces_of_events()
    assert len(published & {a.trace for a in succeeded}) > 20
    assert [refused[trace] for trace in published & refused.keys()] == []

    (after,) = await system.fetch("intake", noted)
    assert after["n"] - before["n"] > 100
