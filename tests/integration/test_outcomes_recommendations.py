"""Step-up and extension, deferral, withdrawal, and goals: over HTTP on the real database."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.outcomes.step_down.evaluation import load_cases
from services.outcomes.step_down.jobs import deferred_job
from services.outcomes.step_down.rules.figures import look
from shared.contracts.base import Event
from shared.contracts.intake import InstrumentScore, ScreeningCompleted, Subscore
from shared.contracts.outcomes import RecommendationDecided, RecommendationWithdrawn
from shared.contracts.scheduling import WeeklyHoursShort, WeeklyHoursShortageLifted
from shared.contracts.topics import BY_TYPE
from shared.database import ALL_SITES
from shared.jobs import JobContext
from tests.conftest import MONDAY
from tests.support.attendance import SITE
from tests.support.outcomes import Outcomes, engaged, opened, screened
from tests.support.recommendations import rule
from tests.support.scheduling import Enrolled, refused
from tests.support.system import System

DEFER = {"decision": "defer", "reason": "clinical_judgement", "until": "2026-02-27"}


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        yield Outcomes(system, database, system.client("outcomes", "clinical_lead", [SITE]))


async def told(outcomes: Outcomes) -> list[Event]:
    rows = await outcomes.system.fetch(
        "outcomes", "SELECT type, payload FROM platform.journal ORDER BY occurred_at, event_id"
    )
    return [BY_TYPE[row["type"]].model_validate_json(row["payload"]) for row in rows]


async def in_program(outcomes: Outcomes, *, weeks: int = 3) -> Enrolled:
    ana = Enrolled("ana", SITE, enrolled_at=MONDAY - timedelta(weeks=weeks))
    await outcomes.tell(ana.enrolment)
    return ana


def week(client: Enrolled, number: int, kind: type[Any] = WeeklyHoursShort, hour: int = 0) -> Event:
    at = MONDAY + timedelta(hours=hour)
    more = (
        {"missing_minutes": 60, "missing_days": 1, "settled_at": at}
        if kind is WeeklyHoursShort
        else {"reason": "enough", "lifted_at": at}
    )
    return kind(  # type: ignore[no-any-return]  # an event
        client_id=client.id,
        site_id=SITE,
        enrolment_id=client.enrolment_id,
        placement_id=uuid4(),
        week=f"2026-W{number:02}",
        time_zone="America/Denver",
        planned_minutes=600,
        credited_minutes=480,
        forecast_minutes=480,
        minimum_minutes=540,
        credited_days=2,
        minimum_days=3,
        **more,
    )


async def kinds(outcomes: Outcomes, client: Enrolled) -> list[tuple[str, str]]:
    listed = await outcomes.listed(client_id=client.id)
    return [(one["kind"], one["state"]) for one in listed]


async def test_short_weeks_ask_for_a_step_up_and_lifted_ones_withdraw_it(
    outcomes: Outcomes,
) -> None:
    ana = await in_program(outcomes)
    for number in (6, 7, 8):
        await outcomes.tell(week(ana, number))
    (up,) = await outcomes.listed(client_id=ana.id)
    assert (up["kind"], up["state"], up["to_level"]) == ("step_up", "open", "2.5")
    (fired,) = (one for one in up["criteria"] if one["met"])
    assert fired["name"] == "hours_short"
    assert (fired["value"], fired["as_of"]) == (3.0, "2026-02-16")
    assert "weeks_observed" in up["missing"]
    await outcomes.tell(week(ana, 7, WeeklyHoursShortageLifted, 1))
    assert await kinds(outcomes, ana) == [("step_up", "open")], "two are within what it keeps"
    await outcomes.tell(week(ana, 6, WeeklyHoursShortageLifted, 1))
    assert await kinds(outcomes, ana) == [("step_up", "withdrawn")]
    (withdrawn,) = (e for e in await told(outcomes) if isinstance(e, RecommendationWithdrawn))
    assert (withdrawn.kind, withdrawn.reason) == ("step_up", "no_longer_met")
    for number in (6, 7):
        await outcomes.tell(week(ana, number, hour=2))
    assert await kinds(outcomes, ana) == [("step_up", "withdrawn")], "not for seven days"
    await outcomes.tell(week(ana, 6, WeeklyHoursShortageLifted, 1))  # told late: it counts no more
    outcomes.system.set_clock(MONDAY + timedelta(days=7))
    await outcomes.tell(screened(ana, 12))
    assert await kinds(outcomes, ana) == [("step_up", "withdrawn"), ("step_up", "open")]


async def test_a_step_up_goes_before_an_open_step_down(outcomes: Outcomes) -> None:
    ana = outcomes.client_of(await outcomes.recommend())
    outcomes.system.set_clock(MONDAY + timedelta(hours=1))
    await outcomes.tell(screened(ana, 21))
    assert set(await kinds(outcomes, ana)) == {("step_down", "withdrawn"), ("step_up", "open")}
    events = [e for e in await told(outcomes) if isinstance(e, RecommendationWithdrawn)]
    assert [e.reason for e in events] == ["no_longer_met"]
    shown = await outcomes.progress(ana)
    assert shown["missing"] == ["phq_9"]
    assert [(one["kind"], one["met"]) for one in shown["others"]] == [
        ("step_up", True),
        ("extend", False),
    ]


async def test_who_got_worse_since_the_baseline_may_need_more(outcomes: Outcomes) -> None:
    ana = await in_program(outcomes)
    await outcomes.tell(screened(ana, 8, answered_at=MONDAY - timedelta(weeks=3)))
    await outcomes.tell(screened(ana, 13))
    assert await kinds(outcomes, ana) == []
    outcomes.system.set_clock(MONDAY + timedelta(days=1))
    await outcomes.tell(screened(ana, 14))
    (up,) = await outcomes.listed(client_id=ana.id)
    (fired,) = (one for one in up["criteria"] if one["met"])
    assert (fired["name"], fired["observed"]) == ("phq_9_worse", "+6 (from 8 to 14, 0 days old)")


async def test_a_stay_that_has_come_to_its_length_may_be_extended_and_again_after_a_pause(
    outcomes: Outcomes,
) -> None:
    ana = await in_program(outcomes, weeks=10)
    await outcomes.tell(screened(ana, 12))
    await outcomes.tell(engaged(ana))
    (extend,) = await outcomes.listed(client_id=ana.id)
    assert (extend["kind"], extend["to_level"], extend["missing"]) == ("extend", "2.1", ["phq_9"])
    accept = {"decision": "accept", "reason": "agrees_with_recommendation"}
    assert (await outcomes.decide(extend, accept)).status_code == 200
    for days, known in ((27, 1), (28, 2)):
        outcomes.system.set_clock(MONDAY + timedelta(days=days))
        await outcomes.tell(screened(ana, 12))
        assert len(await outcomes.listed(client_id=ana.id)) == known
    (decided,) = (e for e in await told(outcomes) if isinstance(e, RecommendationDecided))
    assert (decided.kind, decided.decision, decided.to_level) == ("extend", "accept", "2.1")


async def test_what_is_deferred_is_looked_at_again_on_its_day(outcomes: Outcomes) -> None:
    known = await outcomes.recommend()
    ana = outcomes.client_of(known)
    answer = await outcomes.decide(known, DEFER)
    assert (answer.json()["state"], answer.json()["deferred_until"]) == ("deferred", "2026-02-27")
    context = JobContext(outcomes.database, outcomes.system.settings("outcomes"))
    outcomes.system.set_clock(MONDAY + timedelta(days=3))
    await outcomes.tell(screened(ana))
    assert await deferred_job.run(context) == 0
    assert await kinds(outcomes, ana) == [("step_down", "deferred")]
    outcomes.system.set_clock(MONDAY + timedelta(days=4))
    assert await deferred_job.run(context) == 1
    assert await kinds(outcomes, ana) == [("step_down", "deferred"), ("step_down", "open")]
    names = await outcomes.published()
    assert names == ["StepDownRecommended", "RecommendationDecided", "StepDownRecommended"]
    (decided,) = (e for e in await told(outcomes) if isinstance(e, RecommendationDecided))
    assert (decided.decision, decided.until) == ("defer", date(2026, 2, 27))


async def test_a_deferral_names_a_day_that_lies_ahead(outcomes: Outcomes) -> None:
    known = await outcomes.recommend()
    for body, slug, pointer in (
        ({**DEFER, "until": "2026-02-23"}, "date-out-of-range", "/until"),
        ({**DEFER, "until": "2026-05-27"}, "date-out-of-range", "/until"),
        ({**DEFER, "until": "soon"}, "invalid-request", "/until"),
        ({**DEFER, "decision": "decline"}, "invalid-request", "/until"),
        ({**DEFER, "reason": "agrees_with_recommendation"}, "invalid-request", "/reason"),
        ({"decision": "defer", "reason": "clinical_judgement"}, "invalid-request", ""),
    ):
        refused(await outcomes.decide(known, body), 422, slug, pointer)
    assert await outcomes.listed() == [known]
    assert await outcomes.published() == ["StepDownRecommended"]


async def test_an_open_goal_keeps_from_a_step_down_until_it_is_met(outcomes: Outcomes) -> None:
    ana = await in_program(outcomes)
    path, goal = f"/clients/{ana.id}/goals", {"kind": "phase", "goal": "relapse_prevention_plan"}
    set_one = await outcomes.lead.post(path, goal)
    assert set_one.status_code == 201
    refused(await outcomes.lead.post(path, goal), 409, "goal-is-open", "/goal")
    refused(await outcomes.lead.post(f"/clients/{uuid4()}/goals", goal), 404, "not-found")
    named = {**goal, "goal": "Call her mother"}
    refused(await outcomes.lead.post(path, named), 422, "invalid-request", "/goal")
    for event in (screened(ana), engaged(ana)):
        await outcomes.tell(event)
    assert (await outcomes.progress(ana))["missing"] == ["goals_reached"]
    outcome = f"/goals/{set_one.json()['id']}/outcome"
    met = await outcomes.lead.post(outcome, {"state": "met"}, etag='"1"')
    assert (met.status_code, met.json()["state"], met.json()["version"]) == (200, "met", 2)
    refused(await outcomes.lead.post(outcome, {"state": "met"}, etag='"2"'), 409, "goal-is-closed")
    assert await kinds(outcomes, ana) == [("step_down", "open")]


async def test_a_clinician_steps_a_client_down_whom_nothing_is_recommended(
    outcomes: Outcomes,
) -> None:
    ana = await in_program(outcomes)
    await outcomes.tell(screened(ana, 15))
    path, why = f"/clients/{ana.id}/step-downs", {"reason": "client_preference"}
    agrees = {"reason": "agrees_with_recommendation"}
    refused(await outcomes.lead.post(path, agrees), 422, "invalid-request", "/reason")
    refused(await outcomes.lead.post(f"/clients/{uuid4()}/step-downs", why), 404, "not-found")
    counselor = outcomes.system.client("outcomes", "counselor", [SITE])
    refused(await counselor.post(path, why), 403, "forbidden")
    made = await outcomes.lead.post(path, why)
    assert made.status_code == 201
    assert (made.json()["state"], made.json()["reason"]) == ("accepted", "client_preference")
    assert "phq_9" in made.json()["missing"]
    assert await outcomes.published() == [
        "StepDownRecommended",
        "StepDownDecided",
        "RecommendationDecided",
    ]
    refused(await outcomes.lead.post(path, why), 409, "recommendation-stands")


async def test_who_is_recommended_something_is_not_stepped_down_beside_it(
    outcomes: Outcomes,
) -> None:
    ana = outcomes.client_of(await outcomes.recommend())
    path = f"/clients/{ana.id}/step-downs"
    given = await outcomes.lead.post(path, {"reason": "clinical_judgement"})
    refused(given, 409, "recommendation-stands")


async def test_what_an_instrument_scores_on_its_own_is_a_figure_of_the_stay(
    outcomes: Outcomes,
) -> None:
    ana = await in_program(outcomes)
    for days, use in ((20, 7), (1, 0)):
        at = MONDAY - timedelta(days=days)
        parts = [Subscore(subscale="use", total=use), Subscore(subscale="risk", total=None)]
        answered = InstrumentScore(
            instrument="bam",
            instrument_version="1.0",
            status="complete",
            total=None,
            band=None,
            positive=None,
            subscores=parts,
            answered_at=at,
        )
        told_of = {"client_id": ana.id, "site_id": SITE, "screening_id": uuid4()}
        told_of |= {"occasion": "follow_up", "scores": [], "completed_at": at}
        await outcomes.tell(ScreeningCompleted(**told_of, results=[answered]))
    async with outcomes.database.transaction(ALL_SITES) as tx:
        (case,) = await load_cases(tx, [ana.id])
    of_bam = {"instrument": "bam", "subscale": "use", "max_age_days": 14, "at_most": 0}
    assert look(rule("score", **of_bam), case.facts).value == 0
    assert look(rule("score_change", **of_bam), case.facts).value == -7
    assert look(rule("score", **{**of_bam, "subscale": "risk"}), case.facts).value is None


async def test_what_is_recommended_and_decided_changes_the_board_of_its_site(
    outcomes: Outcomes,
) -> None:
    async def change() -> int:
        query = "SELECT change FROM board_changes WHERE site_id = $1"
        (row,) = await outcomes.system.fetch("outcomes", query, SITE)
        found: int = row["change"]
        return found

    ana = await in_program(outcomes)
    await outcomes.tell(screened(ana))
    changes = [await change()]
    await outcomes.tell(engaged(ana))
    changes.append(await change())
    (known,) = await outcomes.listed(client_id=ana.id)
    await outcomes.decide(known, {"decision": "decline", "reason": "clinical_judgement"})
    changes.append(await change())
    assert changes == sorted(set(changes)), "each is a change of its own, told with its commit"
