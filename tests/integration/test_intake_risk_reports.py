"""Reports of acute risks: what they raise, who may read them, and who goes first by them."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from services.intake.risk.queries import priority_populations
from tests.conftest import MONDAY
from tests.support.flow import Intake, created, problem
from tests.support.risk import OTHER_SITE, clinician, told

REPORT = "/clients/{}/risk-reports"


async def report(
    intake: Intake, client: str, role: str = "front_desk", **body: object
) -> httpx.Response:
    return await clinician(intake, role).post(REPORT.format(client), body)


async def test_every_risk_in_a_report_raises_its_flag_at_once_however_little_else_it_says(
    intake: Intake,
):
    client = await intake.refer()
    made = created(await report(intake, client, pregnant="yes", withdrawal="severe"))
    assert made["needs_clinician_now"] is True
    assert set(made) == {"id", "client_id", "site_id", "needs_clinician_now", "reported_at"}
    assert [(e["kind"], e["severity"], e["found_in"]) for e in await told(intake)] == [
        ("pregnancy", "moderate", "risk-report"),
        ("withdrawal_risk", "high", "risk-report"),
    ]


async def test_a_report_without_a_risk_raises_nothing(intake: Intake):
    client = await intake.refer()
    made = created(await report(intake, client, pregnant="no", withdrawal="none"))
    assert made["needs_clinician_now"] is False
    assert await told(intake) == []


async def test_who_may_enter_a_report_need_not_be_able_to_read_it(intake: Intake):
    client = await intake.refer()
    made = created(await report(intake, client, last_overdose_on="2026-02-20"))
    at = f"{REPORT.format(client)}/{made['id']}"
    for path in (at, REPORT.format(client)):
        assert (await clinician(intake, "front_desk").get(path)).status_code == 403
        assert (await clinician(intake, "site_manager").get(path)).status_code == 403
    shown = (await clinician(intake).get(at)).json()
    assert (shown["overdose"], shown["last_overdose_on"]) == ("yes", "2026-02-20")
    assert (shown["pregnant"], shown["reported_by"]) == ("unknown", "front_desk-7")
    page = (await clinician(intake).get(REPORT.format(client))).json()
    assert page["items"] == [shown]


@pytest.mark.parametrize(
    ("on", "flags"),
    [("2026-01-24", 1), ("2026-01-23", 0), ("2026-02-23", 1)],
)
async def test_an_overdose_thirty_days_ago_by_the_sites_calendar_is_recent(
    intake: Intake, on: str, flags: int
):
    client = await intake.refer()
    created(await report(intake, client, last_overdose_on=on))
    assert len(await told(intake)) == flags


async def test_the_calendar_that_counts_is_the_sites_and_not_that_of_utc(intake: Intake):
    client = await intake.refer()
    intake.system.set_clock(MONDAY + timedelta(hours=16))  # 24 February in UTC, 23 in Denver
    created(await report(intake, client, last_overdose_on="2026-01-24"))
    assert len(await told(intake)) == 1
    tomorrow = await report(intake, client, last_overdose_on="2026-02-24")
    assert problem(tomorrow) == (422, "impossible-overdose-date", "/last_overdose_on")


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (
            {"last_overdose_on": "2026-02-24"},
            (422, "impossible-overdose-date", "/last_overdose_on"),
        ),
        (
            {"last_overdose_on": "1988-04-16"},
            (422, "impossible-overdose-date", "/last_overdose_on"),
        ),
        (
            {"last_overdose_on": "2026-02-20", "overdose_in_last_30_days": "no"},
            (422, "contradictory-overdose", "/overdose_in_last_30_days"),
        ),
        (
            {"last_overdose_on": "2025-02-20", "overdose_in_last_30_days": "yes"},
            (422, "contradictory-overdose", "/overdose_in_last_30_days"),
        ),
    ],
)
async def test_a_report_that_cannot_be_true_leaves_nothing(
    intake: Intake, body: dict[str, object], refused: tuple[int, str, str]
):
    client = await intake.refer()
    assert problem(await report(intake, client, pregnant="yes", **body)) == refused
    assert await told(intake) == []
    rows = await intake.system.fetch("intake", "SELECT id FROM risk_reports")
    assert rows == []


async def test_a_report_about_a_client_of_another_site_is_refused(intake: Intake):
    client = await intake.refer()
    elsewhere = clinician(intake, site=OTHER_SITE)
    assert (await elsewhere.post(REPORT.format(client), {"pregnant": "yes"})).status_code == 404
    assert (await elsewhere.get(REPORT.format(client))).status_code == 404
    assert await told(intake) == []


async def test_a_repeated_report_is_kept_once(intake: Intake):
    client = await intake.refer()
    desk = clinician(intake, "front_desk")
    answers = [
        await desk.post(REPORT.format(client), {"pregnant": "yes"}, key="once") for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(await told(intake)) == 1
    assert len(await intake.system.fetch("intake", "SELECT id FROM risk_reports")) == 1


async def priority(intake: Intake, client: str) -> list[str]:
    async with intake.transaction() as tx:
        return list(await priority_populations(tx, UUID(client)))


async def test_priority_populations_come_in_the_order_of_the_law(intake: Intake):
    client = await intake.refer()
    assert await priority(intake, client) == []
    await report(intake, client, pregnant="yes", injects_drugs="yes", cares_for_minors="yes")
    assert await priority(intake, client) == ["pregnant_injecting", "parenting"]
    await report(intake, client, pregnant="no")
    assert await priority(intake, client) == ["injecting", "parenting"]
    await report(intake, client, injects_drugs="no", overdose_in_last_30_days="yes")
    assert await priority(intake, client) == ["parenting", "recent_overdose"]
    intake.system.set_clock(MONDAY + timedelta(days=31))
    assert await priority(intake, client) == ["parenting"]


async def test_a_later_report_that_says_nothing_of_a_pregnancy_does_not_end_it(intake: Intake):
    client = await intake.refer()
    await report(intake, client, pregnant="yes")
    await report(intake, client, withdrawal="none")
    assert await priority(intake, client) == ["pregnant"]
    intake.system.set_clock(MONDAY + timedelta(days=301))
    assert await priority(intake, client) == []
