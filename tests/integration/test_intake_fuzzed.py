"""Requests made from the OpenAPI document, right ones and wrong ones, find no failure in intake."""

import os
import time
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from services.intake.risk.rules import Finding
from shared.access import Role
from shared.web.application import allowed_roles, api_routes
from shared.web.limits import Limiter
from tests.support.consents import consented
from tests.support.coverage import grant
from tests.support.flow import Intake, created, person
from tests.support.fuzzing import Fuzzing
from tests.support.questionnaires import Questionnaires
from tests.support.risk import OTHER_SITE, SITE, raised
from tests.support.system import System

IDS = {
    "client_id": "clients",
    "survivor_id": "clients",
    "merged_id": "clients",
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


async def callers(intake: Intake) -> dict[str, list[str]]:
    """Who may call each operation: of the site and of all sites; and browsers with a link."""
    system = intake.system
    found = {}
    for route in api_routes(system.apps["intake"]):
        found[str(route.operation_id)] = [
            f"Bearer {system.issuer.token(str(role), sites, subject=f'{role}-1')}"
            for role in sorted(allowed_roles(route))
            for sites in ([str(SITE)], ["*"])
        ]
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


async def test_no_request_fails_in_another_way_than_is_documented(
    intake: Intake, tmp_path: Path
) -> None:
    system = intake.system
    who = await callers(intake)
    ids = {
        name: [
            str(row["id"])
            for row in await system.fetch("intake", f"SELECT id FROM {table} ORDER BY 1 LIMIT 3")
        ]
        for name, table in IDS.items()
    }
    ids = {name: found for name, found in ids.items() if found}
    fuzzing = Fuzzing(system, "intake", tmp_path, who, ids)
    start = time.monotonic()
    code, said = await fuzzing.run(*os.environ.get("FUZZ", "").split())
    Path("/tmp/fuzz.out").write_text(said)
    print(time.monotonic() - start, Counter(a.status for a in fuzzing.answers), len({a.operation for a in fuzzing.answers}), Counter(a.phase for a in fuzzing.answers))
    assert code == 0, said[-3000:]
