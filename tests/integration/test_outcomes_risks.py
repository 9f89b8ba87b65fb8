"""Risks: flags of intake, use, and sessions missed after a high risk, until they are over."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.outcomes.risk.jobs import course_risk_job
from services.outcomes.risk.policy import course_risks
from shared import clock
from shared.contracts.intake import RiskFlagAcknowledged, RiskFlagRaised
from shared.contracts.scheduling import SessionAttended, SessionMissed
from shared.jobs import JobContext
from tests.conftest import MONDAY
from tests.support.attendance import SITE, outcome
from tests.support.outcomes import Outcomes, engaged, opened, screened
from tests.support.scheduling import Enrolled, refused
from tests.support.system import System

USE = {"source": "client", "used_on": "2026-02-22", "finding": "use"}


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        yield Outcomes(system, database, system.client("outcomes", "clinical_lead", [SITE]))


async def in_program(outcomes: Outcomes) -> Enrolled:
    ana = Enrolled("ana", SITE, enrolled_at=MONDAY - timedelta(weeks=3))
    await outcomes.tell(ana.enrolment)
    return ana


def flag(client: Enrolled, severity: str = "high", **changed: Any) -> RiskFlagRaised:
    given = {"flag_id": uuid4(), "kind": "suicide_risk", "found_in": "phq-9", "severity": severity}
    at = {"acknowledge_by": MONDAY + timedelta(minutes=15), "raised_at": MONDAY}
    who = {"client_id": client.id, "site_id": client.site_id}
    return RiskFlagRaised.model_validate({**who, **given, **at, **changed})


def acknowledged(raised: RiskFlagRaised, minutes: int) -> RiskFlagAcknowledged:
    at = MONDAY + timedelta(minutes=minutes)
    return RiskFlagAcknowledged(**dict(raised), action="safety_plan", acknowledged_at=at)


def session(client: Enrolled, hours: int, what: str, sequence: int, session_id: UUID) -> Any:
    made = outcome(client.id, 0, what, sequence=sequence, stay=client.enrolment_id).event
    at = MONDAY + timedelta(hours=hours)
    return made.model_copy(update={"site_id": SITE, "starts_at": at, "session_id": session_id})


async def listed(outcomes: Outcomes, **wanted: Any) -> list[tuple[str, str, str]]:
    items = (await outcomes.lead.get("/risks", **wanted)).json()["items"]
    return [(one["kind"], one["severity"], one["state"]) for one in items]


async def test_a_return_to_use_is_acknowledged_and_resolved_and_blocks_a_step_down_till_then(
    outcomes: Outcomes,
) -> None:
    ana = await in_program(outcomes)
    path = f"/clients/{ana.id}/substance-use-reports"
    made = await outcomes.lead.post(path, USE)
    assert made.status_code == 201
    assert (await outcomes.lead.get(path)).json()["items"] == [made.json()]
    (risk,) = (await outcomes.lead.get("/risks", client_id=ana.id)).json()["items"]
    assert (risk["kind"], risk["severity"]) == ("return_to_use", "moderate")
    assert (risk["cause"], risk["cause_ids"]) == ("substance_use_report", [made.json()["id"]])
    for event in (screened(ana), engaged(ana)):
        await outcomes.tell(event)
    assert (await outcomes.progress(ana))["missing"] == ["no_open_risk_flag"]
    one = f"/risks/{risk['id']}"
    early = await outcomes.lead.post(f"{one}/resolution", {"resolution": "false_alarm"}, etag='"1"')
    refused(early, 409, "state-does-not-allow")
    taken = f"{one}/acknowledgement"
    unknown = await outcomes.lead.post(taken, {"action": "prayed"}, etag='"1"')
    refused(unknown, 422, "unknown-word", "/action")
    outcomes.system.set_clock(MONDAY + timedelta(minutes=30))
    answer = await outcomes.lead.post(taken, {"action": "plan_changed"}, etag='"1"')
    assert (answer.json()["state"], answer.json()["age_minutes"]) == ("acknowledged", 30)
    again = await outcomes.lead.post(taken, {"action": "plan_changed"}, etag='"2"')
    refused(again, 409, "state-does-not-allow")
    over = {"resolution": "cared_for_in_plan"}
    done = await outcomes.lead.post(f"{one}/resolution", over, etag='"2"')
    assert (done.json()["state"], done.json()["version"]) == ("resolved", 3)
    assert await outcomes.published() == [
        "CourseRiskRaised",
        "CourseRiskAcknowledged",
        "StepDownRecommended",
        "RiskResolved",
    ]
    counselor = outcomes.system.client("outcomes", "counselor", [uuid4()])
    assert (await counselor.get(one)).status_code == 404


async def test_a_second_use_joins_the_open_risk_and_makes_it_high(outcomes: Outcomes) -> None:
    ana = await in_program(outcomes)
    path = f"/clients/{ana.id}/substance-use-reports"
    for body in (USE, {**USE, "finding": "no_use"}, {**USE, "source": "test"}):
        assert (await outcomes.lead.post(path, body)).status_code == 201
    (risk,) = (await outcomes.lead.get("/risks", client_id=ana.id)).json()["items"]
    assert (risk["severity"], len(risk["cause_ids"]), risk["version"]) == ("high", 2, 2)
    listed_kinds = [one["kind"] for one in await outcomes.listed(client_id=ana.id)]
    assert listed_kinds == ["step_up"], "a high risk and two uses ask for another look"
    for body, pointer in (
        ({**USE, "used_on": "2026-02-24"}, "/used_on"),
        ({**USE, "used_on": "2026-02-01"}, "/used_on"),
        ({**USE, "finding": "test_missed"}, "/finding"),
        ({**USE, "note": "-"}, "/note"),
    ):
        answer = await outcomes.lead.post(path, body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    nobody = f"/clients/{uuid4()}/substance-use-reports"
    refused(await outcomes.lead.post(nobody, USE), 404, "not-found")


async def test_two_sessions_missed_after_a_high_risk_are_one_in_whatever_order_they_are_told(
    outcomes: Outcomes,
) -> None:
    for order in permutations(range(3)):
        ana = await in_program(outcomes)
        raised = flag(ana)
        facts = [
            raised,
            session(ana, 24, "missed", 2, UUID(int=2)),
            session(ana, 48, "missed", 3, UUID(int=3)),
        ]
        await outcomes.tell(session(ana, -24, "missed", 1, UUID(int=1)))
        for place in order:
            assert len(await listed(outcomes, client_id=ana.id)) <= 1
            await outcomes.tell(facts[place])
        assert set(await listed(outcomes, client_id=ana.id)) == {
            ("suicide_risk", "high", "raised"),
            ("missed_after_high_risk", "high", "raised"),
        }
        risks = (await outcomes.lead.get("/risks", client_id=ana.id)).json()["items"]
        (own,) = (one for one in risks if one["origin"] == "outcomes")
        expected = [raised.flag_id, UUID(int=2), UUID(int=3)]
        assert [UUID(one) for one in own["cause_ids"]] == expected


async def test_flags_and_attendance_lead_to_the_same_risks_whichever_service_is_heard_first(
    outcomes: Outcomes,
) -> None:
    loop = asyncio.get_running_loop()
    one, two, three = (UUID(int=number) for number in (1, 2, 3))

    async def told(order: list[str]) -> None:
        ana = await in_program(outcomes)
        first, second = flag(ana, "moderate"), flag(ana, raised_at=MONDAY + timedelta(hours=60))
        risen = flag(ana, flag_id=first.flag_id)
        became = ((1, "missed"), (1, "attended"), (2, "missed"), (3, "excused"), (3, "missed"))
        streams = {
            "intake": iter([first, risen, acknowledged(first, 5), second]),
            "scheduling": iter(
                session(ana, 24 * day, what, number, UUID(int=day - 1))
                for number, (day, what) in enumerate([*became, (4, "missed")], 1)
            ),
        }
        for stream in order:
            await outcomes.tell(next(streams[stream]))
        risks = (await outcomes.lead.get("/risks", client_id=ana.id)).json()["items"]
        (own,) = (risk for risk in risks if risk["origin"] == "outcomes")
        causes = [UUID(cause) for cause in own["cause_ids"]]
        assert causes == [first.flag_id, one, two, second.flag_id, two, three]
        assert sorted((risk["severity"], risk["state"]) for risk in risks) == [
            ("high", "acknowledged"),
            ("high", "raised"),
            ("high", "raised"),
        ]

    @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.permutations(["intake"] * 4 + ["scheduling"] * 6))
    def same(order: list[str]) -> None:
        asyncio.run_coroutine_threadsafe(told(order), loop).result(30)

    await asyncio.to_thread(same)


async def test_who_came_after_all_missed_nothing(outcomes: Outcomes) -> None:
    ana = await in_program(outcomes)
    await outcomes.tell(flag(ana))
    first, second = UUID(int=2), UUID(int=3)
    await outcomes.tell(session(ana, 24, "missed", 1, first))
    await outcomes.tell(session(ana, 48, "excused", 2, second))
    assert len(await listed(outcomes, client_id=ana.id)) == 1
    await outcomes.tell(session(ana, 48, "missed", 3, second))
    assert len(await listed(outcomes, client_id=ana.id)) == 2
    came = session(ana, 24, "attended", 4, first)
    assert isinstance(came, SessionAttended)
    await outcomes.tell(came)
    states = await listed(outcomes, client_id=ana.id)
    assert ("missed_after_high_risk", "high", "resolved") in states
    again = session(ana, 24, "missed", 5, first)
    assert isinstance(again, SessionMissed)
    await outcomes.tell(again)
    assert ("missed_after_high_risk", "high", "raised") in await listed(outcomes, client_id=ana.id)
    names = await outcomes.published()
    assert (names.count("RiskResolved"), names.count("CourseRiskRaised")) == (1, 2)


async def test_sessions_missed_after_two_high_risks_are_told_once_and_lead_to_another_look(
    outcomes: Outcomes,
) -> None:
    ana = await in_program(outcomes)
    first, second = flag(ana), flag(ana, raised_at=MONDAY + timedelta(hours=30))
    for event in (first, acknowledged(first, 5), second, acknowledged(second, 1805)):
        await outcomes.tell(event)
    assert (await outcomes.listed(client_id=ana.id))[-1]["state"] == "withdrawn"
    outcomes.system.set_clock(MONDAY + timedelta(days=8))  # the pause is over
    for number, hours in enumerate((24, 48, 72, 96, 120), 1):
        await outcomes.tell(session(ana, hours, "missed", number, UUID(int=number)))
    (own,) = [
        one
        for one in (await outcomes.lead.get("/risks", client_id=ana.id)).json()["items"]
        if one["origin"] == "outcomes"
    ]
    one, two, three = (UUID(int=number) for number in (1, 2, 3))
    causes = [UUID(one) for one in own["cause_ids"]]
    assert causes == [first.flag_id, one, two, second.flag_id, two, three]
    assert (await outcomes.published()).count("CourseRiskRaised") == 2
    (made,) = await outcomes.listed(client_id=ana.id, state="open")
    assert (made["kind"], made["state"]) == ("step_up", "open")
    for number, hours in enumerate((24, 48), 6):
        await outcomes.tell(session(ana, hours, "attended", number, UUID(int=number - 5)))
    assert (await outcomes.published()).count("RiskResolved") == 0, "three are missed still"


async def test_a_risk_that_nobody_takes_charge_of_escalates_until_somebody_does(
    outcomes: Outcomes,
) -> None:
    ana = await in_program(outcomes)
    await outcomes.lead.post(f"/clients/{ana.id}/substance-use-reports", USE)
    context = JobContext(outcomes.database, outcomes.system.settings("outcomes"))
    for minutes, escalated in ((239, 0), (240, 1), (479, 0), (480, 1)):
        outcomes.system.set_clock(MONDAY + timedelta(minutes=minutes))
        assert await course_risk_job.run(context) == escalated
    (risk,) = (await outcomes.lead.get("/risks", client_id=ana.id)).json()["items"]
    assert (risk["step"], risk["overdue"], risk["version"]) == (2, True, 1)
    path = f"/risks/{risk['id']}/acknowledgement"
    assert (await outcomes.lead.post(path, {"action": "client_reached"}, etag='"1"')).is_success
    outcomes.system.set_clock(MONDAY + timedelta(days=3))
    assert await course_risk_job.run(context) == 0


async def test_an_escalation_ends_and_begins_again_when_the_risk_is_found_again(
    outcomes: Outcomes,
) -> None:
    ana = await in_program(outcomes)
    await outcomes.lead.post(f"/clients/{ana.id}/substance-use-reports", USE)
    context = JobContext(outcomes.database, outcomes.system.settings("outcomes"))
    ladder = course_risks().urgencies["moderate"]
    for day in range(1, ladder.last + 2):
        outcomes.system.set_clock(MONDAY + timedelta(days=day))
        await course_risk_job.run(context)
    names = await outcomes.published()
    assert names.count("CourseRiskEscalated") == 1 + ladder.repeat.at_most
    (risk,) = (await outcomes.lead.get("/risks", client_id=ana.id)).json()["items"]
    assert (risk["step"], risk["state"], risk["overdue"]) == (ladder.last, "raised", True)
    await outcomes.lead.post(f"/clients/{ana.id}/substance-use-reports", USE)
    outcomes.system.set_clock(MONDAY + timedelta(days=30))
    assert await course_risk_job.run(context) == 1
    (risk,) = (await outcomes.lead.get("/risks", client_id=ana.id)).json()["items"]
    assert risk["step"] > ladder.last


async def test_a_flag_of_intake_is_acknowledged_there_and_resolved_here(
    outcomes: Outcomes,
) -> None:
    ana = await in_program(outcomes)
    raised = flag(ana, "moderate")
    await outcomes.tell(raised)
    await outcomes.tell(raised.model_copy(update={"severity": "high", "found_in": "c-ssrs"}))
    one = f"/risks/{raised.flag_id}"
    shown = (await outcomes.lead.get(one)).json()
    assert (shown["severity"], shown["cause"], shown["actions"]) == ("high", "c-ssrs", [])
    there = await outcomes.lead.post(f"{one}/acknowledgement", {"action": "x"}, etag='"2"')
    refused(there, 409, "acknowledged-at-intake")
    await outcomes.tell(acknowledged(raised, 12))
    body = {"resolution": "no_longer_present"}
    assert (await outcomes.lead.post(f"{one}/resolution", body, etag='"3"')).status_code == 200
    assert (await outcomes.published())[-1] == "RiskResolved"


async def test_risks_are_listed_by_severity_and_age_and_counted_by_site(
    outcomes: Outcomes,
) -> None:
    ana = await in_program(outcomes)
    made = [
        flag(ana, severity, raised_at=MONDAY + timedelta(minutes=n), kind=kind)
        for n, (severity, kind) in enumerate(
            [("moderate", "pregnancy"), ("high", "recent_overdose"), ("high", "suicide_risk")]
        )
    ]
    for one in made:
        await outcomes.tell(one)
    in_order = [str(made[n].flag_id) for n in (1, 2, 0)]
    first = (await outcomes.lead.get("/risks", limit=2)).json()
    rest = (await outcomes.lead.get("/risks", limit=2, cursor=first["next"])).json()
    assert [one["id"] for one in (*first["items"], *rest["items"])] == in_order
    assert (first["count"], rest["next"]) == (3, None)
    await outcomes.tell(acknowledged(made[1], 11))
    days = {"first_day": "2026-02-23", "last_day": "2026-02-23"}
    outcomes.system.set_clock(MONDAY + timedelta(hours=1))
    (site,) = (await outcomes.lead.get("/risk-figures", **days)).json()["sites"]
    assert site == {
        "site_id": str(SITE),
        "open_high": 1,
        "open_moderate": 1,
        "overdue": 2,
        "unresolved": 3,
        "oldest_open_at": "2026-02-23T14:00:00Z",
        "acknowledged": 1,
        "median_minutes": 10.0,
        "p90_minutes": 10.0,
        "in_time_percent": 100.0,
    }
    region = outcomes.system.client("outcomes", "regional_operations", [SITE])
    (hidden,) = (await region.get("/risk-figures", **days)).json()["sites"]
    assert (hidden["open_high"], hidden["acknowledged"], hidden["median_minutes"]) == (
        1,
        None,
        None,
    )
    wrong = await region.get("/risk-figures", first_day="2026-02-23", last_day="2026-02-22")
    refused(wrong, 422, "period-reversed", "last_day")
    assert clock.now() == MONDAY + timedelta(hours=1)
