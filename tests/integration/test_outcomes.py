"""From figures and scores to one explained recommendation, and what a clinician makes of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest

from shared.contracts.base import Event
from shared.contracts.outcomes import StepDownDecided, StepDownRecommended
from shared.database import ALL_SITES
from shared.web import narrowed
from tests.conftest import MONDAY
from tests.support.attendance import SITE
from tests.support.outcomes import (
    ACCEPT,
    DECLINE,
    Outcomes,
    engaged,
    opened,
    publish_from,
    screened,
    sessions,
    tell_figures,
    tell_in,
)
from tests.support.scheduling import Enrolled, refused
from tests.support.system import System

OTHER_SITE = UUID(int=2)
NOTHING = {"items": [], "next": None, "count": 0}


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        yield Outcomes(system, database, system.client("outcomes", "clinical_lead", [SITE]))


async def test_events_of_three_services_lead_to_one_recommendation(system: System) -> None:
    ana = Enrolled("ana", SITE)
    for name in ("intake", "scheduling", "outcomes"):
        await system.start(name, roles=("worker",))
    await publish_from(system, "scheduling", *(s.event for s in sessions(ana, "attended", 9)))
    await publish_from(system, "intake", ana.enrolment, screened(ana))
    await tell_figures(system, engaged(ana), engaged(ana), engaged(ana, sequence=10))
    await system.until("outcomes", "SELECT attendance_sequence FROM engagement", is_=9)
    await system.until("outcomes", "SELECT source_sequence FROM engagement", is_=10)
    reached = "SELECT sequence FROM platform.positions WHERE stream = 'intake'"
    await system.until("outcomes", reached, is_=2)
    made = "SELECT payload FROM platform.journal WHERE type LIKE '%.StepDownRecommended.%'"
    (row,) = await system.fetch("outcomes", made)
    event = StepDownRecommended.model_validate_json(row["payload"])
    assert (event.client_id, event.enrolment_id, event.policy.id) == (
        ana.id,
        ana.enrolment_id,
        "level-2.1",
    )
    assert {one.name: (one.met, one.observed) for one in event.criteria} == {
        "weeks_observed": (True, "3 weeks"),
        "attendance_rate": (True, "100.0 % (9 of 9 sessions)"),
        "no_recent_miss": (True, "0 missed in a row"),
        "phq_9": (True, "6 (complete, 0 days old), safety item negative"),
        "gad_7": (True, "5 (complete, 0 days old)"),
        "no_open_risk_flag": (True, "0 open"),
        "goals_reached": (True, "0 open"),
    }


async def test_the_order_in_which_facts_arrive_makes_no_difference(outcomes: Outcomes) -> None:
    for order in permutations(range(3)):
        client = Enrolled("ana", SITE)
        facts = (client.enrolment, screened(client), engaged(client))
        for fact in order:
            assert await outcomes.listed(client_id=str(client.id)) == []
            await outcomes.tell(facts[fact])
        (known,) = await outcomes.listed(client_id=str(client.id))
        assert (known["state"], known["enrolment_id"]) == ("open", str(client.enrolment_id))


async def test_facts_that_arrive_at_the_same_time_do_not_miss_one_another(
    outcomes: Outcomes,
) -> None:
    for missing in permutations(range(3), 2):
        ana = Enrolled("ana", SITE)
        facts = (ana.enrolment, screened(ana), engaged(ana))
        (before,) = set(range(3)).difference(missing)
        await outcomes.tell(facts[before])
        async with outcomes.database.transaction(ALL_SITES) as tx:
            await tell_in(tx, facts[missing[0]])
            other = asyncio.create_task(outcomes.tell(facts[missing[1]]))
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            await outcomes.system.until("outcomes", waiting, is_=1)
        await other
        (known,) = await outcomes.listed(client_id=str(ana.id))
        assert known["state"] == "open"


async def test_who_comes_back_is_observed_anew(outcomes: Outcomes) -> None:
    ana = Enrolled("ana", SITE)
    for event in (ana.enrolment, screened(ana), engaged(ana), ana.step_down):
        await outcomes.tell(event)
    outcomes.system.set_clock(MONDAY + timedelta(days=25))
    again = Enrolled("ana", SITE, id=ana.id)
    await outcomes.tell(again.enrolment)
    await outcomes.tell(screened(again))
    (first,) = await outcomes.listed()
    shown = await outcomes.progress(again)
    assert shown["enrolment_id"] == str(again.enrolment_id) != first["enrolment_id"]
    observed = {criterion["name"]: criterion["observed"] for criterion in shown["criteria"]}
    assert observed["weeks_observed"] == "no session yet"


async def test_figures_that_come_late_change_nothing(outcomes: Outcomes) -> None:
    for together in (False, True):
        ana = Enrolled("ana", SITE)
        await outcomes.tell(ana.enrolment)
        await outcomes.tell(screened(ana))
        figures = [engaged(ana, "missed", 10), engaged(ana)]
        for part in [figures] if together else [[one] for one in figures]:
            await outcomes.tell(*part)
        shown = (await outcomes.progress(ana))["engagement"]
        assert (shown["source_sequence"], shown["sessions_missed"]) == (10, 1)
    assert await outcomes.published() == []


async def test_a_recommendation_comes_again_only_after_the_pause(outcomes: Outcomes) -> None:
    first = await outcomes.recommend()
    ana = outcomes.client_of(first)
    await outcomes.tell(engaged(ana, sequence=11))
    assert await outcomes.listed() == [first]
    assert (await outcomes.decide(first, DECLINE)).status_code == 200
    for later, known in ((timedelta(days=6, hours=9), 1), (timedelta(days=6, hours=10), 2)):
        outcomes.system.set_clock(MONDAY + later)  # the seventh day begins at midnight
        await outcomes.tell(screened(ana))
        assert len(await outcomes.listed()) == known
    (second,) = await outcomes.listed(state="open")
    assert (await outcomes.decide(second, ACCEPT)).status_code == 200
    outcomes.system.set_clock(MONDAY + timedelta(days=30))
    await outcomes.tell(screened(ana))
    assert len(await outcomes.listed()) == 2


@pytest.mark.parametrize(("body", "state"), [(ACCEPT, "accepted"), (DECLINE, "declined")])
async def test_a_decision_is_kept_and_told(
    outcomes: Outcomes, body: dict[str, str], state: str
) -> None:
    known = await outcomes.recommend()
    answer = await outcomes.decide(known, body)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    decided = {"state": state, "decided_at": "2026-02-23T14:00:00Z", "version": 2}
    assert await outcomes.listed() == [answer.json()]
    assert answer.json() == {**known, **decided, "reason": body["reason"]}
    rows = await outcomes.system.fetch(
        "outcomes", "SELECT payload FROM platform.outbox ORDER BY id"
    )
    event = StepDownDecided.model_validate_json(rows[1]["payload"])
    assert (str(event.recommendation_id), str(event.client_id)) == (known["id"], known["client_id"])
    assert (event.decision, event.reason) == (body["decision"], body["reason"])


async def test_a_decision_that_is_refused_changes_and_tells_nothing(outcomes: Outcomes) -> None:
    known = await outcomes.recommend()
    path = f"/recommendations/{known['id']}/decision"
    refused(await outcomes.lead.post(path, ACCEPT), 428, "precondition-required")
    refused(await outcomes.lead.post(path, ACCEPT, etag='"2"'), 412, "stale-version")
    for field, value in (("note", "-"), ("reason", "tired"), ("decision", "wait")):
        answer = await outcomes.decide(known, {**ACCEPT, field: value})
        refused(answer, 422, "invalid-request", f"/{field}")
    agrees = {**DECLINE, "reason": "agrees_with_recommendation"}
    refused(await outcomes.decide(known, agrees), 422, "invalid-request", "/reason")
    refused(await outcomes.decide({**known, "id": uuid4()}, ACCEPT), 404, "not-found")
    elsewhere = outcomes.system.client("outcomes", "clinical_lead", [uuid4()])
    refused(await elsewhere.post(path, ACCEPT, etag='"1"'), 404, "not-found")
    for role in ("front_desk", "counselor", "site_manager", "regional_operations", "auditor"):
        caller = outcomes.system.client("outcomes", role, [SITE])
        refused(await caller.post(path, ACCEPT, etag='"1"'), 403, "forbidden")
    assert await outcomes.listed() == [known]
    assert await outcomes.published() == ["StepDownRecommended"]


async def test_of_two_who_decide_at_once_one_wins(outcomes: Outcomes) -> None:
    known = await outcomes.recommend()
    async with outcomes.database.transaction(ALL_SITES) as tx:
        await tx.fetch("SELECT FROM recommendations FOR UPDATE")
        both = asyncio.gather(*(outcomes.decide(known, body) for body in (ACCEPT, DECLINE)))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        await outcomes.system.until("outcomes", waiting, is_=2)
    won, lost = sorted(await both, key=lambda answer: answer.status_code)
    assert won.status_code == 200
    for answer in (lost, await outcomes.decide(won.json(), DECLINE)):
        refused(answer, 409, "already-decided")
    assert await outcomes.listed() == [won.json()]
    told = ["StepDownRecommended", "StepDownDecided", "RecommendationDecided"]
    assert await outcomes.published() == told


async def test_a_step_down_ends_the_episode(outcomes: Outcomes) -> None:
    ana = Enrolled("ana", SITE)
    for event in (ana.enrolment, ana.step_down, screened(ana), engaged(ana)):
        await outcomes.tell(event)
    shown = await outcomes.progress(ana)
    assert (shown["ended_at"], shown["criteria"]) == ("2026-02-23T14:00:00Z", [])
    assert shown["recommended"] is False
    assert await outcomes.published() == []


async def test_progress_says_what_is_missing_as_of_now(outcomes: Outcomes) -> None:
    ana = Enrolled("ana", SITE)
    steps: list[tuple[Event, set[str]]] = [
        (ana.enrolment, {"no session yet", "never measured"}),
        (screened(ana, 10), {"no session yet", "10 (complete, 0 days old), safety item negative"}),
        (engaged(ana), {"10 (complete, 0 days old), safety item negative"}),
    ]
    for event, missing in steps:
        await outcomes.tell(event)
        shown = await outcomes.progress(ana)
        assert {c["observed"] for c in shown["criteria"] if not c["met"]} == missing
        assert shown["recommended"] is False
    outcomes.system.set_clock(MONDAY + timedelta(days=1))
    await outcomes.tell(screened(ana))
    assert (await outcomes.progress(ana))["recommended"] is True
    outcomes.system.set_clock(MONDAY + timedelta(days=16))
    shown = await outcomes.progress(ana)
    assert [c["name"] for c in shown["criteria"] if not c["met"]] == ["phq_9", "gad_7"]


async def test_a_score_is_as_old_as_the_answers_whenever_they_were_entered(
    outcomes: Outcomes,
) -> None:
    ana = Enrolled("ana", SITE)
    await outcomes.tell(ana.enrolment)
    await outcomes.tell(engaged(ana))
    await outcomes.tell(screened(ana, answered_at=MONDAY - timedelta(days=15)))
    shown = await outcomes.progress(ana)
    assert shown["recommended"] is False
    assert {c["name"]: c["observed"] for c in shown["criteria"] if not c["met"]} == {
        "phq_9": "6 (complete, 15 days old), safety item negative",
        "gad_7": "5 (complete, 15 days old)",
    }


async def test_an_old_paper_form_that_is_entered_late_is_not_the_latest_score(
    outcomes: Outcomes,
) -> None:
    ana = Enrolled("ana", SITE)
    await outcomes.tell(ana.enrolment)
    await outcomes.tell(screened(ana, 17))
    outcomes.system.set_clock(MONDAY + timedelta(hours=1))
    await outcomes.tell(screened(ana, 6, answered_at=MONDAY - timedelta(days=1)))
    shown = await outcomes.progress(ana)
    (phq9,) = (c["observed"] for c in shown["criteria"] if c["name"] == "phq_9")
    assert phq9 == "17 (complete, 0 days old), safety item negative"
    old, new = (s for s in shown["scores"] if s["instrument"] == "phq-9")
    assert (old["total"], old["answered_at"], old["completed_at"]) == (
        6,
        "2026-02-22T14:00:00Z",
        "2026-02-23T15:00:00Z",
    )
    assert (new["total"], new["answered_at"]) == (17, new["completed_at"])


async def test_a_score_kept_before_answers_had_a_time_counts_from_its_entry(
    outcomes: Outcomes,
) -> None:
    ana = Enrolled("ana", SITE)
    for event in (ana.enrolment, screened(ana)):
        await outcomes.tell(event)
    async with outcomes.database.transaction(ALL_SITES) as tx:
        await tx.execute("UPDATE scores SET answered_at = NULL")
    await outcomes.tell(engaged(ana))
    shown = await outcomes.progress(ana)
    assert shown["recommended"] is True
    assert {score["answered_at"] for score in shown["scores"]} == {"2026-02-23T14:00:00Z"}


async def test_progress_is_not_for_everybody(outcomes: Outcomes) -> None:
    client = (await outcomes.recommend())["client_id"]
    for role, sites, status in (
        *((role, [SITE], 200) for role in ("counselor", "clinical_lead")),
        *(
            (role, [SITE], 403)
            for role in ("front_desk", "site_manager", "regional_operations", "auditor", "service")
        ),
        ("counselor", [uuid4()], 404),
    ):
        caller = outcomes.system.client("outcomes", role, sites)
        assert (await caller.get(f"/clients/{client}/progress")).status_code == status
    assert (await outcomes.lead.get(f"/clients/{uuid4()}/progress")).status_code == 404


async def test_recommendations_are_listed_in_pages_oldest_first(outcomes: Outcomes) -> None:
    known = []
    for number, name in enumerate(("ana", "ben", "cleo")):
        outcomes.system.set_clock(MONDAY + timedelta(minutes=number))
        known.append(await outcomes.recommend(name))
    ana, ben, cleo = known
    first = (await outcomes.lead.get("/recommendations", limit=2)).json()
    assert (first["items"], first["count"]) == ([ana, ben], 3)
    rest = (await outcomes.lead.get("/recommendations", limit=2, cursor=first["next"])).json()
    assert rest == {"items": [cleo], "next": None, "count": 3}
    declined = (await outcomes.decide(ben, DECLINE)).json()
    assert await outcomes.listed(state="declined") == [declined]
    assert await outcomes.listed(state="open") == [ana, cleo]
    assert await outcomes.listed(client_id=cleo["client_id"]) == [cleo]
    elsewhere = outcomes.system.client("outcomes", "counselor", [uuid4()])
    assert (await elsewhere.get("/recommendations")).json() == NOTHING
    refused(await outcomes.lead.get("/recommendations", state="-"), 422, "invalid-request")


async def test_recommendations_of_a_site_are_listed_and_counted_by_their_state(
    outcomes: Outcomes,
) -> None:
    ana, ben = await outcomes.recommend("ana"), await outcomes.recommend("ben")
    other = await outcomes.recommend("cleo", site_id=OTHER_SITE)
    lead = outcomes.system.client("outcomes", "clinical_lead", [SITE, OTHER_SITE])
    declined = (await outcomes.decide(ben, DECLINE)).json()
    for wanted, expected in (
        ({}, [ana, declined, other]),
        ({"site_id": SITE}, [ana, declined]),
        ({"site_id": SITE, "state": "open"}, [ana]),
        ({"site_id": SITE, "state": "declined"}, [declined]),
        ({"site_id": OTHER_SITE, "state": "open"}, [other]),
        ({"site_id": OTHER_SITE, "state": "lapsed"}, []),
        ({"site_id": uuid4()}, []),
    ):
        page = (await lead.get("/recommendations", **wanted)).json()
        in_order = sorted(expected, key=lambda one: one["id"])
        assert page == {"items": in_order, "next": None, "count": len(expected)}
    assert (await outcomes.lead.get("/recommendations", site_id=OTHER_SITE)).json() == NOTHING


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (("site_id",), "recommendations_of_site"),
        (("site_id", "state"), "recommendations_of_site_by_state"),
        (("state",), "recommendations_by_state"),
        (("client_id",), "recommendations_of_client"),
        ((), "recommendations_pkey"),
    ],
)
async def test_a_list_of_recommendations_reads_an_index_whatever_has_gone_before(
    outcomes: Outcomes, wanted: tuple[str, ...], index: str
) -> None:
    given = {"site_id": SITE, "state": "open", "client_id": UUID(int=5)}
    where, values = narrowed(*((f"{name} = ?", given[name]) for name in wanted))
    listed = f"SELECT * FROM recommendations {where} ORDER BY id LIMIT 51"
    await outcomes.recommend()
    async with outcomes.database.transaction(ALL_SITES) as tx:
        await tx.execute(HISTORY, uuid4())
        for way in ("seqscan", "bitmapscan", "sort"):  # without statistics they seem to be cheap
            await tx.execute(f"SET LOCAL enable_{way} = off")
        plan = [row[0] for row in await tx.fetch(f"EXPLAIN {listed}", *values)]
    assert any(f"using {index} on" in line for line in plan), plan
    assert not any("Sort" in line for line in plan), plan


HISTORY = """
INSERT INTO recommendations (id, client_id, site_id, enrolment_id, from_level, to_level, criteria,
  policy_id, policy_version, state, recommended_at, decided_at)
SELECT gen_random_uuid(), client_id, $1, enrolment_id, from_level, to_level, criteria, policy_id,
  policy_version, 'declined', recommended_at, recommended_at
FROM recommendations, generate_series(1, 5000)
"""


async def test_attendance_of_which_no_figures_can_be_computed_is_a_dead_letter(
    system: System,
) -> None:
    ana = Enrolled("ana", SITE)
    for name in ("scheduling", "outcomes"):
        await system.start(name, roles=("worker",))
    (first, *_) = sessions(ana, "attended", 9)
    nowhere = first.event.model_copy(update={"time_zone": "Mars/Olympus"})
    await publish_from(system, "scheduling", nowhere)
    letters = "SELECT reason || ' ' || detail FROM platform.dead_letters"
    await system.until("outcomes", letters, is_="handler_failed Unusable")
